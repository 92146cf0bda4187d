"""Every question of the page says what the tables say, with all that its verdict rests on."""

import re
from collections import Counter

import numpy as np
import pytest
import report_tables as made_up
import report_verdicts
from parsed_page import Page
from report_page import render_words
from scipy import stats

from cd20scope.report import hypothesis_words, wording
from cd20scope.report.tables import listings
from cd20scope.schema import VERDICTS
from cd20scope.study import nouns


def test_every_hypothesis_has_its_verdict_numbers_and_donors(tables, page):
    for row in tables["verdicts"].to_dict("records"):
        claim = " ".join(page.claims[f"claim-{row['id']}"].split())
        asked = " ".join(page.claims[f"claim-{row['question']}"].split())
        assert row["statement"] in claim
        assert row["verdict"] in claim
        assert nouns.visits_in(row["reason"][1:], made_up.VISITS) in claim
        assert nouns.visits_in(row["dropped"], made_up.VISITS) in asked
        assert f"{row['estimate']:.2f}".replace("-", "−") in asked
        if row["verdict"] != "not testable":
            assert wording.p_value(row["p_adjusted"]) in claim
            assert f"{row['n_pairs']} of 8 enter" in asked
            held = f"{row['arms_held']:.0f} of {row['arms_asked']:.0f} sensitivity analyses"
            assert f"Verdict unchanged in {held}" in claim


def test_the_first_hypothesis_reads_as_computed_by_hand(tables, page):
    row = tables["verdicts"].set_index("id").loc["B1"]
    claim = " ".join(page.claims["claim-B1"].split())
    fit = made_up.abundance().query("population == 'B cells' and contrast == 'week2-baseline'").iloc[0]
    t = stats.t.ppf(0.95, fit["df"])  # a strong claim: one-sided at 0.05
    low, high = row["estimate"] - t * fit["se"], row["estimate"] + t * fit["se"]
    text = f"{row['estimate']:.2f} log odds (90 % CI {low:.2f} to {high:.2f}; 95 % CI {row['ci_low']:.2f} to "
    assert text.replace("-", "−") in claim
    assert (
        "Tested Fall of at least 80 % (5-fold in the odds) from baseline to week 2, judged by the confidence limit."
        in claim
    )
    assert "p against the margin, adjusted" in claim
    # one rounding of a level in all of a block
    assert "Supported if the confidence limit lies beyond a 5-fold fall in the odds, at level 0.05;" in claim
    levels = set(re.findall(r"level ([0-9.]+[0-9])", claim))
    assert levels == {"0.05"}


def test_a_one_sided_interval_and_a_described_effect_are_told_as_such(tables, page):
    high = tables["verdicts"].set_index("id").loc["B3", "ci_high"]
    claim = " ".join(page.claims["claim-B3"].split())
    assert f"upper 95 % confidence limit {high:.2f}".replace("-", "−") in claim
    assert "to near the detection limit by week 2 (upper" in claim
    assert "(described only)" in page.claims["claim-A4"]


def test_what_a_verdict_hangs_on_stands_beside_it(page):
    claim = " ".join(page.claims["claim-T1"].split())
    assert (
        "Verdict unchanged in 4 of 6 sensitivity analyses (changes: leave one donor out; adjusted for steroid score)."
        in claim
    )
    assert (
        "Steroid and handling scores Glucocorticoid −0.31 SD (−0.62 to −0.00); Handling stress +0.10 SD"
        in claim
    )
    assert "Caution" not in claim
    treg = " ".join(page.claims["claim-R3"].split())
    assert (
        "(!) Caution. Possible steroid effect: the steroid score of the same cells changed by −0.31 SD"
        in treg
    )
    untested = " ".join(page.claims["claim-A4"].split())
    assert "unchanged" not in untested
    assert "Minimum detectable" not in untested


def test_the_smallest_effect_is_told_in_the_unit_of_the_claim(tables, page):
    ends = tables["verdicts"].set_index("id")[["smallest_effect_low", "smallest_effect_high"]]
    odds = "- to ".join(f"{end:.2g}" for end in np.exp(ends.loc["B1"]))
    told = {name: " ".join(page.claims[f"claim-{name}"].split()) for name in ("B1", "T1", "R4")}
    assert f"Minimum detectable effect (80 % power) fall of {odds}-fold in the odds" in told["B1"]
    sd = " to ".join(f"{end:.2g}" for end in ends.loc["T1"])
    assert f"Minimum detectable effect (80 % power) fall of {sd} baseline SD" in told["T1"]
    reach = tables["verdicts"].set_index("id").loc["T1", "reach"]
    assert f"Exact test p 0.0078 against no change, by all sign flips of the donors. {reach}" in told["T1"]
    assert (
        "No change by 1.2-fold in the odds or more, in either direction, from baseline to month 6"
        in told["R4"]
    )


def test_each_donor_has_its_change_or_the_reason_why_not(tables, page):
    ledger = tables["statistics"]["ledger"]
    claim = " ".join(page.claims["claim-B1"].split())
    for row in ledger[ledger["id"] == "B1"].itertuples():
        told = f"{row.donor} {wording.number(row.change)} "
        reason = nouns.visits_in(row.reason, made_up.VISITS)
        assert told + ("yes" if row.enters == "yes" else f"no: {reason}") in claim
    order = " ".join(page.claims["claim-P1"].split())
    heads = ("cells, week 2 vs baseline, log odds", "programme, month 6 vs baseline, baseline SD")
    assert all(head in order for head in heads)
    for part in tables["statistics"]["parts"].itertuples():
        assert f"{part.statement} {part.holds} {wording.number(part.estimate)}" in order


def test_each_question_is_one_row_with_every_claim_on_its_estimate(tables, html):
    """The badge is the question's, and the claims that it refutes stand beside those that it bears out."""
    rows = tables["verdicts"]
    summaries = dict(
        re.findall(
            r'<article class="claim[^"]*" id="claim-([^"]+)">\s*<details>\s*<summary>(.*?)</summary>',
            html,
            re.DOTALL,
        )
    )
    assert set(summaries) == set(rows.loc[rows["id"] == rows["question"], "id"])
    for name, text in summaries.items():
        own = rows[rows["question"] == name]
        (stated,) = re.findall(r'<span class="stated">(.*?)</span>\n', text, re.DOTALL)
        for verdict, n in own["verdict"].value_counts().items():
            assert stated.count(f": {verdict}") == n
    shown = " ".join(re.sub("<[^>]+>", " ", summaries["R1"]).split())
    assert "What became of Treg?" in shown
    for change in (
        "rise of at least 20 %",
        "fall of at least 16.7 %",
        "no change by 1.2-fold in the odds or more",
    ):
        assert change in shown


def test_every_hypothesis_has_its_evidence(tables, page):
    assert set(page.claims) == {f"claim-{name}" for name in tables["verdicts"]["id"]}
    shown = " ".join(page.claims["claim-R1"].split())
    for heading in (
        "Rule",
        "Test",
        "Donors",
        "Source",
        "Sensitivity analyses",
        "Technique",
        "Row of verdicts.tsv",
    ):
        assert heading in shown
    assert "Claims on this estimate; at most one can be supported" in shown
    assert "Author R2 2021" in shown  # the source of the other side


def test_exploratory_hypotheses_are_in_the_table_at_the_end(tables, html):
    end = html[html.index('id="table-hypotheses"') :]
    for statement in tables["verdicts"]["statement"]:
        assert statement in end


def test_the_tally_counts_every_question_once_and_those_of_a_possible_steroid_effect_apart(tables, page):
    rows = tables["verdicts"]
    leads = rows[rows["id"] == rows["question"]]  # T4, R2 and R4 read the estimates of T3 and R1
    text = " ".join("".join(page.text).split())
    for family in ("confirmatory", "exploratory"):
        own = leads[leads["family"] == family]
        shown = own["verdict"] + np.where(own["caution"] != "", " (steroids?)", "")
        order = [f"{verdict}{mark}" for verdict in VERDICTS for mark in ("", " (steroids?)")]
        found = Counter(shown)
        told = ", ".join(f"{found[name]} {name}" for name in order if found[name])
        start = (
            f"{len(own)} confirmatory questions" if family == "confirmatory" else f"{len(own)} exploratory"
        )
        assert f"{start}: {told}." in text
    assert "1 supported (steroids?)" in text


def test_questions_that_were_changed_after_verdicts_are_told_above_the_answer(tables, page):
    used = "first used 2026-01-05T09:00:00+00:00"
    assert used in " ".join("".join(page.text).split())
    changed = render_words(tables | {"asked": report_verdicts.asked(after_verdicts=True)})
    warning = "The questions were changed after verdicts had been made"
    assert warning in changed[changed.index('id="answer"') : changed.index('class="said"')]
    assert "questions were changed" not in render_words(tables)


THEMED = ("depletion", "presentation", "helper", "treg", "order", "innate")


def test_claims_follow_the_story(page):
    order = [name for name in page.ids if name.startswith("theme-")]
    assert order == [f"theme-{name}" for name in THEMED]


def test_who_entered_and_who_did_not(tables):
    ledger = listings.entered(tables["abundance"], tables["programs"], tables["expression_populations"])
    early = ledger[ledger["contrast"] == "week2-baseline"].iloc[0]
    assert (early["n"], early["dropped"]) == (7, "D05: no week2")
    assert "D05" not in early["donors"]
    assert {"shares", "programmes", "genes"} <= set(re.findall(r"(\w+):", early["tests"]))


def test_everything_that_was_not_testable_is_listed_with_its_reason(tables):
    names = ("verdicts", "abundance", "programs", "expression_populations")
    listed = listings.not_testable(*(tables[name] for name in names))
    assert listed["what"].tolist() == [
        "Hypothesis A4: MHC class II falls within DC",
        "Share of HSPC in non-B PBMC",
        "Programme MHC class II in DC",
        "Genes in B memory",
    ]
    assert listed["reason"].str.len().gt(10).all()


def test_margins_are_on_the_scale_of_the_estimate():
    row = {"endpoint": "abundance", "program": "", "margin": 5.0, "direction": "down"}
    assert hypothesis_words.margin_of(row) == pytest.approx(np.log(0.2))
    row = {"endpoint": "biphasic", "program": "Th17", "margin": 0.5, "direction": "up"}
    assert hypothesis_words.margin_of(row) == 0.5


def test_a_verdict_that_technique_explains_is_told_with_its_reason(tables):
    verdicts = tables["verdicts"].copy()
    reason = "supported as measured, inconclusive in the analysis “B-cell RNA subtracted”: week2 has less"
    verdicts.loc[verdicts["id"] == "T1", ["verdict", "technical", "reason"]] = ["inconclusive", "yes", reason]
    page = Page(render_words(tables | {"verdicts": verdicts}))
    claim = " ".join(page.claims["claim-T1"].split())
    assert "inconclusive (technical)" in claim
    assert (
        "Supported as measured, inconclusive in the analysis “B-cell RNA subtracted”: week 2 has less."
        in claim
    )
    assert "Verdict as measured unchanged in 4 of 6 sensitivity analyses" in claim
    assert "inconclusive (technical)" not in " ".join(page.claims["claim-B1"].split())
