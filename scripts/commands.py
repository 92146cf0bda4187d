"""What the commands of a clone do; :mod:`cli` reads their command lines."""

import argparse
import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import init
import places
import status
from cd20scope.study import yaml_bounds
from cd20scope.study.text import TextError

PREFLIGHT = ("results/preflight/preflight.html", "results/preflight/passed.txt")
FINISHED = ("results/verdict/verdicts.tsv", "results/embed/embedding.parquet")
"""Results that an export needs and that come late in a run."""


def run_targets(options: argparse.Namespace, targets: Sequence[str]) -> int:
    """Make targets of a study by Snakemake."""
    folder = places.results_folder(options.config, options.directory)
    command = ["-m", "snakemake", *progress_flags(), "--cores", str(options.cores), "--snakefile"]
    command += [
        str(places.ROOT / "Snakefile"),
        "--configfile",
        str(options.config),
        "--directory",
        str(folder),
    ]
    # no module of the working folder is taken for one of Python's, here and in the jobs
    environment = os.environ | {"PYTHONSAFEPATH": "1"}
    if not os.access(Path.home(), os.W_OK):  # Snakemake ends with a traceback where it cannot make its cache
        environment.setdefault("XDG_CACHE_HOME", str(folder.resolve() / ".snakemake/cache"))
    return subprocess.run([sys.executable, *command, "--", *targets], check=False, env=environment).returncode


def progress_flags() -> list[str]:
    """How Snakemake tells its progress: bars in a terminal, lines where there is none."""
    bars = sys.stderr.isatty() and importlib.util.find_spec("snakemake_logger_plugin_rich")
    return ["--logger", "rich"] if bars else ["--quiet", "rules"]


def bounded_config(options: argparse.Namespace, *, command: str) -> bool:
    """Whether the configuration can be read safely; otherwise its error is printed."""
    try:
        yaml_bounds.check_file(options.config)
    except TextError as error:
        print(f"cd20scope {command}: {error}", file=sys.stderr)
        return False
    return True


def run_preflight(options: argparse.Namespace) -> int:
    """Run the preflight of a study."""
    return run_targets(options, PREFLIGHT) if bounded_config(options, command="preflight") else 2


def run_export(options: argparse.Namespace) -> int:
    """Export the results of a finished study."""
    if not bounded_config(options, command="export"):
        return 2
    folder = places.results_folder(options.config, options.directory)
    if absent := [name for name in FINISHED if not (folder / name).exists()]:
        print(
            f"cd20scope export: {folder} holds no {absent[0]}: the study is not finished. See how far it is "
            f"(./cd20scope status {options.config}), and run it: "
            f"{places.run_command(options.config, folder, cores=options.cores)}. If its results are elsewhere, name "
            "their folder with --directory.",
            file=sys.stderr,
        )
        return 2
    asked = {"export": True, "export_cellxgene": options.cellxgene, "export_seurat": options.rds}
    code = run_targets(options, [target for target, wanted in asked.items() if wanted])
    print(f"Export: {(folder / 'results/export').resolve()}" if code == 0 else places.not_written(folder))
    return code


def run_init(options: argparse.Namespace) -> int:
    """Write a study's sample sheet and configuration."""
    try:
        init.run(options)
    except init.RefusedError as refusal:
        print(f"cd20scope init: {refusal}", file=sys.stderr)
        return 2
    return 0


def run_status(options: argparse.Namespace) -> int:
    """Tell how far a study has come."""
    try:
        return status.run(options)
    except status.RefusedError as refusal:
        print(f"cd20scope status: {refusal}", file=sys.stderr)
        return 2
