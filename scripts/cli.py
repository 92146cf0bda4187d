"""Command lines of a clone: ``./cd20scope init``, ``preflight``, ``status`` and ``export``."""

import argparse
from pathlib import Path

from commands import run_export, run_init, run_preflight, run_status


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
        description="Prepare and check a study before the workflow is run, tell how far it is, and export its results.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add = commands.add_parser(
        "init",
        help="write a first sample sheet and configuration from data",
        description="Write samples.tsv and study.yaml for a data set, and report what was inferred and with which "
        "certainty. Reads file names, cell names and cell metadata, but no counts (R loads a Seurat object "
        "completely). Exit status: 0 written, 2 refused.",
    )
    add.add_argument(
        "data", type=Path, help="10x, h5ad, h5mu, zarr, loom or Seurat file, or a folder of them"
    )
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
    export.add_argument(
        "--cellxgene",
        action="store_true",
        help="write cellxgene.h5ad, too: the cells by the schema of CELLxGENE",
    )
    export.add_argument(
        "--rds", action="store_true", help="write seurat.rds, too: the cells as a Seurat object, by R"
    )
    export.set_defaults(run=run_export)
    state = commands.add_parser(
        "status",
        help="tell how far a running or stopped study is",
        description="Tell from results and logs which samples and steps are done, which jobs failed and why, and what "
        "to do next. Locks nothing, also while the study runs. Exit status: 0 all done, 1 jobs failed, 2 no such "
        "study, 3 not finished.",
    )
    state.add_argument("study", type=Path, help="configuration file of the study, or its folder")
    state.add_argument(
        "--follow", action="store_true", help="show the state in a terminal until the run has ended or Ctrl-C"
    )
    state.set_defaults(run=run_status)
    for command in (look, export):
        command.add_argument("config", type=Path, help="configuration file of the study")
        command.add_argument("--cores", type=int, default=2, help="number of cores (default: 2)")
    for command in (look, export, state):
        command.add_argument(
            "--directory",
            type=Path,
            help="folder of the results (default: folder of the configuration file; for one in config/ the clone)",
        )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit status."""
    options = parse(arguments)
    return int(options.run(options))
