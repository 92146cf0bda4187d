"""Run the workflow from a test, as a user would from a shell."""

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import warnings
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
CLOCK = {"SOURCE_DATE_EPOCH": "1767225600"}
"""Results are compared byte by byte, and one holds the time of the first run."""


def snakemake(
    *arguments: str,
    directory: Path,
    config: Path | None = None,
    snakefile: Path = ROOT / "Snakefile",
    variables: dict[str, str] | None = None,
):
    """Run Snakemake in a folder of its own on one core; tests run side by side. Gives the finished process."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--snakefile", str(snakefile)]
    command += ["--directory", str(directory), "--show-failed-logs"]
    command += arguments
    command += ["--configfile", str(config)] if config else []  # takes all that follows
    environment = os.environ | CLOCK | (variables or {})
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, env=environment)


def plan(*arguments: str, directory: Path, config: Path | None = None, snakefile: Path = ROOT / "Snakefile"):
    """Plan a run as :func:`snakemake` with ``--dry-run`` does, in this process: half a second in place of four.

    The workflow is read, the configuration, sheet and catalogues are checked, and no job runs.
    """
    from snakemake.cli import main

    command = ["--dry-run", "--cores", "1", "--snakefile", str(snakefile), "--directory", str(directory)]
    command += arguments
    command += ["--configfile", str(config)] if config else []
    out, err = io.StringIO(), io.StringIO()
    code: int | str | None = 0
    with (
        chdir(Path.cwd()),  # Snakemake changes the working directory and stays there
        mock.patch.dict(os.environ),  # the workflow sets a variable for the jobs
        warnings.catch_warnings(action="ignore"),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main(command)
        except SystemExit as end:
            code = end.code
    return subprocess.CompletedProcess(command, int(code or 0), out.getvalue(), err.getvalue())


def ran(process: subprocess.CompletedProcess) -> subprocess.CompletedProcess:
    """Fail with the end of what Snakemake said when it did not succeed."""
    assert process.returncode == 0, process.stdout[-2000:] + process.stderr[-6000:]
    return process


def jobs_of(dry_run: subprocess.CompletedProcess) -> dict[str, int]:
    """How many jobs of each rule a run would start, from its dry run (``--quiet rules``)."""
    said = ran(dry_run)
    table = re.findall(r"^(\w+) +(\d+)$", said.stdout + said.stderr, flags=re.M)
    jobs = {rule: int(n) for rule, n in table}
    assert jobs.pop("total", 0) == sum(jobs.values())
    return jobs


def listed(*patterns: str) -> list[str]:
    """Files of the working tree, committed or not, save those that git ignores."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return sorted(name for name in set(found.split("\0")) if name and (ROOT / name).is_file())


def copy_tree(folder: Path) -> Path:
    """Copy the working tree as it stands, with its times, so that a test speaks of this code."""
    for name in listed():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder


def commit_tree(folder: Path) -> str:
    """Make a repository of a copy of the working tree; gives its one commit."""
    copy_tree(folder)
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "state"]):
        subprocess.run([*git, *command], cwd=folder, check=True)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True
    )
    return head.stdout.strip()


TINY = """\
samples: built-in
simulate: {plan: treated, donors: 2, cells: 150, seed: 1}
annotate: {sketch_cells: 2000}
expression: {flips: 2}
programs: {random_sets: 20}
"""
"""Six samples of 150 cells: every step runs, in seconds."""


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every result below a folder's ``results``, logs and benchmarks left out."""
    results = folder / "results"
    return {
        path.relative_to(results).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(results.rglob("*"))
        if path.is_file()
        and path.relative_to(results).parts[0] not in {"logs", "benchmarks"}
        and path.name != ".snakemake_timestamp"
    }
