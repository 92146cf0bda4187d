import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.metrics import f1_score

from cd20scope import annotate, decisions, features, ingest, labels, schema
from cd20scope.model import pack_model, unpack_model


def test_the_tree_is_cut_into_root_branches_and_populations(populations):
    specs = {spec.name: spec for spec in decisions.node_specs(populations)}
    assert {"B", "T", "NK", "Myeloid", "Plasma"} <= set(specs["root"].classes)
    assert specs["T"].classes == ("CD4 naive", "CD4 memory", "Treg", "CD8 naive", "CD8 memory", "MAIT", "gdT")
    assert specs["Treg"].classes == ("naive", "effector")
    by_name = {node["name"]: node for node in populations["nodes"] if node["level"] != "subset"}
    # a population below a branch below the branch is told by the markers of both
    assert specs["T"].markers["Treg"] == [by_name["Treg"]["markers"], by_name["CD4 T"]["markers"]]
    assert [spec.name for spec in specs.values() if spec.absolute] == ["root"]


def test_labels_find_the_simulated_truth(cohort, fitted):
    truth = np.concatenate(list(cohort["truth"].values()))
    found = pd.concat(fitted["labels"].values(), ignore_index=True)
    cells = truth != "doublet"
    common = sorted(set(truth[cells]) - {"HSPC", "Erythroid", "Platelet", "pDC", "Plasma", "DC"})
    score = f1_score(truth[cells], found["population"][cells], labels=common, average="macro")
    assert score > 0.9


def test_depleted_samples_hold_no_invented_b_cells(cohort, fitted):
    for name, table in fitted["labels"].items():
        if name.endswith("week2"):
            not_b = ~np.isin(cohort["truth"][name], ["B naive", "B memory", "Plasma", "doublet"])
            assert not table.loc[not_b, "population"].isin(["B naive", "B memory"]).any()


def test_a_class_absent_from_the_cohort_gets_no_cells(cohort, populations):
    keep = {
        name: ~np.isin(truth, ["B naive", "B memory", "doublet"]) for name, truth in cohort["truth"].items()
    }
    lognorm = sp.vstack([cohort["lognorm"][name][rows] for name, rows in keep.items()], format="csr")
    model, _ = annotate.fit_model(lognorm, cohort["genes"], populations=populations, seed=0)
    assert "B" not in model.nodes["root"].classes
    assert "T" in model.nodes["root"].classes


def test_the_target_and_receptor_genes_are_no_features(cohort, populations, fitted):
    chosen = set(fitted["model"].genes)
    assert "CD79A" in chosen
    assert not {"MS4A1", "IGHM", "IGHD", "MT-CO1", "RPL3", "MALAT1"} & chosen


def test_features_are_aligned_by_name_and_absent_genes_are_zero():
    lognorm = sp.csr_matrix(np.array([[1.0, 5.0, 2.0]], dtype=np.float32))
    taken = features.take_features(
        lognorm, np.array(["A", "B", "C"]), features=np.array(["C", "X", "B"]), cap=np.array([9.0, 9.0, 3.0])
    )
    np.testing.assert_array_equal(taken.toarray(), [[2.0, 0.0, 3.0]])


def test_a_model_survives_packing(fitted, cohort, populations, tmp_path):
    np.savez(tmp_path / "model.npz", **pack_model(fitted["model"]))
    with np.load(tmp_path / "model.npz") as arrays:
        again = unpack_model(arrays)
    name = next(iter(cohort["counts"]))
    chances = [
        labels.probabilities(
            features.take_features(
                cohort["lognorm"][name], cohort["genes"], features=model.genes, cap=model.cap
            ),
            model,
            populations=populations,
        )
        for model in (fitted["model"], again)
    ]
    pd.testing.assert_frame_equal(*chances)


def test_probabilities_are_products_down_the_tree(fitted, cohort, populations):
    model = fitted["model"]
    name = next(iter(cohort["counts"]))
    values = features.take_features(
        cohort["lognorm"][name], cohort["genes"], features=model.genes, cap=model.cap
    )
    chances = labels.probabilities(values, model, populations=populations)
    dense = values.toarray().astype(float)

    def softmax(node):
        logits = dense @ node.weights + node.intercept
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return dict(zip(node.classes, (odds / odds.sum(axis=1, keepdims=True)).T, strict=True))

    root, t = softmax(model.nodes["root"]), softmax(model.nodes["T"])
    np.testing.assert_allclose(chances["Treg"], root["T"] * t["Treg"], atol=1e-5)
    np.testing.assert_allclose(chances["NK"], root["NK"], atol=1e-5)
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("molecules", "share_elsewhere", "shown"),
    [(0, 0.0, False), (1, 0.0, False), (2, 0.0, True), (2, 0.05, False), (30, 0.05, True)],
)
def test_b_evidence_is_measured_against_the_soup(molecules, share_elsewhere, shown):
    genes = np.array(["MS4A1", "CD79A", "ACTB"])
    others = np.array([[0, round(2000 * share_elsewhere), 2000]] * 99)
    cells = np.vstack([[molecules, 0, 2000], others])
    assert labels.b_evidence(sp.csr_matrix(cells), genes, panel=labels.B_GENES)[0] == shown


def test_cd20_t_cells_are_flagged_only_without_other_b_transcripts():
    genes = np.array(["MS4A1", "CD79A", "IGKC", "CD3E"])
    cells = sp.csr_matrix(np.array([[1, 0, 0, 3], [1, 1, 0, 3], [1, 0, 2, 3], [0, 0, 0, 3], [1, 0, 0, 3]]))
    lineage = np.array(["CD4 T", "CD4 T", "CD8 T", "other T", "B"])
    assert labels._is_cd20_t(cells, genes, lineage).tolist() == [True, False, False, False, False]


def test_sharpness_recovers_a_known_temperature():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, size=(20_000, 3))
    odds = np.exp(logits)
    drawn = (odds.cumsum(axis=1) / odds.sum(axis=1, keepdims=True) < rng.random((len(odds), 1))).sum(axis=1)
    assert annotate._sharpness(logits / 4, drawn) == pytest.approx(4, rel=0.05)


def test_dropped_cells_are_unassigned():
    kept = pd.DataFrame(
        {
            "lineage": ["B"],
            "population": ["B naive"],
            "subset": ["naive"],
            "probability": [0.9],
            "cd20_t": [False],
        }
    )
    table = labels.spread(kept, keep=np.array([False, True]), barcodes=np.array(["x", "y"]))
    assert table.columns.tolist() == list(schema.LABELS)
    assert table.loc["x"].tolist() == [schema.UNASSIGNED] * 3 + [0.0, False]
    assert table.loc["y", "population"] == "B naive"


def test_two_runs_give_the_same_model(cohort, populations):
    name = next(iter(cohort["counts"]))
    models = [
        annotate.fit_model(cohort["lognorm"][name], cohort["genes"], populations=populations, seed=5)[0]
        for _ in range(2)
    ]
    for node in models[0].nodes:
        np.testing.assert_array_equal(models[0].nodes[node].weights, models[1].nodes[node].weights)


def test_log_normalised_input_is_what_ingest_gives(cohort):
    name = next(iter(cohort["counts"]))
    totals = np.expm1(ingest.log_normalise(cohort["counts"][name]).toarray().astype(float)).sum(axis=1)
    np.testing.assert_allclose(totals, 10_000, rtol=1e-4)


def test_a_population_is_refined_only_where_two_subsets_are_seen(fitted, populations):
    refined = {node["parent"] for node in populations["nodes"] if node["level"] == "subset"}
    found = {name: node.classes for name, node in fitted["model"].nodes.items() if name in refined}
    assert found
    assert all(len(classes) >= 2 for classes in found.values())
    subsets = pd.concat(fitted["labels"].values())
    told = subsets.loc[subsets["subset"] != schema.UNASSIGNED, "population"].unique()
    assert set(told) <= set(found)


def test_genes_of_another_species_are_answered_in_words(cohort, populations):
    name = next(iter(cohort["counts"]))
    mouse = np.array([gene.capitalize() for gene in cohort["genes"]])
    with pytest.raises(ValueError, match=r"Of \d+ marker genes \d+ are in the data.*human blood cells"):
        annotate.fit_model(cohort["lognorm"][name], mouse, populations=populations, seed=0)
