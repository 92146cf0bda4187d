"""The cells by the schema of CELLxGENE: the same counts under Ensembl ids, and no name that the schema reserves."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from exported_cells import write_exported_cells

from cd20scope.export import cellxgene

# anndata's views still set an option that pandas 3 has given up
pytestmark = pytest.mark.filterwarnings("ignore:The 'mode.chained_assignment' option")


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.setattr(cellxgene, "BLOCK", 3)  # the cells do not fit into one block
    counts = write_exported_cells(tmp_path / "cells.h5ad")
    told = cellxgene.write_cellxgene(
        tmp_path / "out.h5ad", tmp_path / "cells.h5ad", title="A study", current={"CD79A": "ENSG00000105369"}
    )
    return told, ad.read_h5ad(tmp_path / "out.h5ad"), ad.read_h5ad(tmp_path / "cells.h5ad"), counts


def test_genes_are_those_with_an_id_of_their_own(written):
    told, table, _, _ = written
    assert told == (2, 3)
    assert table.var_names.tolist() == ["ENSG00000105369", "ENSG00000156738"]
    assert table.var["gene"].tolist() == ["CD79A", "MS4A1"]
    assert not table.var["feature_is_filtered"].any()
    assert "feature_is_filtered" not in table.raw.var


def test_raw_counts_and_normalised_values_are_those_of_the_export(written):
    _, table, exported, counts = written
    assert table.raw.X.dtype == table.X.dtype == np.float32
    np.testing.assert_array_equal(table.raw.X.toarray(), np.vstack([counts["a"], counts["b"]])[:, :2])
    np.testing.assert_allclose(table.X.toarray(), exported.X[:, :2].toarray(), rtol=1e-6)
    assert table.obs_names.tolist() == exported.obs_names.tolist()


def test_no_column_has_a_reserved_name(written):
    _, table, _, _ = written
    assert not cellxgene.TAKEN.intersection(table.obs) - {"donor_id"}
    assert set(table.obs["sex_in_sheet"]) == {"F"}
    assert set(table.obs["donor_id"]) == {"01"}
    assert table.obs["is_primary_data"].dtype == bool
    assert table.obs["is_primary_data"].all()
    assert set(table.obs["cell_type_ontology_term_id"]) == {"CL:0000788"}


def test_title_organism_and_tables_that_are_not_empty(written):
    _, table, _, _ = written
    assert table.uns["title"] == "A study"
    assert table.uns["organism_ontology_term_id"] == "NCBITaxon:9606"
    assert table.uns["verdicts"]["verdict"].tolist() == ["supported"]
    assert "technique" not in table.uns


GENES = pd.DataFrame(
    {"gene_id": ["ENSG00000105369", "ENSG00000156738.12", "ENSG99000000001"]},
    index=["CD79A", "MS4A1", "FAKE1"],
)


def test_genes_beyond_a_list_are_left_out_and_none_left_is_an_error():
    found = cellxgene.name_genes(GENES, {}, frozenset({"ENSG00000156738"}))
    assert found.to_dict() == {"MS4A1": "ENSG00000156738"}
    with pytest.raises(cellxgene.GeneIdError, match="none of 3 genes has an Ensembl id"):
        cellxgene.name_genes(GENES, {}, frozenset({"ENSG00000000001"}))


def test_the_id_of_the_table_takes_the_place_of_an_older_one_and_made_up_genes_have_none():
    found = cellxgene.name_genes(GENES, {"MS4A1": "ENSG00000000009", "NKG7": "ENSG00000105374"})
    assert found.to_dict() == {"CD79A": "ENSG00000105369", "MS4A1": "ENSG00000000009"}
