import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.optimize import minimize
from scipy.special import softmax
from sklearn.metrics import f1_score

from cd20scope import schema
from cd20scope.annotate import labels, soup
from cd20scope.annotate.model import decisions, features, regression
from cd20scope.annotate.model import fit as annotate
from cd20scope.annotate.model.fitted import Model, NodeModel, pack_model, unpack_model
from cd20scope.counts import matrix


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


def test_a_decision_that_fails_stops_those_that_wait(cohort, populations, monkeypatch):
    lognorm, begun = sp.vstack(list(cohort["lognorm"].values()), format="csr"), []
    fit_node = annotate._fit_node

    def fails_below_the_root(values, genes, spec, **settings):
        begun.append(spec.name)
        if spec.name != "root":
            raise RuntimeError(f"no {spec.name}")
        return fit_node(values, genes, spec, **settings)

    monkeypatch.setattr(annotate, "_fit_node", fails_below_the_root)
    with pytest.raises(RuntimeError, match="no B"):
        annotate.fit_model(lognorm, cohort["genes"], populations=populations, seed=0)
    assert begun[:2] == ["root", "B"]
    assert len(begun) <= 3  # of all that were ready, with one thread


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

    def by_hand(node):
        logits = dense @ node.weights + node.intercept
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return dict(zip(node.classes, (odds / odds.sum(axis=1, keepdims=True)).T, strict=True))

    root, t = by_hand(model.nodes["root"]), by_hand(model.nodes["T"])
    np.testing.assert_allclose(chances["Treg"], root["T"] * t["Treg"], atol=1e-5)
    np.testing.assert_allclose(chances["NK"], root["NK"], atol=1e-5)
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("molecules", "part_of_soup", "shown"),
    [
        ((0, 0), 0.0, False),
        ((1, 0), 0.0, False),
        ((9, 0), 0.0, False),  # one gene, however loud
        ((1, 1), 0.0, True),
        ((1, 1), 0.05, False),
        ((20, 10), 0.05, True),
    ],
)
def test_b_evidence_asks_for_two_genes_beyond_the_soup(molecules, part_of_soup, shown):
    genes = np.array(["MS4A1", "CD79A", "ACTB"])
    sample = soup.Soup(0.05, 0.0, 0.1, 3, np.array([0.0, part_of_soup, 1 - part_of_soup]))
    cells = sp.csr_matrix([[*molecules, 2000]])
    assert labels.b_evidence(cells, genes, panel=labels.B_GENES, soup=sample)[0] == shown


def test_a_gate_reckons_with_the_upper_limit_of_the_soup():
    genes, cells = np.array(["MS4A1", "CD79A", "ACTB"]), sp.csr_matrix([[2, 2, 2000]])
    profile = np.array([0.005, 0.005, 0.99])
    shown = [
        labels.b_evidence(cells, genes, panel=labels.B_GENES, soup=soup.Soup(0.02, 0.0, high, 3, profile))[0]
        for high in (0.02, 0.2)
    ]
    assert shown == [True, False]


def test_cd20_t_cells_are_flagged_only_without_other_b_transcripts():
    genes = np.array(["MS4A1", "CD79A", "IGKC", "CD3E"])
    cells = sp.csr_matrix(np.array([[1, 0, 0, 3], [1, 1, 0, 3], [1, 0, 2, 3], [0, 0, 0, 3], [1, 0, 0, 3]]))
    lineage = np.array(["CD4 T", "CD4 T", "CD8 T", "other T", "B"])
    assert labels.is_cd20_t(cells, genes, lineage).tolist() == [True, False, False, False, False]


def test_sharpness_recovers_a_known_temperature():
    logits = np.random.default_rng(0).normal(0, 2, size=(20_000, 3))
    found = regression._sharpness(logits / 4, softmax(logits, axis=1), np.ones(len(logits)))
    assert found == pytest.approx(4, rel=0.01)


def test_the_regression_gives_back_the_chances_it_was_taught():
    rng = np.random.default_rng(1)
    kind = np.repeat([0, 1, 2], [600, 300, 100])
    scaled = rng.normal(size=(1000, 300)) + np.eye(3)[kind] @ np.repeat(np.eye(3), 100, axis=1) * 0.8
    fit = regression.fit_regression(scaled, np.eye(3)[kind], balanced=False, seed=0)
    told = softmax(scaled @ fit.coefficients.T + fit.offset, axis=1)
    assert (told.argmax(axis=1) == kind).mean() > 0.95
    np.testing.assert_allclose(told.mean(axis=0), [0.6, 0.3, 0.1], atol=0.02)
    np.testing.assert_allclose(fit.confusion.sum(axis=1), 1)
    assert (np.diag(fit.confusion) > 0.8).all()


def test_estimated_cells_undo_the_confusion():
    confusion = np.array([[0.8, 0.2], [0.3, 0.7]])
    zero = np.zeros((1, 2))
    tree = {"nodes": [{"name": "T", "level": "branch"}]}
    model = Model(np.array(["G"]), np.ones(1), {"T": NodeModel("T", ("a", "b"), zero, zero[0], confusion)})
    # of 1,000 cells 100 are b: what is told of them is 0.2 * 900 + 0.7 * 100 = 250
    chances = pd.DataFrame({"a": np.full(1000, 0.75), "b": np.full(1000, 0.25), "NK": np.zeros(1000)})
    expected = labels.estimate_cells(chances, model, populations=tree)
    np.testing.assert_allclose(expected[["a", "b", "NK"]], [900, 100, 0], rtol=1e-3, atol=1e-6)
    # a share below what confusion alone gives is none, and few cells are left as they are
    low = pd.DataFrame({"a": np.full(1000, 0.9), "b": np.full(1000, 0.1)})
    assert labels.estimate_cells(low, model, populations=tree)["b"] == pytest.approx(0, abs=1e-3)
    few = labels.estimate_cells(low.head(20), model, populations=tree)
    assert few["b"] == pytest.approx(2)


def test_estimated_shares_are_the_nearest_that_are_none_below_zero():
    rng = np.random.default_rng(4)
    inside = 0
    for _ in range(60):
        n = int(rng.integers(2, 7))
        confusion = rng.dirichlet(np.ones(n), size=n) * 0.4 + 0.6 * np.eye(n)
        mean = rng.dirichlet(np.ones(n))
        found = labels._nearest_shares(confusion, mean)
        # the same by a general solver: sum of squares, with bounds and a sum of exactly 1
        asked = minimize(
            lambda p, c=confusion, m=mean: np.sum((c.T @ p - m) ** 2),
            np.full(n, 1 / n),
            bounds=[(0, 1)] * n,
            constraints={"type": "eq", "fun": lambda p: p.sum() - 1},
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
        )
        np.testing.assert_allclose(found / found.sum(), asked.x, atol=2e-5)
        inside += bool(found.min() > 1e-6)
    assert 10 < inside < 50  # both ways were tried


def test_dropped_cells_are_unassigned():
    kept = pd.DataFrame(
        {
            "lineage": ["B"],
            "population": ["B naive"],
            "likeliest": ["B naive"],
            "subset": ["naive"],
            "probability": np.array([0.9], dtype=np.float32),
            "subset_probability": np.array([0.7], dtype=np.float32),
            "cd20_t": [False],
            "CD4 memory / Th1": np.array([0.2], dtype=np.float32),
        }
    )
    table = labels.spread(kept, keep=np.array([False, True]), barcodes=np.array(["x", "y"]))
    assert table.columns.tolist() == [*schema.LABELS, "CD4 memory / Th1"]
    dropped = table.loc["x"]
    assert dropped[["lineage", "population", "likeliest", "subset"]].tolist() == [schema.UNASSIGNED] * 4
    assert dropped["probability"] == 0
    assert np.isnan(dropped["subset_probability"])
    assert not dropped["cd20_t"]
    assert dropped["CD4 memory / Th1"] == 0
    assert table.loc["y", "population"] == "B naive"


def _twenty_kinds_and_a_rare_one(cohort, *, rare, n):
    """Lognorm of the cohort without a population but for ``n`` of its cells, and the truth."""
    truth = np.concatenate(list(cohort["truth"].values()))
    lognorm = sp.vstack(list(cohort["lognorm"].values()), format="csr")
    of_rare = np.flatnonzero(truth == rare)
    drop = of_rare[n:]
    kept = np.setdiff1d(np.flatnonzero(truth != "doublet"), drop)
    return lognorm[kept], truth[kept]


def test_twenty_cells_of_a_class_are_found(cohort, populations):
    lognorm, truth = _twenty_kinds_and_a_rare_one(cohort, rare="Treg", n=20)
    assert (truth == "Treg").sum() == 20
    model, _ = annotate.fit_model(lognorm, cohort["genes"], populations=populations, seed=0)
    values = features.take_features(lognorm, cohort["genes"], features=model.genes, cap=model.cap)
    called = labels.probabilities(values, model, populations=populations).idxmax(axis=1).to_numpy()
    assert ((called == "Treg") & (truth == "Treg")).sum() >= 12
    assert ((called == "Treg") & (truth != "Treg")).sum() <= 12


def test_a_class_within_a_branch_that_is_absent_gets_no_cells(cohort, populations):
    for absent in ("DC", "MAIT", "gdT"):
        lognorm, _ = _twenty_kinds_and_a_rare_one(cohort, rare=absent, n=0)
        model, _ = annotate.fit_model(lognorm, cohort["genes"], populations=populations, seed=0)
        assert all(absent not in node.classes for node in model.nodes.values()), absent


def test_soup_alone_makes_no_b_cell(cohort, fitted, populations):
    """A sample without B cells whose droplets take in as many B transcripts as 15 % of soup would hold."""
    name = next(name for name in cohort["counts"] if name.endswith("baseline"))
    truth, counts = cohort["truth"][name], cohort["counts"][name]
    b = np.isin(truth, ["B naive", "B memory"])
    others = np.flatnonzero(~np.isin(truth, ["B naive", "B memory", "Plasma", "doublet"]))
    profile = np.asarray(counts.sum(axis=0), dtype=float).ravel()
    profile[:] = profile * 0.5 + np.asarray(counts[np.flatnonzero(b)].sum(axis=0)).ravel()
    kept = counts[others]
    total = np.asarray(kept.sum(axis=1), dtype=float).ravel()
    rng = np.random.default_rng(2)
    soaked = sp.csr_matrix(kept + rng.poisson(np.outer(total * 0.15 / 0.85, profile / profile.sum())))
    found = labels.label_cells(
        soaked,
        matrix.log_normalise(soaked),
        cohort["genes"],
        fitted["model"],
        populations=populations,
        min_probability=0.5,
        min_probability_hard=0.8,
    )
    assert found.soup.share > 0.1
    assert found.cells["population"].isin(["B naive", "B memory"]).mean() <= 0.001


def test_two_runs_give_the_same_model(cohort, populations):
    name = next(iter(cohort["counts"]))
    models = [
        annotate.fit_model(cohort["lognorm"][name], cohort["genes"], populations=populations, seed=5)[0]
        for _ in range(2)
    ]
    for node in models[0].nodes:
        np.testing.assert_array_equal(models[0].nodes[node].weights, models[1].nodes[node].weights)


def test_the_number_of_threads_changes_nothing(cohort, populations):
    lognorm = sp.vstack(list(cohort["lognorm"].values()), format="csr")
    shared = {"populations": populations, "seed": 0}
    one, components = annotate.fit_model(lognorm, cohort["genes"], **shared, threads=1)
    two, same = annotate.fit_model(lognorm, cohort["genes"], **shared, threads=2)
    assert list(one.nodes) == list(two.nodes)
    np.testing.assert_array_equal(components, same)
    expected, found = pack_model(one), pack_model(two)
    assert all(np.array_equal(expected[name], found[name]) for name in expected)


def test_log_normalised_input_is_what_ingest_gives(cohort):
    name = next(iter(cohort["counts"]))
    totals = np.expm1(matrix.log_normalise(cohort["counts"][name]).toarray().astype(float)).sum(axis=1)
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
