"""Catalogues of questions that make no sense are refused, with the line and what to do."""

import copy
from functools import partial
from pathlib import Path

import pytest
import yaml

from cd20scope.study import strict_yaml
from cd20scope.study.families import Family
from cd20scope.study.question_rules import check_questions, read_endpoints
from cd20scope.study.questions import claim_rows, digest, read_families
from cd20scope.study.strict_yaml import ConfigError

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/hypotheses.schema.yaml").read_text())
CLAIM = {
    "id": "B-w2",
    "statement": "By week 2, B cells have fallen by at least 80 % in the typical donor.",
    "direction": "down",
    "margin": 5,
    "strength": "strong",
    "source": "Gingele 2019, doi:10.3390/cells8010012",
}
GOOD = {
    "version": 4,
    "families": [
        {"name": "depletion", "share": 0.9, "passes": {"T cells": 1}},
        {"name": "T cells", "share": 0.1},
    ],
    "questions": [
        {
            "id": "B-w2",
            "question": "What became of the share of B cells by week 2?",
            "family": "depletion",
            "endpoint": "abundance",
            "population": "B cells",
            "denominator": "PBMC",
            "contrast": "week2-baseline",
            "claims": [CLAIM],
        },
        {
            "id": "Th1-down",
            "question": "Does the Th1 programme change by month 6?",
            "family": "T cells",
            "endpoint": "program",
            "population": "CD4 memory",
            "program": "Th1",
            "contrast": "month6-baseline",
            "claims": [
                CLAIM | {"id": "Th1-down", "margin": 0.5, "strength": "plain"},
                CLAIM | {"id": "Th1-up", "margin": 0.5, "strength": "plain", "direction": "up"},
            ],
        },
        {
            "id": "order",
            "question": "Do T cells calm down after the B cells are gone?",
            "family": "T cells",
            "endpoint": "biphasic",
            "population": "CD4 memory",
            "program": "T activation",
            "contrast": "month6-baseline",
            "depletion": {
                "population": "B cells",
                "denominator": "PBMC",
                "first": "week2-baseline",
                "fall": 5,
            },
            "claims": [CLAIM | {"id": "order", "margin": 0.5, "strength": "plain"}],
        },
    ],
}


def read(data):
    return strict_yaml.read(
        yaml.safe_dump(data, sort_keys=False),
        schema=SCHEMA,
        name="hypotheses.yaml",
        rules=partial(check_questions, endpoints=read_endpoints(SCHEMA)),
    )


def changed(*path, value):
    data = copy.deepcopy(GOOD)
    *way, last = path
    at = data
    for step in way:
        at = at[step]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return data


def test_a_catalogue_that_makes_sense_is_read():
    assert read(GOOD) == GOOD
    assert read_families(GOOD) == [Family("depletion", 0.9, {"T cells": 1.0}), Family("T cells", 0.1)]


BAD = [
    (("questions", 0, "endpoint"), "abundanse", "abundanse"),
    (("questions", 0, "claims", 0, "margin"), -5, "it must be above 0"),
    (("questions", 0, "claims", 0, "margin"), 0.8, "a fold change of odds must be above 1"),
    (("questions", 1, "claims", 0, "margin"), 20, "it is in standard deviations between donors"),
    (("questions", 0, "claims", 0, "source"), None, "the key source is missing"),
    (("questions", 0, "claims", 0, "source"), " ", "this project's question"),
    (("questions", 1, "claims", 1, "direction"), "down", "down is claimed above already"),
    (("questions", 1, "claims", 1, "id"), "B-w2", 'the name "B-w2" is taken'),
    (("questions", 1, "claims", 1, "id"), "B.w2", "would have the same place in the report"),
    (("questions", 1, "id"), "B-w2", "the first claim has the id of its question"),
    (("questions", 1, "claims", 1, "margin"), 0.4, "both directions are one test with one margin"),
    (("questions", 1, "claims", 1, "strength"), "strong", "a strong claim is a test of its own"),
    (("questions", 1, "family"), "Tcells", "Tcells"),
    (("questions", 1, "denominator"), "PBMC", "means nothing for endpoint program"),
    (("questions", 1, "program"), None, "endpoint program needs the key program"),
    (("questions", 1, "contrast"), "week2-week2", "compares week2 with itself"),
    (
        ("questions", 2, "depletion", "first"),
        "month6-week2",
        "need the same earlier visit and two later ones",
    ),
    (("questions", 2, "claims", 0, "direction"), "none", "none cannot go with"),
    (("families", 0, "share"), 1, "the shares of all families are 1.1 together"),
    (("families", 1, "share"), 0, "it must be above 0"),
    (("families", 1, "passes"), {"depletion": 1}, "passes its level on to itself"),
    (("families", 0, "passes"), {"NK": 1}, "which is no family"),
    (("families", 0, "name"), "exploratory", "is no family with a level"),
    (("families", 1, "name"), "depletion", "two families have one name"),
]


@pytest.mark.parametrize(("path", "value", "words"), BAD)
def test_what_makes_no_sense_is_refused_by_line(path, value, words):
    data = changed(*path, value=value)
    with pytest.raises(ConfigError) as refused:
        read(data)
    assert words in str(refused.value)
    assert all(problem.startswith("line ") for problem in refused.value.problems)


def test_two_questions_on_one_estimate_are_one():
    data = copy.deepcopy(GOOD)
    again = copy.deepcopy(data["questions"][1]) | {
        "id": "Th1-same",
        "family": "exploratory",
        "component": "total",
    }
    again["claims"] = [CLAIM | {"id": "Th1-same", "direction": "none", "margin": 0.5, "strength": "plain"}]
    data["questions"].append(again)
    with pytest.raises(ConfigError, match=r"same estimate as Th1-down\. One estimate is one question"):
        read(data)


def test_more_than_ten_confirmatory_questions_are_refused():
    data = copy.deepcopy(GOOD)
    for i in range(8):
        more = copy.deepcopy(data["questions"][1]) | {"id": f"Q{i}", "program": f"P{i}"}
        more["claims"] = [more["claims"][0] | {"id": f"Q{i}"}]
        data["questions"].append(more)
    with pytest.raises(ConfigError, match="confirmatory question 11; 10 are the most"):
        read(data)


def test_an_old_file_is_told_what_to_change():
    old = {"version": 2, "hypotheses": [{"id": "B-w2"}]}
    with pytest.raises(
        ConfigError, match=r"line 2, hypotheses: a list of hypotheses is the form of files before"
    ):
        read(old)


def test_every_claim_is_a_row_with_what_its_question_estimates():
    rows = {row["id"]: row for row in claim_rows(GOOD)}
    assert list(rows) == ["B-w2", "Th1-down", "Th1-up", "order"]
    up = rows["Th1-up"]
    assert (up["question"], up["stage"], up["family"]) == ("Th1-down", "T cells", "confirmatory")
    assert (up["direction"], up["population"], up["program"]) == ("up", "CD4 memory", "Th1")
    assert up["asks"] == "Does the Th1 programme change by month 6?"
    explored = claim_rows(changed("questions", 1, "family", value="exploratory"))[1]
    assert (explored["family"], explored["stage"]) == ("exploratory", "")


def test_the_digest_is_that_of_what_is_asked():
    turned = {key: GOOD[key] for key in reversed(GOOD)}
    assert digest(turned) == digest(GOOD)
    assert len(digest(GOOD)) == 64
    assert digest(changed("questions", 1, "claims", 0, "margin", value=0.4)) != digest(GOOD)
