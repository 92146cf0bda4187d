"""A small study, its undisturbed results, and runs of it that can be disturbed."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from workflow.running import CLOCK, ROOT, TINY, digests, ran, snakemake

PROFILE = ("--workflow-profile", str(ROOT / "workflow/profiles/default"))


@dataclass(frozen=True)
class Study:
    """A folder with count files, sheet and configuration."""

    folder: Path

    @property
    def config(self):
        return self.folder / "study.yaml"

    def start(self, *arguments):
        """Start a run in a process group of its own."""
        command = [sys.executable, "-m", "snakemake", "--cores", "2", "--snakefile", str(ROOT / "Snakefile")]
        command += [*PROFILE, "--directory", str(self.folder), *arguments, "--configfile", str(self.config)]
        with (self.folder / "run.log").open("a") as log:
            return subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, env=os.environ | CLOCK
            )

    def run(self, *arguments):
        """Run to the end, as a user would from a shell."""
        return snakemake(*PROFILE, *arguments, directory=self.folder, config=self.config)

    def run_again(self):
        """The plain rerun: the lock of a killed run is taken away, then the same command is given."""
        ran(self.run("--unlock"))
        return ran(self.run())

    def results(self):
        return digests(self.folder)

    def copy(self, folder):
        """The study with its results, to be disturbed."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return Study(folder)


@pytest.fixture(scope="session")
def counts(tmp_path_factory):
    """Count files of three donors."""
    folder = tmp_path_factory.mktemp("counts")
    (folder / "make.yaml").write_text(TINY.replace("donors: 2", "donors: 3"))
    ran(snakemake("results/simulate/samples.tsv", directory=folder, config=folder / "make.yaml"))
    return folder / "results/simulate"


@pytest.fixture(scope="session")
def study(counts):
    """Make a study of some of the donors, its rows in some order."""

    def make(folder, *, donors=("D01", "D02"), backwards=False):
        folder.mkdir(parents=True, exist_ok=True)
        sheet = pd.read_csv(counts / "samples.tsv", sep="\t")
        sheet = sheet[sheet["donor"].isin(donors)]
        for path in sheet["path"]:
            copy = shutil.copytree if (counts / path).is_dir() else shutil.copy
            if not (folder / "counts" / path).exists():
                (folder / "counts").mkdir(exist_ok=True)
                copy(counts / path, folder / "counts" / path)
        sheet = sheet.assign(path="counts/" + sheet["path"]).iloc[:: -1 if backwards else 1]
        sheet.to_csv(folder / "samples.tsv", sep="\t", index=False)
        settings = [line for line in TINY.splitlines() if not line.startswith(("samples", "simulate"))]
        (folder / "study.yaml").write_text("\n".join(["samples: samples.tsv", *settings, ""]))
        return Study(folder)

    return make


@pytest.fixture(scope="session")
def undisturbed(study, tmp_path_factory):
    """The study after a run that nothing disturbed."""
    made = study(tmp_path_factory.mktemp("undisturbed"))
    ran(made.run())
    return made


def kill_all(process):
    """Kill a run and what it started, as a power cut would."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()
