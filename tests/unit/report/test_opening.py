"""The first screen: what touches the answer stands above it, and the answer follows the verdicts."""

from dataclasses import replace

import design_tables
import numpy as np
import pandas as pd
import pytest
import report_page
import report_states
import report_tables as made_up

from cd20scope.report import alerts, opening


@pytest.fixture(scope="module")
def made():
    return report_page.tables(n_cells=20, n_genes=12)


@pytest.fixture(scope="module")
def run(made):
    return report_page.complete(made)


def with_verdicts(run, **verdicts):
    """The run with other verdicts by id."""
    table = run.verdicts.copy()
    for name, keys in verdicts.items():
        table.loc[table["id"] == name, list(keys)] = list(keys.values())
    return replace(run, verdicts=table)


def b_cells(run):
    return opening.depletion(run, "B cells").replace("\N{NO-BREAK SPACE}", " ")


def test_the_cohort_is_told_in_one_line(run):
    line = opening.cohort(run)
    assert line.startswith("8 donors; baseline (n = 8), week 2 (n = 7), month 6 (n = 8); one treated arm; ")
    kept, read = run.qc_summary["n_kept"].sum(), run.qc_summary["n_cells"].sum()
    assert line.endswith(f"{kept:,} of {read:,} cells kept.")


def test_arms_are_told_with_their_donors(made):
    control = ["" if name < "D06" else "placebo" for name in made["sheet"]["donor"]]
    sheet = made["sheet"].assign(control=control)
    assert opening.arms(sheet) == "one treated arm, placebo: 3 donors"
    assert opening.arms(made["sheet"]) == "one treated arm"


def test_what_every_treated_donor_leaves_open_goes_with_a_control_arm(run, made):
    control = ["" if name < "D06" else "placebo" for name in made["sheet"]["donor"]]
    assert "as every donor was treated" in opening.open_ends(run, made["sheet"])
    beside = made["sheet"].assign(control=control)
    for verdict, said in (("inconclusive", False), ("not testable", True)):
        arms = design_tables.control_arms().assign(verdict=verdict)
        told = opening.open_ends(replace(run, statistics=run.statistics | {"control_arms": arms}), beside)
        assert "as every donor was treated" not in told
        assert ("as no question can be compared with the controls" in told) == said


@pytest.mark.parametrize(
    ("verdict", "start"),
    [
        ("supported", "B cells were depleted at week 2"),
        ("contradicted", "B cells did not fall but rose at week 2"),
        ("not supported", "B cells did not fall by the margin at week 2"),
        ("inconclusive", "Whether B cells were depleted is undecided at week 2"),
        ("not testable", "Whether B cells were depleted could not be tested at week 2"),
    ],
)
def test_the_first_sentence_follows_the_verdict_on_depletion(run, verdict, start):
    ids = run.verdicts.loc[
        (run.verdicts["population"] == "B cells") & (run.verdicts["endpoint"] == "abundance"), "id"
    ]
    assert b_cells(with_verdicts(run, **{name: {"verdict": verdict} for name in ids})).startswith(start)


def test_a_verdict_that_technique_took_back_is_told_so(run):
    text = b_cells(with_verdicts(run, B1={"verdict": "inconclusive", "technical": "yes"}))
    assert "is undecided (technical) at week 2" in text


def test_t_cells_are_told_by_the_sign_of_the_estimate(run):
    text = opening.t_cells(run.verdicts)
    assert text.startswith("T cells changed")
    rows = run.verdicts[(run.verdicts["family"] == "confirmatory") & (run.verdicts["verdict"] == "supported")]
    own = rows[rows["theme"].isin(["helper", "treg"]) & (rows["direction"] != "none")]
    assert len(own) > 2
    for row in own.itertuples():
        what = row.program or "the share of regulatory T cells"
        part = next(part for part in text.split("; ") if what in part)
        assert ("rose" in part) == (row.estimate > 0)


def test_a_possible_steroid_effect_is_counted_in_the_sentence_on_t_cells(run):
    assert "(1 with a possible steroid effect)" in opening.t_cells(run.verdicts)
    plain = run.verdicts.assign(caution="")
    assert "steroid" not in opening.t_cells(plain)


def test_without_a_change_none_is_claimed(run):
    nothing = run.verdicts.assign(verdict="inconclusive", caution="")
    assert opening.t_cells(nothing).startswith("No change of T cells was shown")
    assert "undecided: " in opening.t_cells(nothing)


def test_questions_without_an_answer_are_counted_in_what_cannot_be_said(run):
    own = run.verdicts[run.verdicts["id"] == run.verdicts["question"]].query("family == 'confirmatory'")
    n = own["verdict"].isin(["inconclusive", "not testable"]).sum()
    assert n > 0
    assert f"the answer to {n} of {len(own)} confirmatory questions" in opening.open_ends(run, run.sheet)


def steroid_sheet(at):
    sheet = made_up.sheet()
    return sheet.assign(hours_since_steroid=np.where(sheet["visit"].isin(at), 24.0, 400.0))


def test_draws_soon_after_a_steroid_touch_every_contrast_of_their_visit(run):
    (alert,) = alerts.design(steroid_sheet(["month6"]), run.contrasts)
    assert alert.text.startswith("8 of 8 samples at month 6 were drawn within 48 hours of a steroid")
    assert alert.contrasts == ("month6-baseline", "month6-week2")


@pytest.mark.parametrize("at", [[], made_up.VISITS])
def test_draws_that_are_alike_at_all_visits_touch_none(run, at):
    assert alerts.design(steroid_sheet(at), run.contrasts) == []


def test_a_batch_that_goes_with_the_visit_is_told(run):
    sheet = made_up.sheet()
    (alert,) = alerts.design(
        sheet.assign(batch=sheet["visit"].eq("week2").map({True: "b", False: "a"})), [("week2", "baseline")]
    )
    assert "week 2 and baseline differ in batch" in alert.text
    assert alert.contrasts == ("week2-baseline",)


def test_controls_do_not_thin_out_a_fault_of_the_treated(run, made):
    """A new kit at month 6 in all treated donors, and in none of three times as many controls."""
    own = made_up.sheet().assign(
        control="", batch=lambda t: t["visit"].eq("month6").map({True: "b", False: "a"})
    )
    others = [own.assign(donor=own["donor"] + f"C{n}", control="placebo", batch="a") for n in range(3)]
    sheet = pd.concat([own, *others], ignore_index=True)
    quality, sexes = report_page.quality(made), made["sexes"]
    known = alerts.collect(run, sheet=sheet, warning="", quality=quality, sexes=sexes)
    found = [alert for alert in known if alert.kind == "Design"]
    assert {one for alert in found for one in alert.contrasts} == {"month6-baseline", "month6-week2"}
    assert all(
        "b in 8 of 8 donors at month 6" in alert.text or "of 7 donors" in alert.text for alert in found
    )


def test_a_design_fault_stands_above_the_answer_and_at_each_question_that_it_touches(made):
    html = report_page.render_words(made | {"sheet": steroid_sheet(["month6"])})
    words = "8 of 8 samples at month 6 were drawn within 48 hours"
    assert html.index(words) < html.index('class="said"')
    touched = made["verdicts"].query("id == question and contrast.str.contains('month6')")
    assert html.count(words) == 1 + len(touched)


def test_technique_that_moved_is_told_by_contrast():
    rows = [("week2-baseline", "depth", "yes", "week2 is sequenced 2 times deeper than baseline")]
    rows += [
        ("week2-baseline", "batch", "yes", "b"),
        ("week2-baseline", "doublet_rate", "no", "week2 has fewer"),
    ]
    table = pd.DataFrame(rows, columns=["contrast", "quantity", "moved", "statement"])
    (alert,) = alerts.technique(table, made_up.VISITS)
    assert alert.text == "Week 2 is sequenced 2 times deeper than baseline."
    assert alert.contrasts == ("week2-baseline",)


def test_a_visit_without_a_test_is_told_apart_from_the_others(made):
    missing = report_states.without_visit(made, "week2")
    run = report_page.complete(missing)
    text = opening.depletion(run, "B cells")
    assert text.startswith(
        "Whether B cells were depleted could not be tested at week 2 (no donor has week 2); B cells were "
        "depleted at month 6: from"
    )


def test_a_bad_sample_a_swap_and_a_donor_without_a_visit_stand_above_the_answer(made):
    quality = report_page.quality(made)
    assert [alert.text for alert in alerts.bad_samples(quality, made["sexes"])] == [
        "Samples may be swapped: sex by genes against the sheet: D03_week2; different within a donor: D03."
    ]
    qc = made["qc_summary"].copy()
    qc.loc[qc["sample"] == "D02_week2", "n_kept"] = 120
    html = report_page.render_words(made | {"qc_summary": qc})
    above = html[html.index('class="alerts"') : html.index('class="said"')].replace("\N{NO-BREAK SPACE}", " ")
    assert (
        "1 of 23 samples is beyond a threshold of quality, and kept in the analysis: D02_week2 (120 kept cells)."
        in above
    )
    assert "D05 has no week 2" in above
    assert "beyond a threshold" not in html[html.index("Checks:") : html.index('class="chapters"')]


def test_many_bad_samples_and_missing_visits_are_counted_and_not_named(made):
    qc = made["qc_summary"].assign(n_kept=100)
    told = alerts.bad_samples(report_page.quality(made | {"qc_summary": qc}), made["sexes"].head(0))
    assert [alert.text for alert in told] == [
        "23 of 23 samples are beyond a threshold of quality, and kept in the analysis."
    ]
    sheet = made["sheet"]
    few = sheet[(sheet["visit"] != "month6") | sheet["donor"].isin(["D01", "D02"])]
    (alert,) = alerts.missing(report_page.complete(made), few)
    assert alert.text == "Of 8 donors, some have no sample: 1 at week 2, 6 at month 6."


def test_where_nothing_is_wrong_the_checks_are_told(made):
    fits, rows = made["sexes"].assign(sex_by_genes="F"), made["verdicts"]
    text = alerts.format_checks([], report_page.quality(made), fits, rows)
    own = rows[(rows["id"] == rows["question"]) & (rows["family"] == "confirmatory")].dropna(
        subset="arms_asked"
    )
    held = int((own["arms_held"] == own["arms_asked"]).sum())
    assert 0 < held < len(own)  # T1 changes in two analyses
    assert text == (
        f"Checks: {held} of {len(own)} confirmatory verdicts unchanged in every sensitivity analysis; none of "
        "23 samples is beyond a threshold of quality; no sign of a swap (sex by genes of 23 samples); no "
        "donor lacks a visit."
    )
    unknown = made["sexes"].assign(sex_by_genes="unknown")
    donors = [alerts.Alert("Donors", "D05 has no week 2.")]
    assert alerts.format_checks(donors, report_page.quality(made), unknown, rows.head(0)) == (
        "Checks: none of 23 samples is beyond a threshold of quality; swaps could not be looked for by sex."
    )
