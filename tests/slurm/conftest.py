"""A real SLURM of two nodes on this machine, brought up for the tests and taken down after them."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from workflow.running import ROOT, SHARED

TOOLS = SHARED / "tools"


@dataclass(frozen=True)
class Slurm:
    """A running cluster; a site's own settings are given here, as a user would on the command line."""

    folder: Path

    def snakemake(self, *arguments, directory, config, timeout=900):
        """Run Snakemake by the profile that is shipped."""
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
        command += [
            "--workflow-profile",
            str(ROOT / "workflow/profiles/slurm"),
            "--directory",
            str(directory),
        ]
        command += [
            "--default-resources",
            "slurm_account=ci",
            "slurm_partition=main",
            "mem_mb=400",
            "runtime=5",
        ]
        # without accounting there is squeue only; jobs of seconds are asked after early
        command += ["--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "5"]
        command += ["--slurm-keep-successful-logs", "--latency-wait", "10", *arguments]
        command += ["--configfile", str(config)]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)

    def memory(self, number):
        """Megabytes that a job asked for."""
        said = subprocess.run(
            ["scontrol", "--oneliner", "show", "job", number], capture_output=True, text=True, check=True
        )
        return int(re.search(r"MinMemoryNode=(\d+)M", said.stdout)[1])

    def states(self):
        """Last state of each job that was sent, by its number."""
        log = (self.folder / "log/jobcomp.txt").read_text()
        return dict(re.findall(r"^JobId=(\d+) .*? JobState=(\w+)", log, flags=re.M))


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    if not (TOOLS / "slurm_up.sh").exists():
        pytest.skip("needs ../shared/tools/slurm_up.sh, which brings a cluster up")
    if missing := [name for name in ("slurmctld", "slurmd", "munged") if not find(name)]:
        pytest.skip(f"needs SLURM (Debian: slurm-wlm, munge); {', '.join(missing)} not found")
    if os.geteuid() != 0:
        pytest.skip("needs root, to bring a cluster up")
    folder = tmp_path_factory.mktemp("slurm")
    environment = os.environ | {"ROOT": str(folder), "CPUS": "4", "MEM": "12000"}
    said = subprocess.run(
        [TOOLS / "slurm_up.sh"], env=environment, capture_output=True, text=True, check=False
    )
    try:
        assert said.returncode == 0, said.stdout + said.stderr
        yield Slurm(folder)
    finally:
        subprocess.run([TOOLS / "slurm_down.sh"], env=environment, capture_output=True, check=False)


def find(name):
    """Find a daemon, also where only root's path leads."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
