"""Ways to spoil one thing of a sound study, each a function of its folder."""

import gzip

import h5py
import numpy as np
import yaml
from measured_genes import few_genes

from cd20scope.simulate import tenx_files
from workflow.running import ROOT

GENES = few_genes("CD3E", "MS4A1", "LYZ", "NKG7", "GNLY", "B2M")
N = 30
SETTINGS = "samples: samples.tsv\nqc: {min_counts: 1, min_genes: 1}\n"
"""A configuration that keeps cells of so few genes."""
HEAD = "sample\tdonor\tvisit\tpath"
ROWS = ("s1\tD1\tbaseline\ta.h5", "s2\tD1\tweek2\tb")
CATALOGUES = {
    name: yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()) for name in ("hypotheses", "populations")
}


def dense(seed):
    return np.random.default_rng(seed).poisson(2, (N, len(GENES)))


def barcodes(prefix):
    return [f"{prefix}{i}" for i in range(N)]


def sheet(*rows, head=HEAD, end="\n", encoding="utf-8"):
    return lambda folder: (folder / "samples.tsv").write_bytes(
        (end.join([head, *rows]) + end).encode(encoding)
    )


def config(text):
    return lambda folder: (folder / "study.yaml").write_text(text)


def setting(text):
    return config("samples: samples.tsv\n" + text + "\n")


def catalogue(kind, edit):
    def spoil(folder):
        content = yaml.safe_load(yaml.safe_dump(CATALOGUES[kind]))
        edit(content)
        (folder / "mine.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
        setting(f"catalogues: {{{kind}: mine.yaml}}")(folder)

    return spoil


def in_h5(edit):
    def spoil(folder):
        with h5py.File(folder / "a.h5", "r+") as file:
            edit(file["matrix"])

    return spoil


def put(group, name, values):
    del group[name]
    group[name] = values


def counts_with(value):
    def edit(group):
        data = group["data"][:].astype("f8")
        data[3] = value
        put(group, "data", data)

    return in_h5(edit)


def rewritten(**changes):
    keywords = {"genes": GENES, "barcodes": barcodes("A")} | changes
    counts = keywords.pop("counts", dense(0))
    return lambda folder: tenx_files.write_h5(folder / "a.h5", counts, **keywords)


def in_mtx(name, edit):
    def spoil(folder):
        path = folder / "b" / f"{name}.gz"
        path.write_bytes(gzip.compress(edit(gzip.decompress(path.read_bytes()).decode()).encode()))

    return spoil


def cut(name, part):
    def spoil(folder):
        path = folder / name
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])

    return spoil


def bomb(group):
    for name in ("data", "indices"):
        del group[name]
        group.create_dataset(name, shape=(3 * 10**9,), dtype="i4", chunks=(1 << 20,), compression="gzip")


def loop(folder):
    (folder / "loop").symlink_to("loop")
    sheet("s1\tD1\tbaseline\ta.h5", "s2\tD1\tweek2\tloop")(folder)


def text_table(text):
    def spoil(folder):
        (folder / "t.csv").write_text(text)
        sheet(ROWS[0], "s2\tD1\tweek2\tt.csv")(folder)

    return spoil


def row(second, **keywords):
    return sheet(ROWS[0], second, **keywords)


def unfiltered(folder):
    names = [f"A{number}" for number in range(30_000)]
    counts = np.zeros((len(names), len(GENES)), dtype=int)
    counts[:, 0] = 1
    tenx_files.write_h5(folder / "a.h5", counts, genes=GENES, barcodes=names)
