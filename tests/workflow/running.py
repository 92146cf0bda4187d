"""Run the workflow from a test, as a user would from a shell."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"


def snakemake(
    *arguments: str, directory: Path, config: Path | None = None, snakefile: Path = ROOT / "Snakefile"
):
    """Run Snakemake in a folder of its own on one core; tests run side by side. Gives the finished process."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--snakefile", str(snakefile)]
    command += ["--directory", str(directory), "--show-failed-logs"]
    command += arguments
    command += ["--configfile", str(config)] if config else []  # takes all that follows
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)


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
        # the description of the run says when it was
        and path.name not in {".snakemake_timestamp", "ro-crate-metadata.json"}
    }
