"""Commands of a clone: ``./cd20scope init``, ``./cd20scope preflight`` and ``./cd20scope export``."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import init
from cd20scope.study import yaml_bounds
from cd20scope.study.text import TextError

ROOT = Path(__file__).resolve().parents[1]
PREFLIGHT = ("results/preflight/preflight.html", "results/preflight/passed.txt")
FINISHED = ("results/verdict/verdicts.tsv", "results/embed/embedding.parquet")
"""Results that an export needs and that come late in a run."""


def run_targets(options: argparse.Namespace, targets: Sequence[str]) -> int:
    """Make targets of a study by Snakemake."""
    folder = options.directory or options.config.parent
    command = f"-m snakemake --quiet rules --cores {options.cores} --snakefile".split()
    command += [str(ROOT / "Snakefile"), "--configfile", str(options.config), "--directory", str(folder)]
    # no module of the working folder is taken for one of Python's, here and in the jobs
    environment = os.environ | {"PYTHONSAFEPATH": "1"}
    if not os.access(Path.home(), os.W_OK):  # Snakemake ends with a traceback where it cannot make its cache
        environment.setdefault("XDG_CACHE_HOME", str(folder.resolve() / ".snakemake/cache"))
    return subprocess.run([sys.executable, *command, "--", *targets], check=False, env=environment).returncode


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
    folder = options.directory or options.config.parent
    if absent := [name for name in FINISHED if not (folder / name).exists()]:
        print(
            f"cd20scope export: {folder} holds no {absent[0]}: the study is not finished. Run the workflow first, "
            f"as in snakemake --cores {options.cores} --configfile {options.config} --directory {folder}.",
            file=sys.stderr,
        )
        return 2
    status = run_targets(options, ["export"])
    if status == 0:
        print(f"Export: {(folder / 'results/export').resolve()}")
    return status


def run_init(options: argparse.Namespace) -> int:
    """Write a study's sample sheet and configuration."""
    try:
        init.run(options)
    except init.RefusedError as refusal:
        print(f"cd20scope init: {refusal}", file=sys.stderr)
        return 2
    return 0


def word_and_visit(text: str) -> tuple[str, str]:
    """Read ``post=month6``."""
    word, sign, visit = (part.strip() for part in text.rpartition("="))
    if not (word and sign and visit):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form WORD=VISIT, such as post=month6")
    return word, visit


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line; argparse exits with status 2 on errors."""
    parser = argparse.ArgumentParser(
        prog="cd20scope",
        description="Prepare and check a study before the workflow is run, and export its results.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add = commands.add_parser(
        "init",
        help="write a first sample sheet and configuration from data",
        description="Write samples.tsv and study.yaml for a data set, and report what was inferred and with which "
        "certainty. Reads file names, cell names and cell metadata, but no counts (R loads a Seurat object "
        "completely). Exit status: 0 written, 2 refused.",
    )
    add.add_argument("data", type=Path, help="10x, h5ad, zarr, loom or Seurat file, or a folder of them")
    add.add_argument("--out", type=Path, default=Path("my_study"), help="output folder (default: my_study)")
    add.add_argument("--force", action="store_true", help="overwrite existing files")
    for kind in ("donor", "visit"):
        text = f"column of the cell metadata with the {kind}s"
        add.add_argument(f"--{kind}-column", default="", metavar="NAME", help=text)
    add.add_argument(
        "--visit", type=word_and_visit, action="append", default=[], metavar="WORD=VISIT",
        help="visit for a name used in the data, such as post=month6; may be repeated",
    )  # fmt: skip
    add.add_argument(
        "--sha256", action="append", default=[], metavar="SUM",
        help="SHA-256 of a Seurat object that you trust, for R before 4.4, which runs code that such a file may hold",
    )  # fmt: skip
    add.set_defaults(run=run_init)
    look = commands.add_parser(
        "preflight",
        help="check a study before a run",
        description="Read names and first cells of all count files, and report which hypotheses the data can test "
        "and what is wrong with the files. Writes results/preflight/preflight.html. Exit status: 0 no errors.",
    )
    look.set_defaults(run=run_preflight)
    export = commands.add_parser(
        "export",
        help="write the results of a finished study in the field's formats",
        description="Write results/export: cells.h5ad (all kept cells with raw counts, labels, map and verdicts), "
        "pseudobulk.h5ad (sums of counts per sample and population) and labels/ (one table per sample). Exit "
        "status: 0 written, 2 not finished.",
    )
    export.set_defaults(run=run_export)
    for command in (look, export):
        command.add_argument("config", type=Path, help="configuration file of the study")
        command.add_argument(
            "--directory", type=Path, help="folder of the results (default: folder of the configuration file)"
        )
        command.add_argument("--cores", type=int, default=2, help="number of cores (default: 2)")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit status."""
    options = parse(arguments)
    return int(options.run(options))
