"""Features told apart by the words of their types and by their names."""

import csv
from pathlib import Path

import numpy as np
import pytest

from cd20scope.counts.matrix import IngestError
from cd20scope.ingest.formats import features

ROOT = Path(__file__).resolve().parents[4]
NONE = np.array([], dtype=np.str_)


def words(*texts):
    return np.array(texts, dtype=np.str_)


def told(names, types=(), ids=()):
    return features.tell_apart(words(*names), words(*ids), words(*types), where="x")


@pytest.mark.parametrize("gene", ["Gene Expression", "gene expression", "GEX", "RNA", ""])
@pytest.mark.parametrize("protein", ["Antibody Capture", "ADT", "protein", "antibody_capture"])
def test_known_words_are_types(gene, protein):
    found = told(["CD3D", "CD3", "g1"], [gene, protein, "Custom"])
    assert found.keep.tolist() == [True, False, False]
    assert found.antibodies.tolist() == [False, True, False]
    assert found.left_out == {"Custom": 1}


def test_biotypes_are_no_types():
    found = told(["CD3D", "MALAT1", "IGHM"], ["protein_coding", "lncRNA", "IG_C_gene"])
    assert found.keep.all()
    assert not found.left_out


@pytest.mark.parametrize("missing", ["", "nan", "None", "NA", "<NA>"])
def test_a_gene_without_a_type_beside_others_is_a_gene(missing):
    found = told(["CD3D", "LYZ", "IL2", "peak"], ["Gene Expression", missing, missing, "Peaks"])
    assert found.keep.tolist() == [True, True, True, False]


@pytest.mark.parametrize(
    "name",
    [
        "CD19_TotalSeqC", "CD4-TotalSeq-B", "HTO_1", "HTO1", "Hashtag3", "TotalSeqB_Hashtag_3", "adt_CD3", "CD3-ADT",
        "CD19:SJ25C1|CD19|AHS0030|pAbO", "SampleTag01_hs|stAbO", "CD3-CTCATTGTAACTCCT", "CMO301", "prot_CD3",
        "Mouse-IgG1", "IgG2a_isotype_Ctrl", "anti-CD20", "A0034_CD3", "Hash-tag 2", "antihuman CD20", "B0251",
    ],
)  # fmt: skip
def test_antibodies_and_hashtags_are_told_by_name(name):
    for types in ((), ("Gene Expression",) * 2):
        found = told(["CD3D", name], types)
        assert found.antibodies.tolist() == [False, True]
        assert found.keep.tolist() == [True, False]


def test_no_gene_has_the_name_of_an_antibody_or_a_sum():
    with (ROOT / "config/genes.tsv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE))
    names = {name for row in rows for name in (row["gene"], *row["other_names"].split(",")) if name}
    assert len(names) > 20_000
    assert [n for n in names if features.PROTEINS.search(n) or features.NO_GENES.fullmatch(n)] == []


@pytest.mark.parametrize(
    "name", ["__no_feature", "N_unmapped", "Total", "unmapped", "row sums", "nCount_RNA", "n_genes"]
)
def test_sums_and_reads_without_a_gene_are_left_out(name):
    found = told(["CD3D", name])
    assert found.keep.tolist() == [True, False]
    assert not found.antibodies.any()
    assert found.left_out == {"sums and reads without a gene": 1}


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("ERCC-00002", "spike-ins"),
        ("SIRV101", "spike-ins"),
        ("chr1:10109-10357", "regions of the genome"),
        ("GRCh38_chrX_100_200", "regions of the genome"),
        ("chrUn_KI270742v1-5-900", "regions of the genome"),
    ],
)
def test_spike_ins_and_regions_are_left_out_without_a_type(name, what):
    for types in ((), ("Gene Expression",) * 3):
        found = told(["CD3D", name, "ERCC1"], types)
        assert found.keep.tolist() == [True, False, True]
        assert found.left_out == {what: 1}


def test_antibodies_alone_are_no_genes():
    with pytest.raises(IngestError, match="no feature is a gene"):
        told(["HTO_1", "HTO_2"])


def test_words_that_biotypes_have_too_are_no_types_beside_other_words():
    found = told(["CD3D", "MALAT1", "LYZ"], ["gene", "transcript", "gene"])
    assert found.keep.all()
    assert told(["CD3D", "g1", "LYZ"], ["Gene Expression", "guides", "gene"]).left_out == {"guides": 1}
    assert told(["CD3D", "CD3"], ["RNA", "ADT"]).antibodies.tolist() == [False, True]


@pytest.mark.parametrize(
    "names",
    [
        ("CD3", "CD19-1", "CD45RA", "IgG2a"),
        ("CD3-UCHT1", "CD19-HIB19", "CD20-2H7", "CD4-RPA-T4"),
        ("CD3_p", "CD19_p", "HLA-DR_p"),
        ("anti-human CD4", "CD8", "TCRab"),
    ],
)
def test_surface_proteins_at_the_end_of_the_genes_are_antibodies(names):
    genes = ("CD19", "CD4", "LYZ", "MT-CO1", "AC007325.4")
    assert told([*genes, *names]).antibodies.tolist() == [False] * len(genes) + [True] * len(names)


@pytest.mark.parametrize(
    "names",
    [("CD79A", "CD19", "CD27-AS1"), ("CD8A", "CD8B", "CD9"), ("CD20", "CD3D"), ("IGHM", "IGHD", "CD38")],
)
def test_genes_of_surface_proteins_at_the_end_are_genes(names):
    assert told(["LYZ", *names]).keep.all()


@pytest.mark.parametrize(
    "name", ["Cluster", "seurat_clusters", "UMAP_1", "tSNE-2", "batch", "donor_id", "S.Score"]
)
def test_rows_about_the_cells_are_no_genes(name):
    assert told(["CD3D", name]).keep.tolist() == [True, False]


@pytest.mark.parametrize(
    ("names", "proteins"),
    [
        (("CD4", "CD4.1", "LYZ"), ["CD4.1"]),
        (("CD14", "CD3", "CD14-1", "CD3.1", "LYZ", "CD3"), ["CD3", "CD14-1", "CD3.1", "CD3"]),
        (("LYZ", "HLA-DRA", "CD19", "CD45RA", "CD19.1", "MS4A1"), ["CD45RA", "CD19.1"]),
    ],
)
def test_copies_of_surface_proteins_are_antibodies_wherever_they_stand(names, proteins):
    assert [name for name, told in zip(names, told(names).antibodies, strict=True) if told] == proteins


@pytest.mark.parametrize(
    "names",
    [
        ("CD99", "CD99.1", "IL3RA.1", "IL3RA"),
        ("TBCE", "TBCE.1", "MATR3.1", "MATR3"),
        ("AC007325.4", "CD8B2", "LYZ"),
        ("HLA-DRB1", "HLA-DRB5", "IGHG1", "CD27-AS1"),
    ],
)
def test_genes_made_unique_are_genes(names):
    assert told(names).keep.all()


def test_a_copy_with_an_id_of_its_own_is_a_gene():
    ids = [f"ENSG{number:011d}" for number in range(3)]
    assert told(["CD4", "CD4.1", "LYZ"], ids=ids).keep.all()
    assert told(["CD4", "CD4.1", "LYZ"], ids=[ids[0], "CD4.1", ids[2]]).antibodies.tolist() == [
        False,
        True,
        False,
    ]
