"""Labelled cells that the annotation is measured on, read from the reference data."""

import json
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
from reference_data import DATA
from sorted_cohort import SORTED, draw_cohort

from benchmark.annotation_metrics import nearest
from cd20scope.counts import matrix
from cd20scope.counts.matrix import Counts
from cd20scope.ingest import read

B, CD8 = ("B naive", "B memory"), ("CD8 naive", "CD8 memory")
SURE = 0.9
"""A protein is on, or off, in a cell when the mixture of both says so with this probability."""
GATES = {
    "B": [(["CD19"], ["CD3", "CD14"])],
    "CD4 T": [(["CD3", "CD4"], ["CD8", "CD14", "CD19"])],
    "CD8 T": [(["CD3", "CD8"], ["CD4", "CD14", "CD19"])],
    "NK": [(["CD56"], ["CD3", "CD14", "CD19"]), (["CD16"], ["CD3", "CD14", "CD19", "CD11c"])],
    "Monocyte": [(["CD14"], ["CD3", "CD19"])],
}
"""Proteins that are on and off in a lineage; any of its gates will do."""


@dataclass(frozen=True)
class Task:
    """Cells with a truth, and how the labels of the population tree are read as classes of it.

    Attributes
    ----------
    name
        For the tables.
    samples
        Raw counts by sample: the model is fitted to all and labels each by itself, as in the workflow.
    truth
        Class of each cell, by sample.
    classes
        Populations that are a class. A peer chooses among these alone, which spares it confusion with others.
    also
        What else is taken for a class, because the truth does not know it: a sort for CD14 holds dendritic cells, and
        clusters that were not told Tregs apart have them among memory cells. Any other label is wrong.
    level
        Column of the labels that is compared.
    sheet
        ``donor`` and ``visit`` by sample, of a cohort.
    absolute
        Planted size of every class by sample, of a cohort, before any cell is drawn.
    """

    name: str
    samples: dict[str, Counts]
    truth: dict[str, np.ndarray]
    classes: dict[str, tuple[str, ...]]
    also: dict[str, str]
    level: str = "population"
    sheet: pd.DataFrame = field(default_factory=pd.DataFrame)
    absolute: pd.DataFrame = field(default_factory=pd.DataFrame)

    def as_class(self, label) -> np.ndarray:
        """Read labels as classes; what is none of them stays as it is, and is wrong."""
        to = {member: name for name, members in self.classes.items() for member in members} | self.also
        return np.array([to.get(name, name) for name in label], dtype=object)

    @property
    def all_truth(self) -> np.ndarray:
        """Truth of all cells, sample after sample."""
        return np.concatenate(list(self.truth.values()))


def one_sample(name: str, counts: Counts, truth: np.ndarray, **reading) -> Task:
    """Make a task of the cells of one sample that have a truth; the others are left out of the sample, too."""
    rows = np.flatnonzero(truth != "")
    kept = replace(counts, matrix=counts.matrix[rows], barcodes=counts.barcodes[rows], protein=None)
    return Task(name, {name: kept}, {name: truth[rows]}, **reading)


def read_labelled(path: Path, *, column: str, names: dict[str, str]) -> tuple[Counts, np.ndarray]:
    """Read counts as the workflow does, and the class of the same cells; "" for a label without a name."""
    import anndata as ad

    counts = read.read_sample(path)
    label = ad.read_h5ad(path, backed="r").obs[column].astype(str).reindex(counts.barcodes)
    return counts, np.array([names.get(name, "") for name in label], dtype=object)


def load_zheng() -> Task:
    """Bead-sorted cells of Zheng 2017; both sorts of CD8 T cells are one class."""
    names = SORTED | {"naivecytotoxic": "CD8", "cytotoxict": "CD8"}
    counts, truth = read_labelled(DATA / "zheng_sorted.h5ad", column="label", names=names)
    classes = {"B": B, "NK": ("NK",), "Monocyte": ("Monocyte",), "CD8": CD8}
    classes |= {name: (name,) for name in ("CD4 naive", "CD4 memory", "Treg")}
    return one_sample("zheng", counts, truth, classes=classes, also={"DC": "Monocyte"})


def load_pbmc3k() -> Task:
    """PBMC 3k with its published annotation; the two kinds of monocyte are one class, which leaves eight."""
    names = {
        "Naive CD4 T": "CD4 naive",
        "Memory CD4 T": "CD4 memory",
        "CD8 T": "CD8",
        "CD14+ Mono": "Monocyte",
    }
    names |= {"FCGR3A+ Mono": "Monocyte"} | {name: name for name in ("B", "NK", "DC", "Platelet")}
    counts, truth = read_labelled(DATA / "pbmc3k_raw.h5ad", column="seurat_annotations", names=names)
    classes = {"B": B, "CD8": CD8}
    classes |= {name: (name,) for name in ("CD4 naive", "CD4 memory", "NK", "Monocyte", "DC", "Platelet")}
    return one_sample("pbmc3k", counts, truth, classes=classes, also={"Treg": "CD4 memory", "pDC": "DC"})


def load_citeseq() -> Task:
    """PBMC with eight antibodies; a cell has a truth when its proteins put it clearly into one gate."""
    counts = read.read_sample(DATA / "pbmc1k_citeseq.h5")
    chance = protein_chances(counts.protein)
    on, off = chance > SURE, chance < 1 - SURE
    inside = {
        name: np.any([on[plus].all(axis=1) & off[minus].all(axis=1) for plus, minus in gates], axis=0)
        for name, gates in GATES.items()
    }
    one = np.sum(list(inside.values()), axis=0) == 1
    truth = np.select([within & one for within in inside.values()], list(inside), default="").astype(object)
    classes = {"B": B, "CD4 T": ("CD4 naive", "CD4 memory", "Treg"), "CD8 T": CD8}
    classes |= {"NK": ("NK",), "Monocyte": ("Monocyte",)}
    return one_sample(
        "citeseq", counts, truth, classes=classes, also={"Myeloid": "Monocyte"}, level="lineage"
    )


def protein_chances(protein: pd.DataFrame) -> pd.DataFrame:
    """Probability that a cell shows a protein: mixture of two normals of equal spread on log ratios within the cell.

    One spread for both keeps the probability rising with the protein; starting means at the first quartile and near
    the top find a positive part that is a few in a hundred.
    """
    from sklearn.mixture import GaussianMixture

    names = sorted({name for gates in GATES.values() for pair in gates for part in pair for name in part})
    logs = np.log1p(protein[names])
    ratio = logs.sub(logs.mean(axis=1), axis=0)
    chance = {}
    for name in names:
        values = ratio[[name]].to_numpy()
        start = np.quantile(values, [[0.25], [0.99]])
        mixture = GaussianMixture(2, covariance_type="tied", means_init=start).fit(values)
        chance[name] = mixture.predict_proba(values)[:, mixture.means_.ravel().argmax()]
    return pd.DataFrame(chance, index=protein.index)


def load_cohort(folder: Path | None = None, *, cells: int = 1200, mix: bool = False) -> Task:
    """Eight treated donors of three visits, made of the sorted cells.

    Parameters
    ----------
    folder
        Where the cohort is or is to be made; default a temporary one.
    cells
        Mean cells per sample.
    mix
        Make each cell of two real ones: for cohorts much larger than the reference.
    """
    with tempfile.TemporaryDirectory() as temporary:
        place = folder or Path(temporary)
        if not (place / "truth.json").exists():
            draw_cohort(place, donors=8, cells=cells, mix=mix)
        sheet = pd.read_csv(place / "samples.tsv", sep="\t").set_index("sample")
        planted = json.loads((place / "truth.json").read_text())["samples"]
        samples = {sample: read.read_sample(place / path) for sample, path in sheet["path"].items()}
    return Task(
        name="cohort",
        samples=samples,
        truth={
            sample: np.array([planted[sample]["barcodes"][name] for name in counts.barcodes], dtype=object)
            for sample, counts in samples.items()
        },
        classes={name: B if name == "B" else (name,) for name in SORTED.values()},
        also={"DC": "Monocyte"},
        sheet=sheet[["donor", "visit"]],
        absolute=pd.DataFrame({sample: planted[sample]["absolute"] for sample in samples}).T,
    )


def pool(task: Task) -> Task:
    """Put the samples of a task into one, over the genes that all share."""
    names = [np.asarray(counts.genes["gene"]) for counts in task.samples.values()]
    shared = names[0][np.all([np.isin(names[0], other) for other in names], axis=0)]
    parts = [
        counts.matrix[:, pd.Index(own).get_indexer(pd.Index(shared))]
        for counts, own in zip(task.samples.values(), names, strict=True)
    ]
    first, at = next(iter(task.samples.values())), pd.Index(names[0]).get_indexer(pd.Index(shared))
    every = replace(
        first,
        matrix=sp.vstack(parts, format="csr"),
        genes={column: np.asarray(values)[at] for column, values in first.genes.items()},
        barcodes=np.concatenate([counts.barcodes for counts in task.samples.values()]),
        protein=None,
    )
    return replace(task, samples={task.name: every}, truth={task.name: task.all_truth})


def source_cells(lognorm: sp.csr_matrix, genes: np.ndarray) -> np.ndarray:
    """Sorted cell that each cell of the cohort was made of, which the cohort does not tell: the one most alike."""
    counts = read.read_sample(DATA / "zheng_sorted.h5ad")
    at = pd.Index(counts.genes["gene"]).get_indexer(pd.Index(genes))
    return nearest(lognorm, matrix.log_normalise(counts.matrix)[:, at])


def stack(task: Task) -> tuple[sp.csr_matrix, np.ndarray]:
    """Log-normalised cells of all samples, over the genes that all share, and these genes."""
    names = [counts.genes["gene"] for counts in task.samples.values()]
    shared = names[0][np.all([np.isin(names[0], other) for other in names], axis=0)]
    parts = [
        matrix.log_normalise(counts.matrix)[:, pd.Index(own).get_indexer(pd.Index(shared))]
        for counts, own in zip(task.samples.values(), names, strict=True)
    ]
    return sp.vstack(parts, format="csr"), shared
