"""A real SLURM of two nodes on this machine, brought up for the tests and taken down after them."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from reference_data import TOOLS, missing
from slurm_cluster import CONFIGURATION, FOLDER, Slurm, find_daemon, take_down, take_down_left


@pytest.fixture(scope="session")
def slurm():
    if absent := missing("slurm_up.sh"):
        pytest.skip(absent)
    if lacking := [name for name in ("slurmctld", "slurmd", "munged") if not find_daemon(name)]:
        pytest.skip(f"needs SLURM (Debian: slurm-wlm, munge); {', '.join(lacking)} not found")
    if os.geteuid() != 0:
        pytest.skip("needs root, to bring a cluster up")
    folder = Path(tempfile.gettempdir()) / FOLDER
    # one cluster at a time, as its ports and its configuration are the machine's; the lock ends with its holder
    with Path("/run/lock", FOLDER).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        take_down_left(CONFIGURATION)
        shutil.rmtree(folder, ignore_errors=True)
        environment = os.environ | {"ROOT": str(folder), "CPUS": "4", "MEM": "12000"}
        said = subprocess.run(
            [TOOLS / "slurm_up.sh"], env=environment, capture_output=True, text=True, check=False
        )
        try:
            assert said.returncode == 0, said.stdout + said.stderr
            yield Slurm(folder)
        finally:
            take_down(folder)
