"""Other labels: main sums plus differences are the sums under those labels; scores and shares follow."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import yaml

from cd20scope import schema
from cd20scope.programs import arms as score_arms
from cd20scope.programs import random_sets, scores
from cd20scope.pseudobulk import relabelled
from cd20scope.pseudobulk.cohort import LeafSums
from cd20scope.pseudobulk.leaves import stack_cells
from cd20scope.pseudobulk.sample import count_leaves, sum_leaves
from workflow.running import ROOT

TREE = yaml.safe_load((ROOT / "config/populations.yaml").read_text())
GENES = np.array([f"G{i}" for i in range(40)] + ["HLA-DRA", "IGKC"])
PROGRAMS = {
    "programs": [{"name": "P", "role": "endpoint", "genes": ["G0", "G1", "G2"], "populations": ["Treg"]}]
}
SHARED = {"populations": TREE, "programs": PROGRAMS, "tests": [("Treg", "P")], "seed": 3, "n_controls": 5}


def sample(seed, n=300):
    """Counts and labels of one sample, some of them unsure, some flagged."""
    rng = np.random.default_rng(seed)
    population = rng.choice(["Treg", "CD4 memory", "B naive"], n)
    probability = rng.uniform(0.2, 1.0, n)
    labels = pd.DataFrame(
        {
            "lineage": "CD4 T",
            "population": np.where(probability >= 0.5, population, schema.UNASSIGNED),
            "likeliest": population,
            "subset": schema.UNASSIGNED,
            "probability": probability,
            "subset_probability": np.nan,
            "cd20_t": (population != "B naive") & (rng.random(n) < 0.1),
            "Treg / naive": np.where(population == "Treg", rng.random(n), 0.0),
        }
    )
    told = (labels["population"] == "Treg") & (labels["Treg / naive"] >= 0.8)
    labels.loc[told, "subset"] = "naive"
    labels.loc[labels["population"] == "Treg", "subset_probability"] = np.maximum(
        labels["Treg / naive"], 1 - labels["Treg / naive"]
    )
    counts = sp.csr_matrix(rng.poisson(1.0, (n, len(GENES))))
    return labels, counts, counts.astype(np.float64).log1p().tocsr()


def arms_of(labels):
    return relabelled.relabel(labels, populations=TREE, min_probability=0.5, min_probability_hard=0.8)


def test_each_arm_labels_as_it_says():
    labels, *_ = sample(0)
    arms = arms_of(labels)
    assert list(arms) == ["strict", "lenient", "without_cd20_t"]
    assert ((arms["strict"]["population"] != schema.UNASSIGNED) == (labels["probability"] >= 0.75)).all()
    naive = (arms["strict"]["subset"] == "naive").to_numpy()
    expected = (
        (labels["probability"] >= 0.75)
        & (labels["subset_probability"] >= 0.9)
        & (labels["subset"] == "naive")
    )
    assert (naive == expected.to_numpy()).all()
    assert (arms["lenient"]["population"] == labels["likeliest"]).all()
    lenient = (labels["likeliest"] == "Treg") & (labels["Treg / naive"] >= 0.5)
    assert ((arms["lenient"]["subset"] == "naive") == lenient).all()
    gone = arms["without_cd20_t"]["population"].isna()
    assert (gone == labels["cd20_t"]).all()


@pytest.mark.parametrize("arm", ["strict", "lenient", "without_cd20_t"])
def test_sums_plus_differences_are_the_sums_under_the_labels_of_the_arm(arm):
    labels, counts, lognorm = sample(1)
    arms = arms_of(labels)
    cells, sums = relabelled.differences(labels, arms, counts, lognorm, GENES, populations=TREE)
    assert tuple(cells.columns) == schema.ARM_CELLS
    assert tuple(sums.columns) == schema.ARM_SUMS
    keys = ["population", "subset"]

    def total(tables, value, by):
        return pd.concat(tables).astype(dict.fromkeys(by, str)).groupby(by)[value].sum()

    main_cells = count_leaves(labels, populations=TREE)
    main_sums = sum_leaves(counts, lognorm, GENES, labels, populations=TREE)
    kept = arms[arm]["population"].notna().to_numpy()
    again = arms[arm][kept].reset_index(drop=True)
    other_cells = count_leaves(again, populations=TREE)
    other_sums = sum_leaves(counts[kept], lognorm[kept], GENES, again, populations=TREE)
    n = total([main_cells, cells[cells["arm"] == arm]], "n_cells", keys)
    pd.testing.assert_series_equal(n, total([other_cells], "n_cells", keys))
    by = [*keys, "gene"]
    ours = total([main_sums, sums[sums["arm"] == arm]], "lognorm", by)
    expected = total([other_sums], "lognorm", by).reindex(ours.index, fill_value=0.0)
    assert ours.to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-3)


def cohort(change=0.0, soup=0.0):
    """Six donors at two visits, as the labelling jobs leave them."""
    sheet = pd.DataFrame(
        [(f"D{i}_{v}", f"D{i}", v) for i in range(6) for v in ("baseline", "month6")],
        columns=["sample", "donor", "visit"],
    )
    tables = {"cells": {}, "sums": {}, "arm_cells": {}, "arm_sums": {}}
    for number, row in enumerate(sheet.itertuples()):
        labels, _, values = sample(number + 10)
        lognorm = values.toarray() + np.random.default_rng([9, number // 2]).normal(0, 0.1, len(GENES))
        if row.visit == "month6":
            lognorm[:, :3] += change
            lognorm[:, 40:] -= soup
        # as in real sums, counts and values are stored at the same places
        lognorm, counts = sp.csr_matrix(lognorm), sp.csr_matrix(np.ones(lognorm.shape, dtype=int))
        name = row.sample
        tables["cells"][name] = count_leaves(labels, populations=TREE)
        tables["sums"][name] = sum_leaves(
            sp.csr_matrix(np.ones_like(lognorm.toarray(), dtype=int)),
            lognorm,
            GENES,
            labels,
            populations=TREE,
        )
        tables["arm_cells"][name], tables["arm_sums"][name] = relabelled.differences(
            labels, arms_of(labels), counts, lognorm, GENES, populations=TREE
        )
    sums = LeafSums.collect(
        tables["sums"].items(),
        leaves=stack_cells(tables["cells"]),
        sheet=sheet,
        genes=pd.DataFrame({"gene": GENES, "n_samples": len(sheet)}),
    )
    by_arm = score_arms.collect_arms(
        sums,
        read=lambda arm: ((name, table[table["arm"] == arm]) for name, table in tables["arm_sums"].items()),
        cells=tables["arm_cells"],
        sheet=sheet,
    )
    return sums, dict(by_arm)


def test_scores_under_other_labels_use_the_controls_of_the_main_score():
    sums, by_arm = cohort()
    table = score_arms.score_arms(sums, by_arm.items(), **SHARED, split=())
    assert tuple(table.columns) == (*score_arms.ARM_COLUMNS, "control")
    main, _ = scores.score_programs(sums, **SHARED, split=())
    lenient = table[table["arm"] == "lenient"]
    assert (lenient["n_cells"].to_numpy() > main["n_cells"].to_numpy()).all()
    weights = scores.compute_weights(sums, **SHARED, split=())["Treg", "P"].total
    selected = sums.select(TREE, "Treg")
    mean = by_arm["lenient"].add_up(selected, value="lognorm") / by_arm["lenient"].n_cells(selected)[:, None]
    assert lenient["score"].to_numpy() == pytest.approx(mean @ weights, abs=1e-4)


def test_the_arm_without_soup_genes_exists_where_they_contribute():
    sums, _ = cohort(soup=1.0)
    soupy = {"programs": [{**PROGRAMS["programs"][0], "genes": ["G0", "G1", "HLA-DRA"]}]}
    options = SHARED | {"programs": soupy} | {"not_controls": {"IGKC"}}
    table = score_arms.score_arms(sums, (), **options, split=())
    assert table["arm"].unique().tolist() == ["without_hla_ig"]

    def fall(scored):
        visits = scored.groupby("visit")["score"].mean()
        return visits["month6"] - visits["baseline"]

    main, _ = scores.score_programs(sums, **options, split=())
    assert fall(main) < -0.25
    assert abs(fall(table)) < 0.1
    clean = SHARED | {"not_controls": {"IGKC", "HLA-DRA"}}
    assert score_arms.score_arms(sums, (), **clean, split=()).empty


def hold(sums, **options):
    weighed = scores.compute_weights(sums, **SHARED, split=())
    return random_sets.compare_random(
        sums,
        weighed,
        populations=TREE,
        contrasts=[("month6", "baseline")],
        excluded={"G0", "G1", "G2", "HLA-DRA", "IGKC"},
        seed=5,
        n_sets=200,
        **options,
    ).iloc[0]


def test_a_planted_programme_stands_out_from_random_gene_sets():
    row = hold(cohort(change=0.5)[0])
    assert row["p_random"] == pytest.approx(1 / 201)
    assert row["t"] > row["t_random_high"]
    quiet = hold(cohort()[0])
    assert quiet["p_random"] > 0.02
    assert quiet["t_random_low"] < 0 < quiet["t_random_high"]
    few = hold(cohort()[0], min_pairs=7)
    assert (few["status"], few["reason"]) == ("not testable", "6 complete pairs, 7 needed")


def test_random_genes_are_of_like_expression_and_eligible():
    rng = np.random.default_rng(0)
    mean = np.arange(100.0)
    members = np.zeros(100, dtype=bool)
    members[[10, 90]] = True
    drawn = random_sets.draw_sets(members, mean, eligible=~members, rng=rng, n_sets=300, width=10)
    assert drawn.shape == (300, 2)
    assert not members[drawn].any()
    assert (np.abs(drawn[:, 0] - 10) <= 10).all()
    assert (np.abs(drawn[:, 1] - 90) <= 10).all()
