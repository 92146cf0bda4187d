"""What the report says of other tissues, and that it says nothing where there are none."""

import design_tables
import numpy as np
import pandas as pd
import pytest
import report_page

from cd20scope.report import required
from cd20scope.report.sections import tissues

CONTRASTS = [("week2", "baseline"), ("month6", "baseline")]
CONFIG = {
    "verdict": {"min_pairs": 6, "alpha": 0.05},
    "programs": {"min_cells": 10},
    "abundance": {"min_denominator": 20},
}


@pytest.fixture
def tables():
    return design_tables.tissues()


@pytest.fixture(scope="module")
def pages():
    """The page of the same run without and with CSF."""
    plain = report_page.tables(n_cells=200, n_genes=40)
    return report_page.render_words(plain), report_page.render_words(
        plain | {"tissues": design_tables.tissues()}
    )


def part(tables):
    (one,) = tissues.format_section(tables, contrasts=CONTRASTS, config=CONFIG, primary="blood")
    return one


def test_samples_and_donors_are_counted(tables):
    assert part(tables)["samples"] == (
        "16 samples of 8 donors, with 101 to 108 cells each (median 104). Donors with both visits: week 2 vs baseline, "
        "0; month 6 vs baseline, 8."
    )


def test_controls_are_told_apart(tables):
    samples = tables["samples"]
    control = samples["donor"].isin(["D07", "D08"]).map({True: "placebo", False: ""})
    told = part(tables | {"samples": samples.assign(control=control)})["samples"]
    assert told.startswith("12 samples of 6 treated donors")
    assert told.endswith("month 6 vs baseline, 6. Samples of 2 donors of control arms enter no change.")


def test_what_moved_is_named_and_what_is_not_testable_has_its_reason(tables):
    assert part(tables)["found"] == (
        "Of 4 questions, 2 could be tested. 1 fell, month 6 vs baseline: B cells, share of mononuclear cells. 2 are "
        "not testable: 1 for too few donors with both visits and 1 for too few cells or genes."
    )


def test_cells_are_named_within_a_sentence(tables):
    treg = tables["questions"].replace({"population": {"B cells": "Treg"}})
    assert (
        "baseline: regulatory T cells, share of mononuclear cells."
        in part(tables | {"questions": treg})["found"]
    )


def test_nothing_shown_is_said_as_such(tables):
    still = tables["questions"].replace({"status": {"fell": "no change shown"}})
    assert "2 could be tested, and no change is shown." in part(tables | {"questions": still})["found"]
    none = tables["questions"].assign(status="not testable")
    assert part(tables | {"questions": none})["found"].startswith(
        "Of 4 questions, 0 could be tested. 4 are not"
    )


def test_what_cannot_be_said_is_said(tables):
    said = part(tables)
    assert "no verdicts" in said["limits"]
    assert "no difference between this tissue and blood is tested" in said["limits"]
    assert "6 donors with both visits; a share 20 cells" in said["least"]


def test_log_odds_are_shown_as_odds_and_scores_as_they_are(tables):
    kind, tested = tissues.chosen(tables)["tissue-1-tested"]
    assert kind == "tissue_tested"
    np.testing.assert_allclose(tested["size"], [np.exp(-2.0), 0.3])
    np.testing.assert_allclose(tested[["ci_low", "ci_high"]], [[np.exp(-3.0), np.exp(-1.0)], [-0.2, 0.8]])
    assert tested["in_unit"].tolist() == ["odds ratio", "SD"]
    _, untested = tissues.chosen(tables)["tissue-1-untested"]
    assert untested["why"].tolist() == [
        "5 complete pairs, 6 needed; 3 donors with too few cells at a visit",
        "0 complete pairs, 6 needed",
    ]


def test_a_study_of_one_tissue_has_no_such_section(pages):
    assert (
        tissues.format_section(
            required.complete(tissues.NEEDED, {}), contrasts=CONTRASTS, config=CONFIG, primary=""
        )
        == []
    )
    assert "Other tissues" not in pages[0]
    assert "tested apart" not in pages[0]


def test_a_study_of_two_has_a_section_and_its_tables(pages):
    page = pages[1]
    assert page.count('id="tissues"') == 1
    assert page.index('href="#tissues"') < page.index('id="answer"') < page.index('href="#tissue-1"')
    for name in ("table-tissue-1-tested", "table-tissue-1-untested", "get-tissues"):
        assert page.count(f'id="{name}"') == 1


def test_a_table_without_its_columns_is_refused():
    with pytest.raises(ValueError, match=r"questions\.tsv"):
        required.complete(tissues.NEEDED, {"questions": pd.DataFrame({"id": ["a"]})})
