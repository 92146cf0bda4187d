"""Small studies as init finds them, and its sheet read as the workflow reads it."""

import itertools
from pathlib import Path

import numpy as np
import yaml

from cd20scope import init_columns, init_text, sheet
from cd20scope.init import guess_study
from cd20scope.init_files import Found
from cd20scope.init_rows import Answers

ROOT = Path(__file__).resolve().parents[1]


STUDY = {
    "baseline": ["0M", "base", "BL", "tbase", "t0M", "pre"],
    "week2": ["W2", "2W", "wk2", "0.5M"],
    "month6": ["M6", "6M", "06mo", "t6M", "t06mo"],
}


TEMPLATE = (ROOT / "config/config.yaml").read_text()


def text(values):
    return np.array(values, dtype=np.str_)


def columns(table, barcodes=None):
    n = len(next(iter(table.values())))
    names = text([f"{'ACGT' * 3}-1"] * n if barcodes is None else barcodes)
    return init_columns.read_columns(
        {name: lambda v=values: text(v) for name, values in table.items()}, names
    )


def found(table, **known):
    n = len(next(iter(table.values())))
    return Found(Path("all.h5ad"), "h5ad", "all", columns(table, **known), n)


def guessed(*files, **answers):
    return guess_study(files, study=STUDY, answers=Answers(**answers))


def file_named(name):
    return Found(Path(f"{name}.h5"), "10x_h5", name, n_cells=5)


def as_read(study, folder):
    """Write both files and read them as the workflow does."""
    folder.mkdir(exist_ok=True)
    for row in study.rows:
        (folder.parent / row.file.path).touch()
    rows = [row for row in study.rows if not row.file.path.is_absolute()]
    assert rows == study.rows
    written = init_text.sheet_text(study, folder=folder)
    written = written.replace(str(Path.cwd()), str(folder.parent))
    (folder / "samples.tsv").write_text(written)
    config = yaml.safe_load(init_text.config_text(study, TEMPLATE, config="study.yaml", folder="."))
    assert config["samples"] == "samples.tsv"
    visits, donors = config["visits"], config.get("donors", {})
    return sheet.read_sheet(folder / "samples.tsv", visits=visits, donors=donors)


WORDS = {
    "baseline": ["0M", "BL", "baseline", "pre", "day0", "W0", "d0"],
    "week2": ["2W", "W2", "wk2", "day14", "d14"],
    "month6": ["6M", "M6", "month6", "d180", "week26"],
}


def grid(donors, visits, each=4):
    pairs = [pair for pair in itertools.product(donors, visits) for _ in range(each)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


DONORS, VISITS = grid(["P1", "P2", "P10"], ["0M", "2W", "6M"])


NOISE = {
    "n_counts": [str(i / 7) for i in range(len(DONORS))],
    "cell_type": ["B", "T"] * (len(DONORS) // 2),
    "leiden": ["0", "1", "2"] * (len(DONORS) // 3),
    "donor_age": ["30"] * 12 + ["40"] * 24,
}
