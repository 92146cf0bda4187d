"""A real SLURM of two nodes on this machine: where it is, how the workflow is run on it, how it is taken down."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from workflow.running import ROOT, SHARED

TOOLS = SHARED / "tools"
FOLDER = "cd20scope-slurm-tests"
"""Name of its folder, always the same, so that tests that were killed are cleaned up after by those that come next."""
CONFIGURATION = Path("/etc/slurm/slurm.conf")
"""Where SLURM looks for it; a link into the folder of the cluster."""


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


def take_down_left(configuration):
    """Take down what tests that were killed left running; a cluster of anybody else is left alone."""
    if not configuration.is_symlink() or configuration.readlink().parent.name != FOLDER:
        return
    take_down(configuration.readlink().parent)
    # of a folder that is gone, the script knows nothing
    configuration.unlink(missing_ok=True)


def take_down(folder):
    """Take down the cluster of a folder; nothing where there is none."""
    subprocess.run(
        [TOOLS / "slurm_down.sh"], env=os.environ | {"ROOT": str(folder)}, capture_output=True, check=False
    )


def find_daemon(name):
    """Find a daemon, also where only root's path leads."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
