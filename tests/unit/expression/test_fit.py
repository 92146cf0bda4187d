"""Pseudobulk against plain loops, the model against planted genes."""

import warnings

import numpy as np
import pandas as pd
import pytest
from pseudobulk_tables import simulated

from cd20scope.expression import fit
from cd20scope.pseudobulk.cohort import LeafSums
from cd20scope.pseudobulk.leaves import stack_cells

WEEK2, MONTH6, LATE = ("week2", "baseline"), ("month6", "baseline"), ("month6", "week2")
CONTRASTS = [WEEK2, MONTH6, LATE]
POPULATIONS = {
    "nodes": [
        *({"name": name, "level": "population", "parent": None} for name in ("Treg", "NK")),
        {"name": "effector", "level": "subset", "parent": "Treg"},
    ],
    "sets": [{"name": "both", "members": ["Treg", "NK"]}],
}
LEAVES = [("Treg", "effector"), ("Treg", "unassigned"), ("NK", "unassigned")]
GENES = ["A", "B", "C", "D"]


def long_tables(seed=0, donors=2, visits=("baseline", "week2")):
    """Random sums and cells, one table per sample; donor D0 has two samples at baseline."""
    rng = np.random.default_rng(seed)
    keys = [(f"D{i}", visit) for i in range(donors) for visit in visits] + [("D0", "baseline")]
    sheet = pd.DataFrame(
        [(f"S{i}", *key) for i, key in enumerate(keys)], columns=["sample", "donor", "visit"]
    )
    sums, cells = {}, []
    for sample in sheet["sample"]:
        rows = [(*leaf, gene) for leaf in LEAVES for gene in GENES if rng.random() > 0.2]
        table = pd.DataFrame(rows, columns=["population", "subset", "gene"]).astype("category")
        sums[sample] = table.assign(
            counts=rng.integers(1, 50, len(rows)), lognorm=rng.random(len(rows)).astype(np.float32)
        )
        leaves = pd.DataFrame(LEAVES, columns=["population", "subset"])
        cells.append(leaves.assign(sample=sample, n_cells=rng.integers(0, 30, 3), shallow=False))
    return sheet, sums, pd.concat(cells, ignore_index=True)


def gene_table(n_samples, *, absent=()):
    return pd.DataFrame({"gene": GENES, "n_samples": [n_samples - (gene in absent) for gene in GENES]})


def collected(*, absent=()):
    sheet, sums, cells = long_tables()
    genes = gene_table(len(sheet), absent=absent)
    return LeafSums.collect(sums.items(), leaves=cells, sheet=sheet, genes=genes), (
        sheet,
        sums,
        cells,
    )


@pytest.mark.parametrize("selector", ["Treg", "Treg / effector", "both"])
def test_pseudobulk_is_the_sum_over_samples_and_leaves(selector):
    sums, (sheet, tables, cells) = collected()
    data = fit.pseudobulk(sums, populations=POPULATIONS, population=selector)
    inside = {"Treg": LEAVES[:2], "Treg / effector": LEAVES[:1], "both": LEAVES}[selector]
    for index, unit in data.design.iterrows():
        samples = sheet.query("donor == @unit.donor and visit == @unit.visit")["sample"]
        total, n_cells = dict.fromkeys(GENES, 0), 0
        for sample in samples:
            for row in tables[sample].itertuples():
                total[row.gene] += row.counts if (row.population, row.subset) in inside else 0
            for row in cells[cells["sample"] == sample].itertuples():
                n_cells += row.n_cells if (row.population, row.subset) in inside else 0
        assert data.counts.loc[index].to_dict() == total
        assert unit["n_cells"] == n_cells
        assert unit["unusable"] == ("" if n_cells >= 10 else f"only {n_cells} cells")
    assert data.design["sample"].tolist()[0] == "S0, S4"
    assert (data.counts.dtypes == np.int64).all()


def test_genes_missing_from_a_reference_are_left_out():
    sums, _ = collected(absent={"B"})
    data = fit.pseudobulk(sums, populations=POPULATIONS, population="both")
    everything, _ = collected()
    whole = fit.pseudobulk(everything, populations=POPULATIONS, population="both")
    pd.testing.assert_frame_equal(data.counts, whole.counts[["A", "C", "D"]])


def test_stacked_cell_counts_name_their_sample():
    _, _, cells = long_tables()
    parts = {sample: part.drop(columns="sample") for sample, part in cells.groupby("sample", sort=False)}
    pd.testing.assert_frame_equal(stack_cells(parts), cells, check_like=True)
    with pytest.raises(ValueError, match="at least one sample"):
        stack_cells({})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gene": "Z"}, "summed expression of S0: Z is not in the gene table"),
        ({"population": "B"}, "S0: leaf B / effector is not among the leaves"),
    ],
)
def test_rows_that_do_not_fit_are_refused(change, message):
    sheet, sums, cells = long_tables()
    row = {"population": "Treg", "subset": "effector", "gene": "A", "counts": 1, "lognorm": 1.0} | change
    sums["S0"] = pd.concat(
        [sums["S0"].astype({"gene": str, "population": str, "subset": str}), pd.DataFrame([row])]
    )
    with pytest.raises(ValueError, match=message):
        LeafSums.collect(sums.items(), leaves=cells, sheet=sheet, genes=gene_table(len(sheet)))


def test_samples_must_match_the_sheet():
    sheet, sums, cells = long_tables()
    others = {"leaves": cells, "sheet": sheet, "genes": gene_table(len(sheet))}
    with pytest.raises(ValueError, match="S9 are not in the sample sheet"):
        LeafSums.collect([*sums.items(), ("S9", sums["S0"])], **others)
    del sums["S1"]
    with pytest.raises(ValueError, match=r"no table for sample\(s\) S1"):
        LeafSums.collect(sums.items(), **others)


@pytest.fixture(scope="module")
def fitted():
    data = simulated(missing={(0, "week2"), (1, "month6")})
    return fit.fit_population(data, population="Treg", contrasts=CONTRASTS)


def test_planted_genes_are_found_and_others_are_not(fitted):
    genes, _ = fitted
    month6 = genes[genes["contrast"] == "month6-baseline"].set_index("gene")
    planted = month6[month6.index.isin([f"G{i}" for i in range(30)])]
    assert len(planted) > 25
    assert (planted["p_adjusted"] < 0.05).mean() > 0.9
    assert planted["log2_fold_change"].median() == pytest.approx(1, abs=0.15)
    others = month6.drop(planted.index)
    assert (others["p_adjusted"] < 0.05).mean() < 0.02
    # 270 unchanged genes: 0.05 and three standard errors of 0.0133.
    assert (others["p_value"] < 0.05).mean() < 0.09
    week2 = genes[genes["contrast"] == "week2-baseline"]
    assert (week2["p_adjusted"] < 0.05).mean() < 0.02
    assert list(genes.columns) == list(fit.GENE_COLUMNS)


def test_contrasts_of_one_fit_add_up(fitted):
    genes, _ = fitted
    change = genes.pivot_table(index="gene", columns="contrast", values="log2_fold_change")
    total = change["week2-baseline"] + change["month6-week2"]
    assert np.abs(total - change["month6-baseline"]).max() < 1e-9


def test_each_contrast_names_its_donors(fitted):
    _, summary = fitted
    summary = summary.set_index("contrast")
    assert summary["n_pairs"].to_dict() == {"week2-baseline": 7, "month6-baseline": 7, "month6-week2": 6}
    assert summary.loc["week2-baseline", "dropped"] == "D0: no week2"
    assert summary.loc["month6-week2", "donors"] == "D2, D3, D4, D5, D6, D7"
    assert (summary["status"] == "tested").all()
    assert list(fitted[1].columns) == list(fit.POPULATION_COLUMNS)


def test_the_cross_check_agrees_where_both_models_hold(fitted):
    summary = fitted[1].set_index("contrast")
    assert summary.loc["month6-baseline", "cross_check_sign_agreement"] > 0.95
    assert (summary["cross_check_rank_correlation"] > 0.9).all()


def test_the_fit_is_silent(capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit.fit_population(simulated(n_genes=60), population="Treg", contrasts=[MONTH6])
    assert capfd.readouterr() == ("", "")


def test_contrasts_with_few_pairs_do_not_hold_up_the_others():
    data = simulated(n_genes=60, missing={(d, "week2") for d in range(3)})
    genes, summary = fit.fit_population(data, population="Treg", contrasts=CONTRASTS)
    summary = summary.set_index("contrast")
    assert summary["status"].tolist() == ["not testable", "tested", "not testable"]
    assert summary.loc["week2-baseline", "reason"] == "5 complete pairs, 6 needed"
    assert set(genes["contrast"]) == {"month6-baseline"}


def test_controls_change_nothing_in_the_treated():
    data = simulated(n_genes=60)
    options = {"population": "Treg", "contrasts": [MONTH6]}
    genes, summary = fit.fit_population(data, **options)
    controls = simulated(n_genes=60, seed=2, planted=0)
    design = pd.concat(
        [data.design, controls.design.assign(donor="C" + controls.design["donor"], control="placebo")],
        ignore_index=True,
    )
    counts = pd.concat([data.counts, controls.counts], ignore_index=True)
    both, named = fit.fit_population(fit.Pseudobulk(counts, design), **options)
    pd.testing.assert_frame_equal(both, genes)
    assert named["donors"][0] == summary["donors"][0]
    assert named["dropped"][0].startswith("CD0: control arm (placebo)")


def test_sparse_counts_fall_back_on_other_size_factors():
    data = simulated(n_genes=60)
    sparse = data.counts.where(np.random.default_rng(3).random(data.counts.shape) > 0.05, 0)
    genes, _ = fit.fit_population(fit.Pseudobulk(sparse, data.design), population="Treg", contrasts=[MONTH6])
    assert np.isfinite(genes["stat"]).all()


def test_genes_on_at_one_visit_only_are_kept_and_rare_ones_left_out():
    data = simulated(n_genes=60, donors=6, visits=("baseline", "month6"))
    data.counts["late"] = np.where(data.design["visit"] == "month6", 40, 0)
    data.counts["rare"] = np.where(data.design["donor"] < "D4", 9, 20)
    genes, summary = fit.fit_population(data, population="Treg", contrasts=[MONTH6])
    assert "late" in set(genes["gene"])
    assert "rare" not in set(genes["gene"])
    assert summary["n_genes"].item() == len(genes)


@pytest.mark.parametrize(
    ("data", "options", "reason"),
    [
        (simulated(donors=5, n_genes=60), {}, "5 complete pairs, 6 needed"),
        (simulated(n_genes=20), {}, "20 genes reach 10 counts in enough donor-visits, 50 needed"),
        (
            simulated(donors=2, n_genes=60, visits=("baseline", "month6")),
            {"min_pairs": 2},
            "1 residual degrees",
        ),
        (simulated(donors=0, n_genes=60), {}, "0 complete pairs, 6 needed"),
    ],
)
def test_what_cannot_be_fitted_is_a_row_with_the_reason(data, options, reason):
    genes, summary = fit.fit_population(data, population="Treg", contrasts=[MONTH6], **options)
    assert genes.empty
    assert summary["status"].tolist() == ["not testable"]
    assert reason in summary["reason"].item()


def test_visits_that_no_donor_links_are_rank_deficient():
    data = simulated(donors=12, n_genes=60, visits=("a", "b", "c", "d"))
    early = data.design["donor"].isin([f"D{i}" for i in range(6)])
    data.design["unusable"] = np.where(early == data.design["visit"].isin(["a", "b"]), "", "not taken")
    _, summary = fit.fit_population(data, population="Treg", contrasts=[("b", "a"), ("d", "c")])
    assert summary["reason"].str.contains("rank 14 for 15 coefficients").all()
