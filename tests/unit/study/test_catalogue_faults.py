"""What is said about a faulty catalogue."""

import re

import pytest
from catalogue_entries import change


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found null instead of a mapping. Start from the keys version, programs."),
        ("- a", 'found ["a"] instead of a mapping. Start from the keys version, programs.'),
        ("version: [1", "not readable as YAML"),
    ],
)
def test_text_that_is_no_catalogue(problems, text, message):
    (problem,) = problems("programs", text)
    assert problem.startswith(message)


PROGRAMS = """\
version: 1
programs:
  - name: Th1
    genes: [TBX21, CXCR3]
    populations: [CD4 memory]
    role: endpoint
    source: somebody 2020
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "    role: endpoint",
            "    rol: endpoint",
            [
                "line 3, programs[0] (Th1): the key role is missing. Add it.",
                'line 6, programs[0] (Th1) > rol: unknown key "rol". Did you mean "role"?',
            ],
        ),
        (
            "role: endpoint",
            "role: Endpoints",
            ['line 6, programs[0] (Th1) > role: unknown value "Endpoints".'],
        ),
        ("role: endpoint", "role:", ["line 6, programs[0] (Th1) > role: is empty (null). Write a value"]),
        ("source: somebody 2020", "source: null", ["line 7, programs[0] (Th1) > source: is empty (null)."]),
        ("source: somebody 2020", "source: ''", ["line 7, programs[0] (Th1) > source: is empty text."]),
        (
            "source: somebody 2020",
            "source: 7",
            ["line 7, programs[0] (Th1) > source: found 7, expected text"],
        ),
        ("[TBX21, CXCR3]", "[]", ["line 4, programs[0] (Th1) > genes: found 0 of at least 1 entries."]),
        ("[TBX21, CXCR3]", "TBX21", ['line 4, programs[0] (Th1) > genes: found "TBX21", expected a list.']),
        (
            "[TBX21, CXCR3]",
            "[TBX21 CXCR3, null]",
            [
                'line 4, programs[0] (Th1) > genes[0]: found "TBX21 CXCR3". Expected: One gene symbol',
                "line 4, programs[0] (Th1) > genes[1]: is empty (null).",
            ],
        ),
        (
            "[TBX21, CXCR3]",
            "[TBX21, CXCR3, TBX21]",
            ['line 4, programs[0] (Th1) > genes: "TBX21" listed more than once. Keep one.'],
        ),
        (
            "    role: endpoint",
            "    role: endpoint\n    role: confounder",
            ["line 7, programs[0] (Th1) > role: the key is written more than once here. Keep one."],
        ),
        ("version: 1", "version: 0", ["line 1, version: found 0; it must be at least 1."]),
        ("version: 1", "version: 1.5", ["line 1, version: found 1.5, expected a whole number."]),
    ],
)
def test_mistakes_against_the_schema_are_told_with_line_place_and_remedy(problems, old, new, expected):
    assert old in PROGRAMS
    found = problems("programs", PROGRAMS.replace(old, new, 1))
    assert len(found) == len(expected)
    for problem, start in zip(found, expected, strict=True):
        assert problem.startswith(start)


def test_duplicated_programme(problems):
    twice = PROGRAMS + PROGRAMS.split("programs:\n")[1]
    assert problems("programs", twice) == [
        'line 8, programs[1] (Th1): the name "Th1" is taken by an entry above. Rename one, or remove it.'
    ]


def test_all_problems_of_both_kinds_come_in_one_message(problems, edited):
    data = edited["hypotheses"]
    rows = data["questions"]
    of_first = rows[0]["claims"][0]
    of_first["margn"] = of_first.pop("margin")
    rows[1]["endpoint"] = "share"
    rows[2]["id"] = rows[2]["claims"][0]["id"] = rows[3]["id"]
    rows[4]["contrast"] = "week2-week2"
    found = problems("hypotheses", data)
    parts = [
        "margin is missing",
        'Did you mean "margin"?',
        'unknown value "share"',
        "is taken",
        "with itself",
    ]
    assert len(found) == len(parts)
    for problem, part in zip(found, parts, strict=True):
        assert part in problem


HYPOTHESIS_FAULTS = {
    "abundance without denominator": (
        "B-total-w2",
        {"denominator": ...},
        "(B-total-w2): endpoint abundance needs the key denominator. Add it.",
    ),
    "abundance with programme": (
        "B-total-w2",
        {"program": "Th1"},
        "(B-total-w2) > program: means nothing for endpoint abundance. Remove it, or change the endpoint.",
    ),
    "abundance margin": (
        "Treg-share-m6",
        {"margin": 0.2},
        "(Treg-share-m6) > margin: found 0.2; a fold change of odds must be above 1 (1.2 is 20 %).",
    ),
    "negative margin": ("Th17-m6", {"margin": -0.5}, "(Th17-m6) > margin: found -0.5; it must be above 0."),
    "component outside PBMC": (
        "Th17-m6",
        {"component": "within"},
        '(Th17-m6) > component: within exists for PBMC only, found "CD4 memory".',
    ),
    "B-cell genes in other cells": (
        "B-genes-w2-composition",
        {"component": "within"},
        '(B-genes-w2-composition) > component: "B-cell genes" has genes that B cells alone have (CD79A, MS4A1, BANK1, '
        "CD19, CD79B, FCRLA, BLK, CD22, VPREB3). What other cells show of them is",
    ),
    "component unknown": (
        "MHC-II-w2-within",
        {"component": "inside"},
        '(MHC-II-w2-within) > component: unknown value "inside". Choose from: total, composition, within.',
    ),
    "programme missing": (
        "Th17-m6",
        {"program": ...},
        "(Th17-m6): endpoint program needs the key program. Add it.",
    ),
    "biphasic without depletion": (
        "T-act-biphasic",
        {"depletion": ...},
        "(T-act-biphasic): endpoint biphasic needs the key depletion. Add it.",
    ),
    "order that starts elsewhere": (
        "T-act-biphasic",
        {"contrast": "month6-week2"},
        '(T-act-biphasic) > depletion > first: "week2-baseline" and the contrast "month6-week2" need the same earlier '
        "visit and two later ones. Write first visit-week2.",
    ),
    "order of one visit": (
        "T-act-biphasic",
        {"contrast": "week2-baseline"},
        '"week2-baseline" and the contrast "week2-baseline" need the same earlier visit and two later ones.',
    ),
    "contrast without visits": (
        "Th17-m6",
        {"contrast": "month6"},
        '(Th17-m6) > contrast: found "month6". Expected: Later visit, hyphen, earlier visit',
    ),
    "contrast of one visit": (
        "Th17-m6",
        {"contrast": "month6-month6"},
        "(Th17-m6) > contrast: compares month6 with itself.",
    ),
    "id with a space": (
        "Th17-m6",
        {"id": "T act"},
        '(T act) > id: found "T act". Expected: Short, unique and stable',
    ),
    "id twice": ("Th17-m6", {"id": "B-total-w2"}, 'the name "B-total-w2" is taken by a claim above.'),
    "id of one place": ("Th17-m6", {"id": "B.total_w2"}, '"B.total_w2" and "B-total-w2" would have the same'),
    "null": (
        "Th17-m6",
        {"margin": None},
        "(Th17-m6) > margin: is empty (null). Write a value, or remove the key where it is optional.",
    ),
}


@pytest.mark.parametrize("fault", HYPOTHESIS_FAULTS)
def test_faults_of_a_hypothesis(problems, edited, fault):
    name, changes, expected = HYPOTHESIS_FAULTS[fault]
    change(edited["hypotheses"], name, changes)
    problem, *more = problems("hypotheses", edited["hypotheses"])
    assert len(more) == (fault == "id with a space")  # told of the question and of its first claim
    assert re.match(r"line \d+, questions\[\d+\] \(", problem)
    assert expected in problem


def test_a_fault_is_found_on_the_line_where_it_stands(problems, texts):
    lines = texts["hypotheses"].splitlines()
    at = lines.index("    program: Th17")
    lines[at] = "    programme: Th17"
    found = problems("hypotheses", "\n".join(lines))
    number = [line.startswith("  - id: ") for line in lines[:at]].count(True) - 1
    assert f'line {at + 1}, questions[{number}] (Th17-m6) > programme: unknown key "programme". ' in found[-1]
