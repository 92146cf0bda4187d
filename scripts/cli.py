"""Commands beside the workflow, run from a clone: ``./cd20scope init DATA --out my_study``."""

import argparse
import subprocess
import sys
from pathlib import Path

import yaml

import init

ROOT = Path(__file__).resolve().parents[1]
PREFLIGHT = ("results/preflight/preflight.html", "results/preflight/passed.txt")


def run_preflight(options: argparse.Namespace) -> int:
    """Let Snakemake look at a study's samples without reading them whole."""
    try:
        yaml.safe_load(options.config.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        # of broken YAML Snakemake says neither file nor line
        what = f"cannot be read ({error.strerror})" if isinstance(error, OSError) else f"no YAML: {error}"
        print(f"cd20scope preflight: {options.config}: {' '.join(what.split())}", file=sys.stderr)
        return 2
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--quiet", "rules"]
    command += ["--cores", str(options.cores), "--configfile", str(options.config)]
    command += ["--directory", str(options.directory or options.config.parent), "--", *PREFLIGHT]
    return subprocess.run(command, check=False).returncode


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
        raise argparse.ArgumentTypeError(f"{text!r} does not read like post=month6")
    return word, visit


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line; argparse itself exits with 2 where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="cd20scope", description="What a study needs before the workflow runs."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add = commands.add_parser(
        "init",
        help="guess a sample sheet and a configuration from data",
        description="Write samples.tsv and study.yaml for data, and tell what was guessed and how sure it is. Reads "
        "names of cells and their table, never counts (R loads a Seurat object whole). Exit status: 0 written, 2 "
        "refused.",
    )
    add.add_argument("data", type=Path, help="h5ad, zarr, loom, 10x or Seurat file, or a folder of them")
    add.add_argument("--out", type=Path, default=Path("my_study"), help="folder to write (default: my_study)")
    add.add_argument("--force", action="store_true", help="write over a samples.tsv and study.yaml")
    add.add_argument("--donor-column", default="", metavar="NAME", help="the cells' column of donors")
    add.add_argument("--visit-column", default="", metavar="NAME", help="the cells' column of visits")
    add.add_argument(
        "--visit", type=word_and_visit, action="append", default=[], metavar="WORD=VISIT",
        help="which visit a word of the data means, as in post=month6; may be repeated",
    )  # fmt: skip
    add.set_defaults(run=run_init)
    look = commands.add_parser("preflight", help="look at a study's samples without reading them whole")
    look.add_argument("config", type=Path, help="configuration of the study")
    look.add_argument(
        "--directory", type=Path, help="where results go (default: the folder of the configuration)"
    )
    look.add_argument("--cores", type=int, default=2, help="jobs side by side (default: 2)")
    look.set_defaults(run=run_preflight)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; gives the exit status."""
    options = parse(arguments)
    return int(options.run(options))
