"""Where the commands of a clone find the results of a study, and how they call Snakemake."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROFILE = "--workflow-profile workflow/profiles/default"


def results_folder(study: Path, given: Path | None) -> Path:
    """Folder of a study's results: the one that is given, else that of its configuration file.

    A configuration in the folder ``config`` of the clone belongs to the clone, where ``make demo`` and a plain
    ``snakemake`` write.

    Parameters
    ----------
    study
        Configuration file of the study, or its folder.
    given
        Option ``--directory``.
    """
    folder = given or (study if study.is_dir() else study.parent)
    own = folder.resolve() == ROOT / "config"
    return Path(os.path.relpath(ROOT)) if own and given is None else folder


def snakemake() -> str:
    """Snakemake as a user calls it: that of the clone's environment, where there is one."""
    return ".venv/bin/snakemake" if (ROOT / ".venv/bin/snakemake").exists() else "snakemake"


def run_command(study: Path, folder: Path, *, cores: int = 2) -> str:
    """Write the command that runs a study."""
    config = "" if study.is_dir() else f" --configfile {study}"
    return f"{snakemake()} --cores {cores}{config} --directory {folder} {PROFILE}"


def not_written(folder: Path) -> str:
    """Say what an export that failed left, and what to do."""
    return (
        f"Not exported: the reason stands above, and in {folder / 'results/logs/export'}. No result is left "
        "half-written. On a full disk (No space left on device) make room there; then give the command again."
    )
