"""Files that are programs when they are read do not run: R objects, .Rprofile, modules of the working folder."""

import hashlib
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from bad_inputs.spoiling import ROWS, sheet
from workflow.running import ROOT, snakemake


def number(value):
    return struct.pack(">i", value)


def text(value):
    return number(0x00040009) + number(len(value)) + value.encode()


def promise(path):
    """An R object that is a promise: `file.create(path)` is run when the object is looked at (CVE-2024-27322)."""
    name = number(1) + text("file.create")
    argument = number(2) + number(16) + number(1) + text(str(path)) + number(254)
    body = number(5 | 0x400) + number(241) + number(252) + number(6) + name + argument
    return b"X\n" + number(2) + number(0x00040202) + number(0x00020300) + body


@pytest.fixture
def rscript():
    if not shutil.which("Rscript"):
        pytest.skip("needs R: Rscript is not on the path")
    return subprocess.run(
        ["Rscript", "--vanilla", "-e", 'cat(getRversion() < "4.4.0")'],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def cd20scope(*arguments, folder):
    command = [sys.executable, str(ROOT / "cd20scope"), *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.r
def test_init_runs_no_promise_of_an_r_object(tmp_path, rscript):
    (tmp_path / "a.rds").write_bytes(promise(tmp_path / "ran"))
    process = cd20scope("init", "a.rds", folder=tmp_path)
    assert process.returncode == 2
    assert "a.rds" in process.stderr
    if rscript == "TRUE":
        assert "CVE-2024-27322" in process.stderr
        assert "--sha256" in process.stderr
    assert not (tmp_path / "ran").exists()


@pytest.mark.r
def test_a_run_runs_no_promise_of_an_r_object(study, rscript):
    (study / "a.rds").write_bytes(promise(study / "ran"))
    sheet("s1\tD1\tbaseline\ta.rds", ROWS[1])(study)
    process = snakemake("results/preflight/passed.txt", directory=study, config=study / "study.yaml")
    assert process.returncode != 0
    said = process.stdout + process.stderr
    assert "a.rds" in said
    if rscript == "TRUE":
        assert "column sha256" in " ".join(said.split())
    assert not (study / "ran").exists()


@pytest.mark.r
def test_an_object_of_another_checksum_is_not_read(study, rscript):
    (study / "a.rds").write_bytes(promise(study / "ran"))
    rows = [f"s1\tD1\tbaseline\ta.rds\t{'0' * 64}", f"{ROWS[1]}\t"]
    sheet(*rows, head="sample\tdonor\tvisit\tpath\tsha256")(study)
    process = snakemake("results/ingest/s1.h5ad", directory=study, config=study / "study.yaml")
    assert process.returncode != 0
    assert "the sheet says 000" in process.stdout + process.stderr
    assert not (study / "ran").exists()
    other = cd20scope("init", "a.rds", "--sha256", "0" * 64, folder=study)
    assert other.returncode == 2
    assert hashlib.sha256((study / "a.rds").read_bytes()).hexdigest() in other.stderr
    assert not (study / "ran").exists()


@pytest.mark.r
def test_the_profile_of_the_folder_is_not_run(tmp_path, rscript):
    (tmp_path / "a.rds").write_bytes(promise(tmp_path / "promised"))
    (tmp_path / ".Rprofile").write_text(f'invisible(file.create("{tmp_path / "ran"}"))\n')
    cd20scope("init", "a.rds", folder=tmp_path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("command", ["preflight", "module"])
@pytest.mark.slow
def test_modules_of_the_working_folder_are_not_imported(study, command):
    for name in ("yaml", "pandas", "sitecustomize", "snakemake"):
        (study / f"{name}.py").write_text(f"open({str(study / 'ran')!r}, 'w').close()\nraise SystemExit(9)\n")
    if command == "preflight":
        process = cd20scope("preflight", "study.yaml", folder=study)
    else:
        command = [
            Path(sys.executable).with_name("snakemake"),
            "--snakefile",
            ROOT / "Snakefile",
            "--cores",
            "1",
        ]
        command += ["results/preflight/passed.txt", "--configfile", "study.yaml"]
        process = subprocess.run(command, cwd=study, capture_output=True, text=True, check=False)
    assert not (study / "ran").exists()
    assert process.returncode == 0, process.stdout[-2000:] + process.stderr[-2000:]
    assert (study / "results/preflight/passed.txt").exists()
