"""Sums of samples are added up by name, in whatever form and order their files list the names."""

import numpy as np
import pandas as pd
import pytest

from cd20scope.pseudobulk.cohort import LeafSums, read_sums
from cd20scope.pseudobulk.leaves import stack_cells

SHEET = pd.DataFrame({"sample": ["a", "b"], "donor": ["D1", "D1"], "visit": ["baseline", "week2"]})
LEAVES = [("B naive", ""), ("CD4 memory", "Th1"), ("CD4 memory", "Th17")]
GENES = ["CD19", "CD3E", "CXCR3", "CCR6", "IL17A"]


def sums_of(sample, genes):
    """Made-up sums of one sample, one row per leaf and gene, its genes in an order of its own."""
    rng = np.random.default_rng(ord(sample))
    table = pd.DataFrame(
        [(*leaf, gene) for leaf in LEAVES for gene in genes], columns=["population", "subset", "gene"]
    )
    counts = rng.poisson(5, len(table))
    table = table.assign(counts=counts, lognorm=(counts / 2).astype(np.float32), n_on=1)
    names = {
        column: pd.Categorical(table[column], pd.unique(table[column]))
        for column in ("population", "subset", "gene")
    }
    return table.assign(**names)


@pytest.fixture
def tables():
    return {"a": sums_of("a", GENES), "b": sums_of("b", GENES[::-1])}


def collect(tables, n_samples=2):
    leaves = pd.DataFrame(LEAVES, columns=["population", "subset"]).assign(n_cells=10, shallow=False)
    return LeafSums.collect(
        tables.items(),
        leaves=stack_cells(dict.fromkeys(tables, leaves)),
        sheet=SHEET,
        genes=pd.DataFrame({"gene": GENES, "n_samples": n_samples}),
    )


def from_files(tables, folder):
    """The same tables from files of many row groups, each of which may list its names in its own way."""
    read = {}
    for sample, table in tables.items():
        table.to_parquet(folder / f"{sample}.parquet", index=False, row_group_size=4)
        read[sample] = read_sums(folder / f"{sample}.parquet")
    return read


def test_files_and_tables_give_the_sums_of_a_pivot(tables, tmp_path):
    memory = np.array([population == "CD4 memory" for population, _ in LEAVES])
    for given in (tables, from_files(tables, tmp_path)):
        found = collect(given)
        for value in ("counts", "lognorm"):
            added = found.add_up(memory, value=value)
            for row, table in enumerate(tables.values()):
                of_cells = table[table["population"] == "CD4 memory"]
                known = of_cells.groupby("gene", observed=False)[value].sum().reindex(GENES)
                assert added[row].tolist() == known.tolist()


def test_rows_of_an_arm_are_read_alone(tables, tmp_path):
    both = pd.concat([tables["a"].assign(arm="strict"), tables["b"].assign(arm="lenient")])
    both.to_parquet(tmp_path / "arms.parquet", index=False)
    read = read_sums(tmp_path / "arms.parquet", ("gene", "lognorm"), filters=[("arm", "==", "lenient")])
    assert read["gene"].tolist() == tables["b"]["gene"].tolist()
    assert read.columns.tolist() == ["gene", "lognorm"]


def test_a_gene_that_some_references_lack_is_left_out(tables, tmp_path):
    n_samples = [2, 2, 1, 2, 2]
    found = collect(from_files(tables, tmp_path), n_samples=n_samples)
    assert found.genes.tolist() == ["CD19", "CD3E", "CCR6", "IL17A"]
    whole = collect(tables).add_up(np.ones(3, dtype=bool), value="counts")
    assert (
        found.add_up(np.ones(3, dtype=bool), value="counts").tolist() == np.delete(whole, 2, axis=1).tolist()
    )


def test_other_labels_add_and_take_where_they_differ(tables, tmp_path):
    columns = ["population", "subset", "gene", "lognorm"]
    difference = tables["b"][columns].assign(lognorm=np.float32(-0.5))
    difference.to_parquet(tmp_path / "b.parquet", index=False, row_group_size=4)
    tables["a"][columns].head(0).to_parquet(tmp_path / "a.parquet", index=False)  # no label is another
    read = [(sample, read_sums(tmp_path / f"{sample}.parquet", columns)) for sample in tables]
    cells = pd.DataFrame(LEAVES[:1], columns=["population", "subset"]).assign(n_cells=-3, sample="b")
    sums, selected = collect(tables), np.array([True, False, False])
    other = sums.with_differences(read, cells=cells, sheet=SHEET)
    added = other.add_up(selected, value="lognorm") - sums.add_up(selected, value="lognorm")
    assert added.tolist() == [[0.0] * 5, [-0.5] * 5]
    assert (other.n_cells(selected) - sums.n_cells(selected)).tolist() == [0, -3]


def test_a_row_without_a_name_is_told(tables):
    tables["a"].loc[[0, 4], "gene"] = None
    with pytest.raises(ValueError, match="summed expression of a: 2 of 15 rows have no gene"):
        collect(tables)


@pytest.mark.parametrize("read", [False, True])
@pytest.mark.parametrize(
    ("column", "known", "other", "told"),
    [
        ("gene", "IL17A", "IL17", "IL17 is not in the gene table"),
        ("subset", "Th17", "Th9", "leaf CD4 memory / Th9 is not among the leaves"),
    ],
)
def test_a_name_that_is_not_known_is_told(tables, tmp_path, read, column, known, other, told):
    tables["b"][column] = tables["b"][column].cat.rename_categories({known: other})
    given = from_files(tables, tmp_path) if read else tables
    with pytest.raises(ValueError, match=f"summed expression of b: {told}"):
        collect(given)
