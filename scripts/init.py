"""Guess a study from its data, and write its sample sheet and configuration; see :mod:`cd20scope.init.study`."""

import argparse
from functools import partial
from pathlib import Path

import yaml

import places
from cd20scope.init import files as init_files
from cd20scope.init import rows, seurat
from cd20scope.init import study as init
from cd20scope.init import text as init_text
from cd20scope.study.nearest import nearest

ROOT = Path(__file__).resolve().parents[1]


class RefusedError(Exception):
    """A command that cannot be carried out; the message has the reason and what to do."""


def study_visits() -> dict[str, list[str]]:
    """Visits that the shipped hypotheses speak of, with their usual other names."""
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
    visits: dict[str, list[str]] = schema["properties"]["visits"]["default"]
    return visits


def check_answers(given: dict[str, str]) -> None:
    """Refuse a visit that is nearly one of the study's: a new one is meant to be another.

    Raises
    ------
    RefusedError
    """
    known = list(study_visits())
    for word, visit in given.items():
        close = nearest(visit, known, cutoff=0.75)
        if visit not in known and close:
            raise RefusedError(
                f"--visit {word}={visit}: {visit!r} is none of {', '.join(known)}. Did you mean {close!r}?"
            )


def run(options: argparse.Namespace) -> None:
    """Guess the study, write it, and print a summary.

    Raises
    ------
    RefusedError
        Nothing is written then.
    """
    if not options.data.exists():
        raise RefusedError(f"{options.data}: not there. Give a count file, or the folder of your data.")
    check_answers(dict(options.visit))
    sheet, config = options.out / "samples.tsv", options.out / "study.yaml"
    there = [str(path) for path in (sheet, config) if path.exists()]
    if there and not options.force:
        raise RefusedError(
            f"{', '.join(there)}: already there. Give another folder (--out), or --force to write anew."
        )
    answers = rows.Answers(options.donor_column, options.visit_column, dict(options.visit))
    script = ROOT / "scripts/ingest/seurat_columns.R"
    read_seurat = partial(seurat.read_meta, script=script, trusted=options.sha256)
    try:
        found, left_out, joined = init_files.find_files(options.data, read_seurat=read_seurat)
        study = init.guess_study(found, study=study_visits(), answers=answers, joined=joined)
    except ValueError as error:
        raise RefusedError(init_text.visible(str(error))) from error
    template = (ROOT / "config/config.yaml").read_text(encoding="utf-8")
    text = init_text.config_text(study, template, config=str(config), folder=str(options.out))
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        sheet.write_text(init_text.sheet_text(study, folder=options.out), encoding="utf-8")
        config.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RefusedError(
            f"{error.filename}: cannot be written ({error.strerror}). Give another folder (--out)."
        ) from error
    print(
        init_text.format_summary(
            study,
            found,
            left_out,
            data=options.data,
            sheet=sheet,
            config=config,
            snakemake=places.snakemake(),
        )
    )
