"""Every command in a block of README and documentation is run, in a copy of the clone with a study made by ``init``.

Runs of the workflow are planned and not carried out, and ``make`` says what it would do. ``tests/unit/docs`` reads the
options of the commands of other schedulers, whose plugins are not installed.
"""

import os
import re
import subprocess

import pytest

from unit.docs.test_commands import ELSEWHERE, ROOT, TEXTS, shell_lines
from workflow.running import copy_tree

pytestmark = pytest.mark.slow

STUDY = "--cores 1 --configfile my_study/study.yaml --directory my_study"
NOT_RUN = {
    "git": "the clone is the copy",
    "docker": "no container runtime",
    "apptainer": "no container runtime",
    "python3": "installs the validator of CELLxGENE, as make does",
    "validator/bin/cellxgene-schema": "run on the demo by test_export.py",
    ".uv/bin/uv": "installs a plugin",
}
"""Programs of commands that are not run here, and why."""
STAND_INS = {
    "conda": """case $1 in
  info) echo '{"conda_version": "25.3.1", "conda_prefix": "/opt/conda", "platform": "linux-64"}' ;;
  config) echo '{"get": {"channel_priority": "strict"}}' ;;
  --version) echo "conda 25.3.1" ;;
esac""",
    "singularity": """for last; do :; done
if [ $1 = --version ]; then echo "apptainer version 1.3.4"; else sh -c "$last"; fi""",
}
"""What Snakemake asks conda and Apptainer before it plans."""
UNFINISHED = {"status": 3, "export": 2}
"""Exit status of commands on a study that was not run."""


def blocks(text):
    """Commands in the blocks of a text, one by one, those in a wrapper taken out of it."""
    for line in shell_lines(text):
        wrapped = re.match(r'sbatch .* --wrap "(.*)"', line)
        for part in (wrapped[1] if wrapped else line).split("&&"):
            command = re.sub(r"^(?:[A-Z_]+=\S+ )+", "", " ".join(part.split()))
            if re.match(r"[\w./-]+( [^=:]|$)", command) and program(command) in RUN | set(NOT_RUN):
                yield command


def program(command):
    """First word of a command."""
    return command.split()[0].removeprefix(".venv/bin/")


def planned(command):
    """What is run in place of a command: the same, but nothing is computed."""
    name = program(command)
    if name == "make":
        return command.replace("make", "make --dry-run --silent", 1)
    if name == "python":
        return f"{' '.join(command.split()[:2])} --help"
    if name == "snakemake":
        full = command.replace("...", STUDY)
        return full if "--unlock" in full or "--dry-run" in full else f"{full} --dry-run"
    return command


RUN = {"make", "snakemake", "python", "./cd20scope"}
COMMANDS = sorted({command for path in TEXTS for command in blocks(path.read_text(encoding="utf-8"))})
INIT = "./cd20scope init DATA --out my_study"
HERE = [
    command
    for command in COMMANDS
    if command != INIT
    and program(command) not in NOT_RUN
    and not any(f"--executor {plugin}" in command for plugin in ELSEWHERE)
]


def run(command, clone):
    path = f"{clone / '.venv/bin'}:{os.environ['PATH']}"
    if "--software-deployment-method" in command:
        path = f"{clone / 'stand_ins'}:{path}"
    return subprocess.run(
        ["bash", "-c", command],
        cwd=clone,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"PATH": path},
    )


@pytest.fixture(scope="module")
def clone(built_in, tmp_path_factory):
    """A copy of the clone, and the built-in cohort as a study that ``init`` made of its count files."""
    folder = copy_tree(tmp_path_factory.mktemp("commands") / "cd20scope")
    (folder / ".venv").symlink_to((ROOT / ".venv").resolve())
    (folder / "DATA").mkdir()
    for path in (built_in / "results/ingest").glob("*.h5ad"):
        (folder / "DATA" / path.name).symlink_to(path)
    (folder / "stand_ins").mkdir()
    for name, lines in STAND_INS.items():
        (folder / "stand_ins" / name).write_text(f"#!/bin/sh\n{lines}\n")
        (folder / "stand_ins" / name).chmod(0o755)
    assert INIT in COMMANDS
    said = run(INIT, folder)
    assert said.returncode == 0, said.stderr
    assert "23 samples of 8 donors" in said.stdout
    return folder


@pytest.mark.parametrize("command", HERE)
def test_the_command_does_what_it_is_for(command, clone):
    said = run(planned(command), clone)
    words = command.split()
    expected = UNFINISHED.get(words[1], 0) if program(command) == "./cd20scope" else 0
    assert said.returncode == expected, said.stdout[-2000:] + said.stderr[-4000:]
    if program(command) == "python":
        unknown = [word for word in words if word.startswith("--") and word not in said.stdout]
        assert unknown == []
    if "snakemake" in command and "--unlock" not in command:
        assert "label_cells" in said.stdout + said.stderr or "--quiet all" in command
    if "--software-deployment-method" in command:
        planned_envs = re.findall(r"envs/(\w+)\.yaml will be created", said.stdout)
        assert sorted(planned_envs) == ["annotate", "core", "report"]
        assert ("will be pulled" in said.stdout) == ("apptainer" in command)
    if "export" in command:
        assert "the study is not finished" in said.stderr


def test_commands_of_every_kind_are_found():
    assert {program(command) for command in HERE} >= RUN
    assert len(HERE) >= 20
