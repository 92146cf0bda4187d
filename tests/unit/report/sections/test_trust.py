"""What the report says of trust is what the tables of arms, flips, donors and sets say."""

import numpy as np
import pandas as pd
import pytest
import report_tables as made_up
import report_verdicts
import statistics_tables

from cd20scope.report import claims, hypothesis_words, required, wording
from cd20scope.report.sections import technique, trust
from cd20scope.report.tables import listings
from cd20scope.study import themes
from cd20scope.verdict import quantities


@pytest.fixture(scope="module")
def verdicts():
    return claims.in_story_order(report_verdicts.verdicts())


@pytest.fixture(scope="module")
def tables():
    return required.complete(trust.NEEDED, statistics_tables.every())


@pytest.fixture(scope="module")
def told(tables, verdicts):
    return trust.format_section(tables, verdicts=verdicts, visits=made_up.VISITS, fraction=0.1)


@pytest.fixture(scope="module")
def chosen(tables, verdicts):
    programs = trust.add_random(made_up.programs(), tables["random_sets"])
    latest = "month6-baseline"
    return trust.chosen(tables, verdicts=verdicts, programs=programs, contrast=latest)


def test_arms_are_told_with_the_verdict_that_holds_least(told):
    assert told["arms"].startswith("18 of 19 decided verdicts are unchanged in every sensitivity analysis")
    assert told["arms"].endswith(
        "T-cell activation in memory CD4 T cells: fall, month 6 vs baseline is unchanged in the fewest, 4 of 6."
    )


def test_calling_by_chance_stands_next_to_the_real_result(told, chosen):
    assert (
        "at least one confirmatory hypothesis was supported in 1.6\u00a0% of permutations; with the true labels, "
        "9 of 14 were" in told["flips"]
    )
    rows = chosen["calibration"].to_dict("records")
    assert [row["called"] for row in rows] == ["9 of 14 supported", "2 of 5 supported"]
    assert [row["flipped"] for row in rows] == [
        "any supported in 1.6 % of permutations",
        "any supported in 4.7 % of permutations",
    ]


def test_b_cells_are_told_by_visit_and_who_has_them_back_is_named(told):
    assert told["repopulation"].startswith(
        "Week 2: 6 depleted; 1 undetermined; D05 not sampled or not measured. Month 6: 7 depleted; D07 repopulated. "
        "Depleted: the interval of a donor’s B cells share lies below 10\u00a0% of that donor’s share at baseline."
    )


def test_the_detection_limit_stands_beside_each_donor(chosen):
    table = chosen["repopulation"].set_index(["donor", "visit"])
    assert len(table) == 16  # of B cells only
    row = made_up.donors().set_index(["population", "donor", "visit"]).loc[("B cells", "D01", "week2")]
    assert table.loc[("D01", "week2"), "seen"] == (
        f"{row['n_cells']} of {row['n_denominator']} cells: below {100 * row['fraction_upper']:.2g} %, 95 % upper bound"
    )
    assert table.loc[("D05", "week2"), "seen"] == "no cells at week2"
    assert len(chosen["all_repopulation"]) == 48


def test_the_methods_name_the_analyses_and_the_permutations_of_the_run():
    assert trust.arm_names(statistics_tables.arms()) == (
        "leave one donor out; stricter labels; other denominators; adjusted for steroid score; against random gene sets"
    )
    flips = statistics_tables.flips()
    assert trust.permuted(flips, most=2000) == "in all 256 permutations"
    assert trust.permuted(flips, most=256) == "in 256 random permutations"
    assert trust.permuted(flips.head(0), most=2000) == trust.permuted(flips.assign(n_flips=0), most=1) == ""


def test_technical_quantities_have_names_and_shares_are_in_percent():
    assert set(quantities.QUANTITIES) - set(technique.QUANTITIES) == {"chemistry", "batch"}
    table = pd.DataFrame(
        {
            "quantity": ["b_rna_share", "depth"],
            "scale": ["share", "ratio"],
            "earlier": ["0.0267", "2617"],
            "later": ["0.0169", "2406"],
            "change": [-0.0098, 0.92],
            "ci_low": [-0.012, 0.74],
            "ci_high": [-0.007, 1.14],
            "moved": ["no", "yes"],
            "statement": ["x", "y"],
        }
    )
    told = technique.in_words(table)
    assert told["quantity"].tolist() == ["B-cell RNA in other cells, %", "molecules per cell"]
    assert told["earlier"].tolist() == ["2.67", "2,617"]
    assert told["statement"].tolist() == ["", "y"]
    np.testing.assert_allclose(told["change"], [-0.98, 0.92])
    np.testing.assert_allclose(told["ci_high"], [-0.7, 1.14])


def test_without_a_blood_count_the_reason_is_told_and_with_one_the_folds_are(told, verdicts):
    assert told["absolute"].startswith(
        "Not tested: the sample sheet has no lymphocyte counts. Add lymphocytes_per_ul"
    )
    tables = required.complete(trust.NEEDED, {"absolute": statistics_tables.absolute(counted=True)})
    other = trust.format_section(tables, verdicts=verdicts, visits=made_up.VISITS, fraction=0.1)
    assert other["absolute"] == ""
    programs = trust.add_random(made_up.programs(), tables["random_sets"])
    listed = trust.chosen(tables, verdicts=verdicts, programs=programs, contrast="none")["absolute"]
    assert listed["limits"].tolist() == ["0.40 to 0.62"] * 2  # folds, not logs


def test_sensitivity_is_told_for_what_was_decided(told, chosen, verdicts):
    table = chosen["sensitivity"].set_index("id")
    assert "A4" not in table.index
    assert len(table) == 19
    assert table.loc["T1", "margin_size"] == "0.5 SD"
    assert table.loc["B1", "margin_size"] == "5-fold"
    low, high = (
        float(np.exp(verdicts.set_index("id").loc["B1", f"smallest_effect_{end}"])) for end in ("low", "high")
    )
    assert table.loc["B1", "smallest"] == f"{low:.2g}- to {high:.2g}-fold"
    blunt = told["sensitivity"]
    assert blunt.startswith("Of 2 inconclusive questions, 2 had")  # B4 and E2: 0.93, 0.74 against 2 log 1.2
    # as many as the count of the questions at the top of the page
    counts = [claims.tally(verdicts, family=family) for family in ("confirmatory", "exploratory")]
    assert sum(n for tally in counts for n, shown in tally if shown.startswith("inconclusive")) == 2
    blind = verdicts.assign(smallest_effect_low=verdicts["smallest_effect_low"].where(verdicts["id"] != "B4"))
    assert "Of 2 inconclusive questions, 1 had" in trust.format_sensitivity(blind)
    assert "of 1, the power is not known" in trust.format_sensitivity(blind)


def test_random_sets_stand_beside_the_whole_change_only(chosen):
    programs = trust.add_random(made_up.programs(), statistics_tables.random_sets())
    parts = programs["component"] != "total"
    assert programs.loc[parts, "p_random"].isna().all()
    confounder = programs["role"] == "confounder"
    assert programs.loc[~parts & ~confounder, "p_random"].notna().all()
    assert (programs.index == made_up.programs().index).all()
    shown = chosen["programmes"]
    assert set(shown["contrast"]) == {"month6-baseline"}
    assert shown["p_value"].is_monotonic_increasing
    assert shown.loc[shown["program"] == "Th17", "p_random"].tolist() == [0.012]
    assert not shown["component"].isin(["composition", "within"]).any()


def test_gene_sets_are_ranked_by_the_p_value_under_flipped_visits_then_by_size(chosen):
    sets = chosen["enrichment"]
    best = ["Th1", "Th17", "Treg suppression", "IL-2", "MHC"]
    assert (
        sets["gene_set"].tolist() == best * 2
    )  # five of each population, of one contrast, none without a test
    tied = statistics_tables.enrichment().assign(p_flipped=0.02)
    sizes = trust.top_sets(tied, contrast="month6-baseline").groupby("population")["score"]
    assert all(of.abs().is_monotonic_decreasing for _, of in sizes)
    head = [heading for heading, _ in listings.tabulate(sets, name="enrichment")["head"]]
    assert head.index("p, permuted visits") < head.index("p, genes independent")


def test_genes_called_by_chance_stand_next_to_those_called(told):
    assert told["gene_flips"] == (
        "Over all populations and contrasts the linear model calls 12 genes with the true visit labels and 0.3 on "
        "average with permuted ones, with which 4.8\u00a0% of the genes have p below 0.05."
    )


def test_a_table_that_lacks_a_column_is_named():
    with pytest.raises(ValueError, match=r"arms\.tsv: column\(s\) holds missing"):
        required.complete(trust.NEEDED, {"arms": statistics_tables.arms().drop(columns="holds")})


def test_nothing_is_told_of_tables_that_are_not_there(verdicts):
    told = trust.format_section(
        required.complete(trust.NEEDED, {}), verdicts=verdicts.head(0), visits=made_up.VISITS, fraction=0.1
    )
    assert set(told.values()) == {""}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Delay/cold -0.12 SD (-0.65 to +0.40)", "Delay/cold −0.12 SD (−0.65 to +0.40)"),
        ("IL-2 in CD4-7 -1.0", "IL-2 in CD4-7 −1.0"),
        (np.nan, ""),
    ],
)
def test_numbers_get_a_true_minus_and_names_keep_their_hyphen(text, said):
    assert wording.true_minus(text) == said


def test_every_shipped_hypothesis_has_a_theme_of_its_own_and_a_name_of_its_own():
    rows = report_verdicts.shipped_hypotheses()
    assert {themes.theme_of(row) for row in rows} == {anchor for anchor, *_ in themes.THEMES} - {"other"}
    names = [hypothesis_words.short_name(row) for row in rows]
    assert len(set(names)) == len(names)


def test_columns_without_any_text_are_read_as_numbers_and_say_nothing(verdicts):
    """A table without a caution, a conflict or a reason comes back from disk with empty columns of floats."""
    empty = verdicts.assign(caution=np.nan, program=np.nan)
    assert all("steroids" not in shown for _, shown in claims.tally(empty, family="confirmatory"))
    ledger = statistics_tables.ledger().query("id == 'B1'").assign(reason=np.nan)
    assert [row[3] for row in claims.format_ledger(ledger)["rows"]] == [""] * 8
