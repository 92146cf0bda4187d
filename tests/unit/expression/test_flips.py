"""Genes and gene sets under flipped visits: null rates, planted changes, and files of gene sets."""

import decoupler
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS

from cd20scope.expression import deseq, enrichment, moderated_t
from cd20scope.expression import flips as gene_flips
from cd20scope.expression.fit import Pseudobulk
from cd20scope.stats import sign_flips
from cd20scope.study import gene_sets

CONTRAST = ("month6", "baseline")


def pseudobulk(donors=8, genes=300, *, up=0, together=0, seed=0):
    """Poisson sums with donor effects; the first ``up`` genes double, the next ``together`` share a deviation."""
    rng = np.random.default_rng(seed)
    mean = np.exp(rng.normal(4, 1, genes)) * np.exp(rng.normal(0, 0.3, (donors, 1, genes)))
    change = np.zeros((donors, 2, genes))
    change[:, 1, :up] = np.log(2)
    change[:, :, up : up + together] += rng.normal(0, 0.3, (donors, 2, 1))
    change += rng.normal(0, 0.15, change.shape)
    counts = rng.poisson(mean * np.exp(change)).reshape(-1, genes)
    design = pd.DataFrame(
        {
            "sample": [f"S{i}" for i in range(2 * donors)],
            "donor": np.repeat([f"D{i}" for i in range(donors)], 2),
            "visit": ["baseline", "month6"] * donors,
            "n_cells": 50,
            "unusable": "",
        }
    )
    return Pseudobulk(pd.DataFrame(counts, columns=[f"G{i}" for i in range(genes)]), design)


def flip(data, **options):
    return gene_flips.flip_genes(data, data.counts.columns, contrast=CONTRAST, **{"seed": 1} | options)


def fitted(flipped):
    p = stats.false_discovery_control(flipped.p_values()[0])
    return pd.DataFrame({"gene": flipped.genes, "stat": flipped.t[0], "p_adjusted": p})


def test_the_real_labels_come_first_and_are_the_moderated_t_of_the_differences():
    data = pseudobulk(up=20)
    flipped = flip(data)
    log_cpm = moderated_t.log2_cpm(data.counts, library_size=data.counts.sum(axis=1)).to_numpy()
    d = log_cpm[1::2] - log_cpm[::2]
    plain = stats.ttest_1samp(d, 0).statistic
    assert stats.spearmanr(flipped.t[0], plain).statistic > 0.97
    # moderation shrinks variances towards each other, and leaves the means as they are
    spread = d.mean(axis=0) / flipped.t[0]
    assert np.std(np.log(np.abs(spread))) < np.std(np.log(d.std(axis=0, ddof=1)))


def test_variances_are_moderated_as_in_the_cross_check():
    data = pseudobulk(up=20)
    flipped = flip(data)
    log_cpm = moderated_t.log2_cpm(data.counts, library_size=data.counts.sum(axis=1))
    matrix = deseq.design_matrix(data.design)
    check = moderated_t.moderated_t(
        log_cpm, design=matrix, contrast=deseq.contrast_vector(matrix, ("month6", "baseline"))
    )
    # two visits: least squares on donor and visit is the paired t-test
    assert flipped.t[0] == pytest.approx(check["t"].to_numpy(), rel=1e-8)
    assert flipped.p_values()[0] == pytest.approx(check["p_value"].to_numpy(), rel=1e-6)


def test_flipping_is_exchanging_the_counts_of_the_visits():
    data = pseudobulk(donors=6, up=20)
    patterns = sign_flips.other_patterns(6, limit=100, rng=np.random.default_rng(1))
    last = len(patterns) - 1
    turned = data.counts.to_numpy().reshape(6, 2, -1).copy()
    turned[patterns[last] < 0] = turned[patterns[last] < 0][:, ::-1]
    other = Pseudobulk(pd.DataFrame(turned.reshape(12, -1), columns=data.counts.columns), data.design)
    assert flip(data).t[1 + last] == pytest.approx(flip(other).t[0], rel=1e-8)


def test_p_values_that_decide_nothing_may_be_left_out():
    flipped = flip(pseudobulk(up=20))
    whole, some = flipped.p_values(), flipped.p_values(below=0.05)
    assert np.array_equal(some < 0.05, whole < 0.05)
    assert np.array_equal(some[some < 0.05], whole[some < 0.05])
    calls = [stats.false_discovery_control(p, axis=1) < 0.05 for p in (whole, some)]
    assert np.array_equal(*calls)
    assert calls[0].sum() > 15


@pytest.mark.parametrize(
    ("donors", "limit", "flips"), [(2, 100, 1), (6, 100, 31), (7, 63, 63), (15, 100, 100)]
)
def test_patterns_are_different_and_none_is_the_real_one_or_a_mirror_image(donors, limit, flips):
    patterns = sign_flips.other_patterns(donors, limit=limit, rng=np.random.default_rng(2))
    assert patterns.shape == (flips, donors)
    assert len(np.unique(patterns, axis=0)) == flips
    assert (patterns[:, 0] == 1).all()
    assert (patterns < 0).any(axis=1).all()


def test_every_donor_but_the_first_is_flipped_in_half_of_the_patterns():
    patterns = sign_flips.other_patterns(15, limit=400, rng=np.random.default_rng(3))
    # 400 patterns: 0.5 and four standard errors of 0.025
    assert np.abs((patterns[:, 1:] < 0).mean(axis=0) - 0.5).max() < 0.1


def test_all_patterns_but_their_mirror_images_where_they_are_few():
    assert flip(pseudobulk(donors=6)).t.shape[0] == 1 + 2**5 - 1
    many = flip(pseudobulk(donors=12), limit=40)
    assert many.t.shape[0] <= 41
    assert np.unique(np.round(np.abs(many.t), 9), axis=0).shape[0] == many.t.shape[0]
    again = flip(pseudobulk(donors=12), limit=40)
    assert np.array_equal(many.t, again.t)


def test_unchanged_genes_are_called_no_more_than_chance_and_planted_ones_are():
    quiet = flip(pseudobulk(genes=600))
    row = gene_flips.count_called(quiet, fitted(quiet), alpha=0.05)
    assert 0.03 < row["below_005_flipped"] < 0.065
    assert row["called_linear"] <= 3
    loud = flip(pseudobulk(genes=600, up=30))
    row = gene_flips.count_called(loud, fitted(loud), alpha=0.05)
    assert row["called_linear"] >= 25
    assert row["called_flipped"] < 5
    assert (row["n_pairs"], row["n_genes"]) == (8, 600)


def sets(**genes):
    return gene_sets.collect_sets({"programs": []}, {"mine": genes})


def test_the_score_is_the_t_of_membership():
    data = pseudobulk(up=12)
    flipped = flip(data)
    of = [f"G{i}" for i in range(20)]
    table = enrichment.enrich(fitted(flipped), flipped, sets(found=of), population="NK", contrast=CONTRAST)
    member = np.isin(flipped.genes, of).astype(float)
    fit = OLS(flipped.t[0], np.column_stack([np.ones_like(member), member])).fit()
    assert table["score"].iloc[0] == pytest.approx(fit.tvalues[1], rel=1e-9)
    assert table["p_value"].iloc[0] == pytest.approx(fit.pvalues[1], rel=1e-4)
    # 2^7 - 1 patterns and the real labels: the smallest share there is
    assert table["p_flipped"].iloc[0] == pytest.approx(1 / len(flipped.t))


def test_genes_that_move_together_deceive_the_model_but_not_the_flips():
    below = {"p_value": 0, "p_flipped": 0}
    for seed in range(60):
        flipped = flip(pseudobulk(genes=120, together=20, seed=seed), limit=60)
        of = [f"G{i}" for i in range(20)]
        table = enrichment.enrich(fitted(flipped), flipped, sets(x=of), population="NK", contrast=CONTRAST)
        for name in below:
            below[name] += int(table[name].iloc[0] < 0.05)
    assert below["p_value"] > 20
    # 60 cohorts at 0.05: more than 8 in one of 200 such experiments
    assert below["p_flipped"] <= 8


def test_many_sets_are_scored_as_one_by_one_and_as_decoupler_does():
    flipped = flip(pseudobulk(genes=120, up=10))
    rng = np.random.default_rng(4)
    many = {f"S{i}": [f"G{g}" for g in rng.integers(0, 150, rng.integers(1, 30))] for i in range(9)}
    many["few"] = ["G1", "G2"]
    given = fitted(flipped), flipped
    where = {"population": "NK", "contrast": CONTRAST}
    alone = pd.concat([enrichment.enrich(*given, sets(**{k: v}), **where) for k, v in many.items()])
    together = enrichment.enrich(*given, sets(**many), **where)
    assert set(together["status"]) == {"tested", "not testable"}
    left = ["p_adjusted"]
    pd.testing.assert_frame_equal(
        together.drop(columns=left), alone.drop(columns=left).reset_index(drop=True), rtol=1e-9
    )
    net = pd.DataFrame({"source": list(many), "target": [list(set(own)) for own in many.values()]})
    wald = given[0].set_index("gene")["stat"].reindex(flipped.genes).to_frame("z").T
    scores = decoupler.mt.ulm(wald, net.explode("target").assign(weight=1.0), tmin=enrichment.MIN_GENES)[
        0
    ].loc["z"]
    tested = together[together["status"] == "tested"].set_index("gene_set")["score"]
    assert set(scores.index) == set(tested.index)
    np.testing.assert_allclose(tested.loc[scores.index], scores, rtol=1e-4)  # decoupler counts in float32
    measured = [len({g for g in genes if g in flipped.genes}) for genes in many.values()]
    assert together["n_genes"].tolist() == measured


def test_small_sets_are_not_testable_and_roles_are_kept():
    flipped = flip(pseudobulk(genes=60))
    programs = {"programs": [{"name": "Stress", "role": "confounder", "genes": ["G1", "G2", "other"]}]}
    table = enrichment.enrich(
        fitted(flipped), flipped, gene_sets.collect_sets(programs, {}), population="NK", contrast=CONTRAST
    )
    row = table.iloc[0]
    assert (row["status"], row["reason"]) == ("not testable", "2 measured genes, 5 needed")
    assert (row["collection"], row["role"], row["n_genes"]) == ("programmes", "confounder", 2)
    assert np.isnan(row["score"])


def test_gmt_files_are_read_by_tabs():
    text = "ONE\ta set with a description\tCD3D\tCD3E\tCD3D\r\n\nTWO\t\tMS4A1\n"
    assert gene_sets.read_gmt(text, name="x.gmt") == {"ONE": ["CD3D", "CD3E"], "TWO": ["MS4A1"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ONE\td\tCD3D\nTWO CD3E", r"x.gmt, line 2: found 1 field\(s\)"),
        ("\td\tCD3D", "x.gmt, line 1"),
        ("ONE\td\tCD3D\nONE\td\tCD3E", 'x.gmt, line 2: the set "ONE" stands in the file twice'),
        ("\n", "x.gmt: holds no gene set"),
    ],
)
def test_faults_of_gmt_files(text, message):
    with pytest.raises(gene_sets.GeneSetError, match=message):
        gene_sets.read_gmt(text, name="x.gmt")
