"""Cells of samples with other genes and orders come out of one file as they went in."""

import tracemalloc

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy import sparse

from cd20scope.export import cells

# anndata's views still set an option that pandas 3 has given up
pytestmark = pytest.mark.filterwarnings("ignore:The 'mode.chained_assignment' option")

POPULATIONS = {
    "lineages": [{"name": "B"}, {"name": "NK"}],
    "nodes": [
        {"name": "B", "level": "branch", "parent": None, "cl": "CL:0000236"},
        {"name": "B naive", "level": "population", "parent": "B", "cl": "CL:0000788"},
        {"name": "transitional", "level": "subset", "parent": "B naive", "cl": "CL:0000818"},
        {"name": "NK", "level": "population", "parent": None, "cl": "CL:0000623"},
    ],
}
GENES = {"one": ["CD79A", "NKG7", "MS4A1"], "two": ["MS4A1", "GNLY", "CD79A"]}


def sample(name, rng, *, n=6):
    """A sample of the cohort: counts, quality and labels of its cells; the last cell is left out."""
    times = n // 6
    barcodes = [f"ACGT{i}-1" for i in range(n)]
    counts = sparse.csr_matrix(rng.poisson(1.0, (n, 3)).astype(np.int32))
    quality = pd.DataFrame(
        {"n_counts": 9, "n_genes": 3, "percent_mito": 1.5, "keep": [True] * (n - 1) + [False]}, index=barcodes
    )
    labels = pd.DataFrame(
        {
            "population": ["B naive", "B naive", "NK", "unassigned", "NK", "unassigned"] * times,
            "subset": ["transitional", "unassigned", "unassigned", "unassigned", "unassigned", "unassigned"]
            * times,
            "lineage": ["B", "B", "NK", "unassigned", "NK", "unassigned"] * times,
            "likeliest": ["B naive", "B naive", "NK", "NK", "NK", "NK"] * times,
            "probability": 0.9,
            "subset_probability": np.nan,
            "doublet": "",
            "cd20_t": False,
        },
        index=barcodes,
    )
    return counts, quality, labels


@pytest.fixture
def written(tmp_path):
    rng = np.random.default_rng(1)
    raw = {name: sample(name, rng) for name in GENES}
    terms = cells.ontology_terms(POPULATIONS)

    def samples():
        for name, (counts, quality, labels) in raw.items():
            row = {"sample": name, "donor": "01", "visit": "baseline"}
            described = cells.describe_cells(quality, labels, terms=terms, sample=row)
            yield cells.Part(counts[:5], GENES[name], described)

    lists = [
        {"gene": np.array(names, dtype=object), "gene_id": np.array([f"ID-{g}" for g in names], dtype=object)}
        for names in GENES.values()
    ]
    place = pd.DataFrame({"sample": ["two"], "barcode": ["ACGT1-1"], "x": [1.5], "y": [-2.0]})
    verdicts = pd.DataFrame({"id": ["B-total-w2"], "p_value": [0.01], "caution": [np.nan], "note": ["a"]})
    path = tmp_path / "cells.h5ad"
    n = cells.write_cells(
        path,
        samples(),
        genes=cells.unite_genes(lists),
        stored=10**6,
        embedding=place,
        unstructured={"verdicts": verdicts, "cd20scope": {"version": "1"}},
    )
    return n, ad.read_h5ad(path), raw, path


@pytest.mark.parametrize("first", [{}, {"gene_id": np.array(["", ""], object)}])
def test_an_id_is_taken_from_the_sample_that_gives_one(first):
    without = {"gene": np.array(["CD19", "CD3E"], object)} | first
    with_ids = {"gene": np.array(["CD3E", "NKG7"], object), "gene_id": np.array(["E1", ""], object)}
    found = cells.unite_genes([without, with_ids])
    assert found["gene_id"].to_dict() == {"CD19": "", "CD3E": "E1", "NKG7": ""}
    assert found["n_samples"].tolist() == [1, 2, 1]
    assert cells.unite_genes([without])["gene_id"].tolist() == ["", ""]


def test_counts_of_every_gene_and_cell_are_those_of_the_samples(written):
    n, table, raw, _ = written
    assert n == table.n_obs == 10
    assert table.var_names.tolist() == ["CD79A", "NKG7", "MS4A1", "GNLY"]
    assert table.var["n_samples"].tolist() == [2, 1, 2, 1]
    assert table.var.loc["GNLY", "gene_id"] == "ID-GNLY"
    for name, (counts, *_) in raw.items():
        own = table[table.obs["sample"] == name]
        expected = pd.DataFrame(counts[:5].toarray(), columns=GENES[name]).reindex(
            columns=table.var_names, fill_value=0
        )
        np.testing.assert_array_equal(own.layers["counts"].toarray(), expected)


def test_normalised_values_are_those_of_scanpy(written):
    _, table, *_ = written
    by_scanpy = ad.AnnData(table.layers["counts"].astype(np.float64))
    sc.pp.normalize_total(by_scanpy, target_sum=1e4)
    sc.pp.log1p(by_scanpy)
    np.testing.assert_allclose(table.X.toarray(), by_scanpy.X.toarray(), rtol=1e-6)


def test_cells_carry_sheet_labels_and_ontology_terms(written):
    _, table, *_ = written
    first = table.obs.iloc[:5]
    assert table.obs_names[0] == "one_ACGT0-1"
    assert table.obs_names.is_unique
    assert first["cell_type_ontology_term_id"].tolist() == [
        *("CL:0000818", "CL:0000788", "CL:0000623", "unknown", "CL:0000623")
    ]
    assert table.obs["donor"].cat.categories.tolist() == ["01"]


def test_only_cells_of_the_map_have_coordinates(written):
    _, table, *_ = written
    placed = ~np.isnan(table.obsm["X_umap"][:, 0])
    assert table.obs_names[placed].tolist() == ["two_ACGT1-1"]
    np.testing.assert_array_equal(table.obsm["X_umap"][placed], [[1.5, -2.0]])


def write_bare(folder, parts, **settings):
    """Write cells without a map and without further tables; gives their number."""
    nowhere = pd.DataFrame({"sample": [], "barcode": [], "x": [], "y": []})
    return cells.write_cells(
        folder / "cells.h5ad", parts, stored=10**6, embedding=nowhere, unstructured={}, **settings
    )


def test_categories_follow_the_order_that_is_given(tmp_path):
    rng = np.random.default_rng(2)

    def parts():
        for visit in ("W12", "screening", "W4"):
            counts, quality, labels = sample("one", rng)
            row = {"sample": visit, "donor": "01", "visit": visit}
            described = cells.describe_cells(quality, labels, terms={}, sample=row)
            yield cells.Part(counts[:5], GENES["one"], described)

    genes = pd.DataFrame({"gene_id": "", "n_samples": 3}, index=GENES["one"])
    order = {"visit": ["screening", "W4", "W12"]} | cells.order_of_tree(POPULATIONS)
    write_bare(tmp_path, parts(), genes=genes, order=order)
    obs = ad.read_h5ad(tmp_path / "cells.h5ad").obs
    assert obs["visit"].cat.categories.tolist() == ["screening", "W4", "W12"]
    assert obs["visit"].tolist() == ["W12"] * 5 + ["screening"] * 5 + ["W4"] * 5
    assert obs["sample"].cat.categories.tolist() == ["W12", "W4", "screening"]
    assert obs["population"].cat.categories.tolist() == ["B naive", "NK", "unassigned"]
    assert obs["population"].tolist() == ["B naive", "B naive", "NK", "unassigned", "NK"] * 3


def test_memory_does_not_grow_with_cells(tmp_path):
    counts, quality, labels = sample("one", np.random.default_rng(3), n=1200)
    genes = pd.DataFrame({"gene_id": "", "n_samples": 1}, index=GENES["one"])
    kept = counts[quality["keep"].to_numpy(bool)]

    def peak(n_parts):
        def parts():
            for number in range(n_parts):
                row = {"sample": f"S{number:03}", "donor": f"D{number:03}", "visit": "baseline"}
                described = cells.describe_cells(quality, labels, terms={}, sample=row)
                yield cells.Part(kept, GENES["one"], described)

        tracemalloc.start()
        try:
            n = write_bare(tmp_path, parts(), genes=genes)
            return n, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)  # what is imported and kept once
    (few, small), (many, large) = peak(5), peak(25)
    # pointers of the matrices and a table of a cell's ten texts would be 500 bytes and more
    assert (large - small) / (many - few) < 16


def test_any_reader_of_h5ad_knows_the_encodings(written, tmp_path):
    """Those of anndata 0.8; strings of pandas 3 and nulls came with 0.12, and Seurat's readers lack them."""
    known = {"anndata", "dataframe", "dict", "csr_matrix", "array", "string-array", "categorical", "string"}
    found = {}
    with h5py.File(written[3]) as file:
        file.visititems(lambda name, node: found.update({name: node.attrs.get("encoding-type", "")}))
    assert {name: kind for name, kind in found.items() if kind and kind not in known} == {}
    assert found["obs/cell"] == "string-array"


def test_tables_of_verdicts_are_beside_the_cells(written):
    _, table, *_ = written
    verdicts = table.uns["verdicts"]
    assert verdicts["id"].tolist() == ["B-total-w2"]
    assert verdicts["p_value"].tolist() == [0.01]
    assert table.uns["cd20scope"]["version"] == "1"


def test_scanpy_plots_the_file_without_further_work(written):
    _, table, *_ = written
    axes = sc.pl.umap(table, color=["population", "MS4A1"], show=False)
    assert len(axes) == 2
    sc.pl.dotplot(table, ["MS4A1", "CD79A"], groupby="population", show=False)


def test_scanpy_ranks_genes_of_the_file_without_further_work(written):
    _, table, *_ = written
    sc.tl.rank_genes_groups(table, "population", groups=["B naive", "NK"], method="wilcoxon")
    assert set(table.uns["rank_genes_groups"]["names"].dtype.names) == {"B naive", "NK"}


@pytest.mark.parametrize(("stored", "kind"), [(2**31 - 1, np.int32), (2**31, np.int64)])
def test_indices_and_pointers_have_one_type_that_takes_the_counts(stored, kind):
    """Of two types, scipy fails where it changes a matrix in its place (eliminate_zeros)."""
    matrix = cells.with_pointers(sparse.csr_matrix(np.eye(3, dtype=np.int32)), stored)
    assert matrix.indices.dtype == matrix.indptr.dtype == kind


def test_a_column_of_the_sheet_with_a_taken_name_stands_beside():
    _, quality, labels = sample("one", np.random.default_rng(1))
    row = {"sample": "one", "barcode": "AB12", "population": "sorted T cells"}
    found = cells.describe_cells(quality, labels, terms=cells.ontology_terms(POPULATIONS), sample=row)
    assert found["barcode"].iloc[0] == "ACGT0-1"
    assert found["population"].iloc[0] == "B naive"
    assert set(found["barcode_in_sheet"]) == {"AB12"}
    assert set(found["population_in_sheet"]) == {"sorted T cells"}
