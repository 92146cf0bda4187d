"""Coverage-guided fuzzing of what users write and hand in: no input may end in anything but the project's own errors.

    make fuzz TARGET=sheet SECONDS=120

Runs until the time is over, or stops at the first input that crashes, which it leaves in the working directory as
``crash-...``; give that file as the last argument to see it again.
"""

import argparse
import contextlib
import logging
import sys
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import atheris
import h5py
import numpy as np
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests/fixtures")]

with atheris.instrument_imports(include=["cd20scope"]):
    from hdf5_mutations import KINDS, mutate, sound

    from cd20scope.counts.matrix import IngestError
    from cd20scope.ingest import look, read
    from cd20scope.study import cell_choice, sheet, strict_yaml
    from cd20scope.study.catalogue import ConfigError

SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
SEEDS = {
    "sheet": [
        b"sample\tdonor\tvisit\tpath\tcells\tsha256\ns1\tD1\tbaseline\ta.h5\tdonor=D1\t\n",
        b'\xef\xbb\xbfsample\tdonor\tvisit\tpath\r\n"s1"\tD1\t0M\thttps://host/a.h5\t\r\n',
    ],
    "config": [
        b"samples: s.tsv\nvisits: {baseline: [0M], week2: [2W]}\nqc: {min_genes: 200}\n",
        (ROOT / "config/config.yaml").read_bytes(),
    ],
    "mtx": [
        b"%%MatrixMarket matrix coordinate integer general\n%\n3 2 3\n1 1 5\n2 1 1\n3 2 7\n",
        b"%%MatrixMarket matrix coordinate real general\n3 2 1\n1 1 1.5\n",
    ],
    "table": [b"gene,ACGTACGTAC,ACGTACGTAG\nCD3E,1,2\nMS4A1,0,3\n", b"\tCD3E\tMS4A1\nACGTACGTAC\t1\t0\n"],
    "hdf5": [bytes([kind, *range(kind, kind + 40)]) for kind in range(len(KINDS))],
}
OWN = (sheet.SheetError, ConfigError, IngestError)


def feed_sheet(folder: Path, data: bytes) -> None:
    """Read a sample sheet."""
    (folder / "samples.tsv").write_bytes(data)
    table = sheet.read_sheet(
        folder / "samples.tsv",
        visits={"baseline": ["0M"], "week2": ["2W"]},
        donors={"D1": ["x"]},
        pattern="(?P<donor>[^_]+)_(?P<visit>.+)",
    )
    for cells in table.get("cells", []):
        cell_choice.parse_cells(cells)


def feed_config(_: Path, data: bytes) -> None:
    """Read a configuration; bytes that are no text are refused by Snakemake before."""
    text = data.decode("utf-8", "ignore")
    strict_yaml.read(text, schema=SCHEMA, name="study.yaml")


def feed_mtx(folder: Path, data: bytes) -> None:
    """Look at an MTX matrix of three genes and two cells, then read it."""
    (folder / "features.tsv").write_text("".join(f"ENSG{n:011d}\tG{n}\tGene Expression\n" for n in range(3)))
    (folder / "barcodes.tsv").write_text("ACGTACGTAC\nACGTACGTAG\n")
    (folder / "matrix.mtx").write_bytes(data)
    look.look(folder, sample="s")
    read.read_sample(folder)


def feed_table(folder: Path, data: bytes) -> None:
    """Look at a dense table, then read it."""
    (folder / "counts.csv").write_bytes(data)
    look.look(folder / "counts.csv", sample="s")
    read.read_sample(folder / "counts.csv")


class Drawn:
    """What mutations draw from numpy's generators, drawn from the bytes of an input; zeros when they are used up."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def integers(self, low: int, high: int | None = None, size: object = None) -> Any:
        """A whole number from ``low`` to ``high`` - 1 (from 0 to ``low`` - 1), or an array of them in turn."""
        low, high = (0, low) if high is None else (low, high)
        drawn, self.data = int.from_bytes(self.data[:2], "little"), self.data[2:]
        if size is None:
            return low + drawn % (high - low)
        n = int(np.prod(np.asarray(size), dtype=np.int64))
        return (low + (drawn + np.arange(n)) % (high - low)).reshape(size)

    def choice(self, items: Any, size: int | None = None) -> Any:
        """One of some items, or a list of so many."""
        return items[self.integers(len(items))] if size is None else [self.choice(items) for _ in range(size)]


@cache
def sound_file(kind: str) -> bytes:
    """Bytes of a sound file of a kind."""
    with tempfile.TemporaryDirectory() as folder:
        return sound(Path(folder), kind).read_bytes()


def feed_hdf5(folder: Path, data: bytes) -> None:
    """Change a sound HDF5 file as the bytes say, look at it, then read it."""
    path, drawn = folder / "mutated.h5", Drawn(data)
    path.write_bytes(sound_file(drawn.choice(KINDS)))
    with h5py.File(path, "r+") as file:
        for _ in range(drawn.integers(1, 4)):
            mutate(file, drawn)
    for step in (lambda: look.look(path, sample="s"), lambda: read.read_sample(path)):
        try:
            step()
        except IngestError as error:
            if str(path) not in str(error):
                raise AssertionError(f"no name of the file in {error}") from error


TARGETS = {
    "hdf5": feed_hdf5,
    "sheet": feed_sheet,
    "config": feed_config,
    "mtx": feed_mtx,
    "table": feed_table,
}


def main() -> None:
    """Fuzz one target for so many seconds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("inputs", nargs="*", help="inputs of an earlier crash, to be run once")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable()
    with tempfile.TemporaryDirectory() as scratch:
        corpus, folder = Path(scratch, "corpus"), Path(scratch, "files")
        for place in (corpus, folder):
            place.mkdir()
        (folder / "a.h5").touch()
        for number, seed in enumerate(SEEDS[arguments.target]):
            (corpus / str(number)).write_bytes(seed)

        def once(data: bytes) -> None:
            with contextlib.suppress(OWN):
                TARGETS[arguments.target](folder, data)

        limits = [
            f"-max_total_time={arguments.seconds}",
            "-max_len=4096",
            "-rss_limit_mb=4096",
            "-timeout=20",
        ]
        atheris.Setup([sys.argv[0], *limits, *(arguments.inputs or [str(corpus)])], once)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
