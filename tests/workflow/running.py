"""Run the workflow from a test, as a user would from a shell."""

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
