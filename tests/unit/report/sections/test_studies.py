"""What the report says of control arms and outcomes, and that it says nothing where there are none."""

import design_tables
import pandas as pd
import pytest
import report_page
import statistics_tables

from cd20scope.report import required
from cd20scope.report.sections import studies, trust


@pytest.fixture(scope="module")
def tables():
    return required.complete(trust.NEEDED, statistics_tables.every() | design_tables.of_design())


@pytest.fixture(scope="module")
def pages():
    """The page of the same run without and with a control arm and an outcome."""
    plain = report_page.tables(n_cells=200, n_genes=40)
    more = plain | {"statistics": plain["statistics"] | design_tables.of_design()}
    return report_page.render_words(plain), report_page.render_words(more)


def test_the_first_sentence_says_which_contrast_answers(tables):
    told = studies.format_section(tables, alpha=0.05)["first"]
    assert "between the changes of up to 8 treated donors and up to 7 controls" in told
    arms = tables["control_arms"]
    own = arms[(arms["family"] == "confirmatory") & (arms["id"] == arms["question"])]
    n = int((own["verdict"] == "supported").sum())
    assert f"of {len(own)} confirmatory questions, {n} supported" in told
    assert told.endswith("in whom treatment cannot be separated from time.")


def test_what_is_lost_beyond_the_controls_is_named(tables):
    told = studies.format_section(tables, alpha=0.05)["within"]
    arms = tables["control_arms"]
    lead = arms[(arms["id"] == arms["question"]) & (arms["treated_verdict"] == "supported")]
    assert f"Of {len(lead)} questions that are supported in the treated donors alone, 1 is not" in told
    assert (
        f"not supported in comparison with the controls: {lead['id'].iloc[0]} (inconclusive). The cause"
        in told
    )


def test_nothing_lost_is_told_as_such(tables):
    arms = tables["control_arms"].assign(verdict=tables["control_arms"]["treated_verdict"])
    assert studies.format_within(arms).endswith("and all of them in comparison with the controls.")
    none = arms.assign(treated_verdict="inconclusive")
    assert studies.format_within(none) == "No question is supported in the treated donors alone."


def test_too_few_controls_do_not_hide_what_the_treated_show(tables):
    """Healthy donors seen once have no change to compare with: depletion in the treated is still told."""
    reason = "0 control donors with both visits, 4 needed in each arm"
    arms = tables["control_arms"].assign(verdict="not testable", reason=reason)
    n = int(((arms["id"] == arms["question"]) & (arms["treated_verdict"] == "supported")).sum())
    assert n > 1
    assert studies.format_within(arms) == (
        f"Of {n} questions that are supported in the treated donors alone, {n} cannot be compared with the controls "
        f"({reason})."
    )
    assert studies.format_first(arms).startswith(f"No question can be compared with the controls ({reason}).")
    assert not studies.compared(arms)
    assert studies.compared(tables["control_arms"])


def test_control_levels_are_named_and_listed_apart(tables):
    arms = tables["control_arms"].assign(controls="placebo, interferon", covariates="age, sex = M")
    own = arms.assign(controls="interferon", pooled="no", verdict="not supported")
    both = tables | {"control_arms": pd.concat([arms, own])}
    told, plain = (studies.format_section(every, alpha=0.05) for every in (both, tables))
    assert (
        "7 controls (placebo, interferon; difference in differences, adjusted for age, sex = M): of"
        in told["first"]
    )
    # the levels are beside the answer
    assert told["within"] == plain["within"]
    shown = studies.chosen(both)
    assert set(shown["control_arms"]["controls"]) == {"placebo, interferon"}
    assert set(shown["control_levels"]["controls"]) == {"interferon"}
    assert studies.chosen(tables)["control_levels"].empty


def test_associations_are_told_at_the_level_of_the_run(tables):
    told = studies.format_section(tables, alpha=1e-9)["outcome"]
    assert "0 differ from zero at a false discovery rate of 1e-09" in told


def test_associations_are_exploratory_by_their_words(tables):
    told = studies.format_section(tables, alpha=0.05)["outcome"]
    assert told.startswith("Of 2 associations with the outcome, 1 differs from zero")
    assert "(C1)" in told
    assert "The smallest single association that 8 donors can show is 0.74." in told
    assert "not a cause" in told
    untested = tables["outcome"].assign(status="not testable", reason="2 donors")
    assert (
        studies.format_outcome(untested, alpha=0.05)
        == "No association with the outcome was testable: 2 donors."
    )


def test_a_study_without_arms_and_outcome_says_nothing_of_them(pages):
    empty = required.complete(trust.NEEDED, statistics_tables.every())
    assert set(studies.format_section(empty, alpha=0.05).values()) == {""}
    assert 'id="studies"' not in pages[0]
    assert "difference in differences" not in pages[0]
    assert "every donor is treated" in pages[0]


def test_a_study_with_both_has_a_section_and_a_first_sentence(pages):
    page = pages[1]
    first = page.index("difference in differences")
    assert page.index('id="answer"') < first < page.index('class="chapters"')
    assert page.count('id="studies"') == 1
    assert 'id="table-control_arms"' in page
    assert 'id="table-outcome"' in page
    assert "every donor is treated" not in page


def test_a_table_without_its_columns_is_refused():
    with pytest.raises(ValueError, match="control_arms"):
        required.complete(trust.NEEDED, {"control_arms": pd.DataFrame({"id": ["a"]})})
