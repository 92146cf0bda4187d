"""`./cd20scope preflight` refuses a configuration that Snakemake would not end with, and needs no home."""

import os
import subprocess
import sys

import pytest

from workflow.running import ROOT

ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


def preflight(folder, **variables):
    command = [sys.executable, str(ROOT / "cd20scope"), "preflight", "study.yaml"]
    return subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | variables,
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"samples: \xe9.tsv\n", "not UTF-8 text (byte 10)"),
        (b"\x1f\x8b\x08", "gzipped"),
        (b"a: &a [*a]\n", "a value that holds itself"),
        (ALIASES.encode(), "aliases written out"),
        (b"a: " + b"[" * 100_000, "not valid YAML"),
        (b"a: [b\n", "not valid YAML"),
    ],
)
def test_a_configuration_that_deceives_is_refused_at_once(tmp_path, content, words):
    (tmp_path / "study.yaml").write_bytes(content)
    process = preflight(tmp_path)
    assert process.returncode == 2
    assert process.stderr.startswith("cd20scope preflight: study.yaml: ")
    assert words in process.stderr
    assert "Traceback" not in process.stderr


def test_a_pipe_is_no_configuration(tmp_path):
    os.mkfifo(tmp_path / "study.yaml")
    process = preflight(tmp_path)
    assert process.returncode == 2
    assert "study.yaml: a pipe, socket or device, no file" in process.stderr
