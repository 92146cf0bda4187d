"""The verdicts as text and as JSON say what the table says, in the form that the schema states."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
import report_page
import report_tables as made_up
import report_verdicts
from evil import EVIL

from cd20scope.report import ending, summary

SCHEMA = Path(__file__).parents[3] / "workflow/schemas/verdicts.schema.json"


def tell(verdicts, *, after_verdicts=False):
    made = report_page.tables(n_cells=20, n_genes=12) | {"verdicts": verdicts}
    return summary.collect(
        report_page.judged(made),
        sheet=made["sheet"],
        populations=made["populations"],
        quality=report_page.quality(made),
        sexes=made["sexes"],
        asked=report_verdicts.asked(after_verdicts=after_verdicts),
        version="0.1.0",
        code="0123456789ab",
    )


@pytest.fixture(scope="module")
def told():
    return tell(report_verdicts.verdicts())


def test_it_has_the_form_that_is_promised(told):
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    read = json.loads(json.dumps(told, allow_nan=False))
    jsonschema.validate(read, schema, cls=jsonschema.Draft202012Validator)
    read["hypotheses"][0]["verdict"] = "true"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(read, schema, cls=jsonschema.Draft202012Validator)


def test_every_verdict_is_that_of_the_table(told):
    said = {row["id"]: row for row in told["hypotheses"]}
    for row in report_verdicts.verdicts().itertuples():
        own = said[row.id]
        assert own["verdict"] == row.verdict
        for name in (
            "estimate",
            "ci_low",
            "ci_high",
            "p_adjusted",
            "p_exact",
            "smallest_effect_low",
            "smallest_effect_high",
        ):
            value = getattr(row, name)
            assert own[name] == (None if np.isnan(value) else value)
        assert own["n_pairs"] == row.n_pairs
        assert (own["arms"] is None) == np.isnan(row.arms_asked)
    assert [part["holds"] for part in said["P1"]["parts"]] == ["yes", "yes", "yes", "not shown"]
    assert said["T1"]["parts"] is None
    assert said["T1"]["arms"] == {
        "held": 4,
        "asked": 6,
        "against": ["leave one donor out", "adjusted for steroid score"],
    }


def test_the_terminal_ends_with_the_counts_of_the_summary_and_the_report(told):
    text = summary.format_markdown(
        told, preflight=report_page.tables(n_cells=20, n_genes=20)["preflight"], inputs=made_up.inputs()
    )
    *counts, report = ending.last_lines(text, Path("/study/results/report/report.html"))
    assert [line.split(": ")[0] for line in counts] == [
        "12 confirmatory questions",
        "4 exploratory questions",
    ]
    assert all(line in text for line in counts)
    assert report == "Report: /study/results/report/report.html"


def test_the_text_says_each_verdict_under_its_heading(told):
    text = summary.format_markdown(
        told, preflight=report_page.tables(n_cells=20, n_genes=20)["preflight"], inputs=made_up.inputs()
    )
    assert "12 confirmatory questions: " in text
    answer, exploratory = text.split("## Exploratory questions")
    for row in report_verdicts.verdicts().itertuples():
        part = answer if row.family == "confirmatory" else exploratory
        assert f"** ({row.id}): " in part
        (line,) = (line for line in part.splitlines() if f"** ({row.id}): " in line)
        assert f"**{row.verdict}" in line
    assert (
        "Verdict unchanged in 4 of 6 sensitivity analyses (changes: leave one donor out; adjusted for steroid score)."
        in text
    )
    assert "- D03: samples of one donor differ in sex" in text
    assert made_up.inputs()["sha256"].iloc[0] in text
    assert "Simulated" not in text
    assert text.count("On the same estimate as R1.") == 2


def test_a_question_lists_the_claims_on_its_estimate(told):
    asked = {row["id"]: row for row in told["questions"]}
    assert asked["R1"] == {
        "id": "R1",
        "question": "What became of Treg?",
        "family": "T cells",
        "claims": ["R1", "R2", "R4"],
    }
    assert asked["E2"]["family"] == "exploratory"
    assert sorted(name for row in asked.values() for name in row["claims"]) == sorted(
        row["id"] for row in told["hypotheses"]
    )


def test_names_cannot_become_markup():
    verdicts = report_verdicts.verdicts()
    verdicts.loc[0, "statement"] = f"{EVIL} | [a](javascript:b) `c`"
    inputs = made_up.inputs().assign(path=EVIL)
    text = summary.format_markdown(
        tell(verdicts), preflight=pd.DataFrame(columns=["level", "about", "text"]), inputs=inputs
    )
    assert "<img" not in text
    assert "&lt;img src=x onerror=alert(1)&gt; \\| \\[a\\](javascript:b) \\`c\\`" in text
    assert "None." in text


def test_changed_questions_are_told_with_their_digests_and_times(told):
    inputs, nothing = made_up.inputs(), pd.DataFrame(columns=["level", "about", "text"])
    text = summary.format_markdown(told, preflight=nothing, inputs=inputs)
    assert told["warning"] is None
    assert f"version 4, SHA-256 `{'0a' * 32}`, first used 2026-01-05T09:00:00+00:00" in text
    assert "were changed" not in text
    later = tell(report_verdicts.verdicts(), after_verdicts=True)
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.validate(later, schema, cls=jsonschema.Draft202012Validator)
    assert later["catalogue"]["after_verdicts"] is True
    assert [row["version"] for row in later["catalogue"]["others"]] == [4]
    text = summary.format_markdown(later, preflight=nothing, inputs=inputs)
    assert "- (!) **Questions.** The questions were changed after verdicts had been made: " in text


def test_what_technique_takes_back_is_told_as_such():
    verdicts = report_verdicts.verdicts()
    at = verdicts["id"] == "T1"
    reason = "supported as measured, inconclusive in the arm B: week2 has 2 points less"
    verdicts.loc[at, ["verdict", "technical", "reason"]] = ["inconclusive", "yes", reason]
    told = tell(verdicts)
    jsonschema.validate(told, json.loads(SCHEMA.read_text(encoding="utf-8")))
    said = {row["id"]: row for row in told["hypotheses"]}
    assert said["T1"]["technical"] is True
    assert not any(row["technical"] for row in told["hypotheses"] if row["id"] != "T1")
    text = summary.format_markdown(
        told, preflight=report_page.tables(n_cells=20, n_genes=20)["preflight"], inputs=made_up.inputs()
    )
    (line,) = (line for line in text.splitlines() if "(technical)**" in line)
    assert "**inconclusive (technical)** (T1)" in line
    assert "(!) Supported as measured, inconclusive in the arm B: week 2 has 2 points less." in text
    assert "Verdict as measured unchanged in 4 of 6 sensitivity analyses" in text
