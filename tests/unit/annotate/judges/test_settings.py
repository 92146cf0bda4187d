"""What the judges of the labels need is asked for in words, before anything runs; their words reach the tree."""

from pathlib import Path

import count_files
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import yaml
from judge_files import sha256, write_labelled

from cd20scope.annotate.judges import input_labels
from cd20scope.annotate.judges import settings as judges
from cd20scope.counts.matrix import IngestError
from cd20scope.schema import UNASSIGNED
from cd20scope.study.strict_yaml import ConfigError

GENES = [f"G{number}" for number in range(5)]
BARCODES = ["AAAC-1", "AAAG-1", "AACC-1", "AACG-1"]
SUM = "0" * 64


def settings(**keys):
    return {"method": "markers", **keys}


def problems(populations, **keys):
    with pytest.raises(ConfigError) as caught:
        judges.check_settings(settings(**keys), populations=populations)
    return "\n".join(caught.value.problems)


def test_one_method_or_a_list():
    assert judges.methods("obs") == ["obs"]
    assert judges.methods(["markers", "obs"]) == ["markers", "obs"]


def test_a_model_without_checksum_is_refused_and_told_why(populations):
    said = problems(populations, method="celltypist", celltypist={"model": "m.pkl", "labels": {}})
    assert "sha256 is missing" in said
    assert "pickle" in said
    judges.check_settings(
        settings(method="celltypist", celltypist={"model": "m.pkl", "sha256": SUM, "labels": {}}),
        populations=populations,
    )


def test_a_judge_without_its_section_is_refused(populations):
    said = problems(populations, method=["markers", "reference"])
    assert "annotate > reference" in said
    assert "celltypist" not in said


def test_a_label_mapped_to_nothing_known_names_the_nearest(populations):
    labels = {"Tregs": "Tregg", "Tem": "CD4 memory / efector memory", "B": "B naive", "x": "CD4 T"}
    said = problems(populations, obs={"column": "c", "labels": labels})
    assert 'labels > Tregs: unknown population "Tregg". Did you mean "Treg"?' in said
    assert 'Did you mean "CD4 memory / effector memory"?' in said
    assert "labels > x" in said, "a set of populations is no label of a cell"
    assert "labels > B:" not in said


def test_a_checksum_must_be_that_of_the_file(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(b"anything")
    judges.check_sum(path, sha256=sha256(path).upper())
    with pytest.raises(
        ValueError, match=f"{sha256(path)}, the configuration states {SUM}. Because it runs. Fetch"
    ):
        judges.check_sum(path, sha256=SUM, why="Because it runs")


def test_labels_are_translated_by_name_then_by_mapping(populations):
    mapping = {"Tregs": "Treg", "tem": "CD4 memory / effector memory", "Doublet": UNASSIGNED, 7: "NK"}
    told = ["Treg", "Treg / effector", "Tregs", "tem", "Doublet", "7", "Neutrophil", ""]
    table = judges.translate(told, mapping=mapping, populations=populations)
    assert table.index.tolist() == told
    assert list(table.itertuples(index=False, name=None)) == [
        ("Treg", UNASSIGNED),
        ("Treg", "effector"),
        ("Treg", UNASSIGNED),
        ("CD4 memory", "effector memory"),
        (UNASSIGNED, UNASSIGNED),
        ("NK", UNASSIGNED),
        (UNASSIGNED, UNASSIGNED),
        (UNASSIGNED, UNASSIGNED),
    ]
    # the name of a population may be mapped to another
    moved = judges.translate(["Treg"], mapping={"Treg": "CD4 memory"}, populations=populations)
    assert moved.loc["Treg", "population"] == "CD4 memory"


def test_a_mapping_of_labels_that_are_not_there_names_the_nearest(populations):
    with pytest.raises(ConfigError, match=r'unknown label "Tcm/Naive". Did you mean "Tcm/naive"'):
        judges.check_mapping(
            ["Tcm/naive", "NK"],
            mapping={"Tcm/Naive": "CD4 naive"},
            populations=populations,
            judge="celltypist",
        )
    with pytest.raises(ConfigError, match=r"none of the labels is the name of a population.*they are: a, b"):
        judges.check_mapping(["a", "b", ""], mapping={}, populations=populations, judge="obs")
    judges.check_mapping(["NK", "b"], mapping={}, populations=populations, judge="obs")


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    counts = sp.csr_matrix(np.ones((4, 5)))
    path = tmp_path_factory.mktemp("labelled") / "s1.h5ad"
    columns = {
        "author": pd.Categorical(["NK", None, "Treg", "NK"]),
        "cluster": [3, 1, 1, 3],
        "text": ["NK", "Treg", "Treg", "NK"],
    }
    return write_labelled(path, counts, GENES, BARCODES, **columns)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("author", ["NK", "", "Treg", "NK"]),
        ("cluster", ["3", "1", "1", "3"]),
        ("text", ["NK", "Treg", "Treg", "NK"]),
    ],
)
def test_a_column_of_any_kind_is_read_as_text(labelled, column, expected):
    found = input_labels.read_labels(labelled, column=column, key="annotate > obs")
    assert found.index.tolist() == BARCODES
    assert found.tolist() == expected


def test_a_missing_column_is_answered_with_those_found(labelled):
    with pytest.raises(IngestError, match=r"s1.h5ad: obs has no column 'autor'; found author, cluster, text"):
        input_labels.read_labels(labelled, column="autor", key="annotate > obs")


def test_a_file_that_cannot_hold_labels_is_refused(tmp_path):
    from count_files import counts, write_10x_h5

    path = write_10x_h5(tmp_path / "a.h5", counts())
    for place in (path, tmp_path):
        with pytest.raises(IngestError, match="holds no labels for annotate > obs"):
            input_labels.check_column(place, column="author", key="annotate > obs")


def test_labels_follow_the_barcodes_of_the_sample_exactly(labelled):
    found = input_labels.read_labels(labelled, column="text", key="k")
    wanted = np.array(["AACG-1", "AAAG-1"])
    assert input_labels.align_labels(found, wanted, where="s1.h5ad").tolist() == ["NK", "Treg"]
    with pytest.raises(
        ValueError, match=r"s1.h5ad: 1 of 2 cells of the sample are not in it, such as 'AACG'"
    ):
        input_labels.align_labels(found, np.array(["AACG", "AAAG-1"]), where="s1.h5ad")


def test_labels_of_all_files_are_checked_at_once(labelled, tmp_path, populations):
    def check(files, column="author", mapping=()):
        input_labels.check_labels(
            files, column=column, mapping=dict(mapping), populations=populations, judge="obs"
        )

    check({"sample s1": labelled})
    other = write_labelled(
        tmp_path / "s2.h5ad", sp.csr_matrix(np.ones((4, 5))), GENES, BARCODES, text=["x"] * 4
    )
    # a label need not occur in every sample
    check({"sample s1": labelled, "sample s2": other}, column="text", mapping={"x": "DC"})
    with pytest.raises(
        judges.JudgeError, match=r"sample s2: .*s2.h5ad: obs has no column 'author'; found text"
    ):
        check({"sample s1": labelled, "sample s2": other})
    with pytest.raises(ConfigError, match=r'annotate > obs > labels.*\n.*unknown label "Tregs"'):
        check({"sample s1": labelled}, mapping={"Tregs": "Treg"})


def test_labels_of_anndata_0_7_are_read_as_text(tmp_path):
    labels = ["NK", "B", None] * (count_files.N_CELLS // 3)
    with h5py.File(tmp_path / "old.h5ad", "w") as file:
        count_files.write_old_anndata(file, count_files.counts(), obs={"author": labels})
    found = input_labels.read_labels(tmp_path / "old.h5ad", column="author", key="k")
    assert found.tolist() == [label or "" for label in labels]
    assert found.index.tolist() == count_files.BARCODES


MAPS = sorted((Path(__file__).resolve().parents[4] / "config/label_maps").glob("*.yaml"))


@pytest.mark.parametrize("path", MAPS, ids=lambda path: path.stem)
def test_shipped_translations_name_populations_of_the_shipped_tree(path, populations):
    stored = yaml.safe_load(path.read_text(encoding="utf-8"))
    known = judges.targets(populations)
    assert [target for target in stored.values() if target and target not in known] == []
    assert f"; {len(stored)} labels" in path.read_text(encoding="utf-8").splitlines()[0]
    labels = judges.read_label_map(path, populations=populations)
    assert list(labels) == list(stored)
    judges.check_settings(
        settings(celltypist={"model": "m.pkl", "sha256": SUM, "labels": labels}), populations=populations
    )
    judges.check_mapping(stored, mapping=labels, populations=populations, judge="celltypist")


def test_the_configuration_names_exactly_the_shipped_translations():
    schema = yaml.safe_load((MAPS[0].parents[2] / "workflow/schemas/config.schema.yaml").read_text())
    judge = schema["properties"]["annotate"]["properties"]["celltypist"]
    named = judge["properties"]["labels"]["pattern"].strip("^$()").split("|")
    assert sorted(named) == [path.stem for path in MAPS]


def test_a_translation_is_fitted_to_the_tree(tmp_path, populations):
    """A subset that the tree lacks becomes its population, a population that it lacks nothing."""
    path = tmp_path / "Model.yaml"
    path.write_text(
        'Tem: CD4 memory / effector memory\nGranulocytes: ""\nTregs: Treg / effector\nDC1: DC / cDC1\n'
    )
    nodes = [
        node
        for node in populations["nodes"]
        if not (node["name"] == "DC" or node["parent"] == "DC" or node["parent"] == "Treg")
    ]
    assert judges.read_label_map(path, populations=populations | {"nodes": nodes}) == {
        "Tem": "CD4 memory / effector memory",
        "Granulocytes": UNASSIGNED,
        "Tregs": "Treg",
        "DC1": UNASSIGNED,
    }
