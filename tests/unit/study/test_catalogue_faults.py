"""What is said about a faulty catalogue."""

import re

import pytest
from catalogue_entries import change, find, question

from cd20scope.study.catalogue import ConfigError


@pytest.fixture
def problems(reload):
    """Load a catalogue, as text or as data, and return the problems that are found."""

    def load(kind, content, **others):
        with pytest.raises(ConfigError) as caught:
            reload(kind, content, **others)
        assert str(caught.value).startswith(f"my_{kind}.yaml: ")
        return caught.value.problems

    return load


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


def _node(data, name, parent=None):
    keys = {"name": name} if parent is None else {"name": name, "parent": parent}
    return find(data["nodes"], **keys)


POPULATION_FAULTS = {
    "population renamed": (
        lambda d: _node(d, "gdT").update(name="gd T"),
        ['unknown population "gdT". Did you mean "gd T"?'],
    ),
    "parent unknown": (
        lambda d: _node(d, "Treg").update(parent="CD4 Tcells"),
        ['(Treg) > parent: unknown parent branch "CD4 Tcells". Did you mean "CD4 T"?'],
    ),
    "parent of the wrong level": (
        lambda d: _node(d, "Treg").update(parent="CD4 memory"),
        ['(Treg) > parent: unknown parent branch "CD4 memory".'],
    ),
    "subset without a population": (
        lambda d: _node(d, "cDC1").update(parent=None),
        ["(cDC1) > parent: a subset needs the population it refines. Name it."],
    ),
    "circle of branches": (
        lambda d: _node(d, "T").update(parent="CD4 T"),
        ['(T) > parent: "T" hangs under itself.', '(CD4 T) > parent: "CD4 T" hangs under itself.'],
    ),
    "no markers": (
        lambda d: _node(d, "NK").update(markers=[]),
        ["(NK) > markers: found 0 of at least 1 entries. Add what is missing."],
    ),
    "lineage unknown": (
        lambda d: _node(d, "NK").update(lineage="NK cells"),
        ['(NK) > lineage: unknown lineage "NK cells". Did you mean "NK"?'],
    ),
    "lineage missing": (
        lambda d: _node(d, "NK").pop("lineage"),
        ["(NK): a population needs the key lineage. Add one of B, CD4 T, CD8 T, other T, NK,"],
    ),
    "lineage of a subset": (
        lambda d: _node(d, "cDC1").update(lineage="Myeloid"),
        ["(DC / cDC1) > lineage: a subset has none of its own. Remove the key."],
    ),
    "subset twice": (
        lambda d: _node(d, "cDC2").update(name="cDC1"),
        ['(DC / cDC1): the name "DC / cDC1" is taken by an entry above.'],
    ),
    "name that a selector could not hold": (
        lambda d: _node(d, "cDC2").update(name="cDC2 / DC3"),
        ['found "cDC2 / DC3". Expected: A label without outer spaces'],
    ),
    "gene for and against": (
        lambda d: _node(d, "NK")["negative"].append("NKG7"),
        ["(NK) > negative: NKG7 also among the markers."],
    ),
    "depleted gene against a T cell": (
        lambda d: _node(d, "Treg")["negative"].append("MS4A1"),
        ["(Treg): MS4A1 cannot mark cells outside the B lineage, the label would depend on the visit."],
    ),
    "depleted gene for a branch": (
        lambda d: _node(d, "Myeloid")["negative"].append("CD79A"),
        ["(Myeloid): CD79A cannot mark cells outside the B lineage"],
    ),
    "depleted gene for a subset": (
        lambda d: _node(d, "Tfh")["markers"].append("MS4A1"),
        ["(CD4 memory / Tfh): MS4A1 cannot mark cells outside the B lineage"],
    ),
    "ontology id": (
        lambda d: _node(d, "NK").update(cl="CL:623"),
        ['(NK) > cl: found "CL:623". Expected: Cell Ontology identifier such as "CL:0000236"'],
    ),
    "denominator unknown": (
        lambda d: _node(d, "NK").update(denominator="nonB PBMC"),
        ['(NK) > denominator: unknown selector "nonB PBMC". Did you mean "non-B PBMC"?'],
    ),
    "denominator without the population": (
        lambda d: _node(d, "NK").update(denominator="CD4 T"),
        ['(NK) > denominator: "CD4 T" must hold all cells of "NK" and others besides.'],
    ),
    "denominator is the population": (
        lambda d: _node(d, "NK").update(denominator="NK"),
        ['(NK) > denominator: "NK" must hold all cells of "NK" and others besides.'],
    ),
    "denominator is another subset": (
        lambda d: _node(d, "cDC1").update(denominator="DC / cDC2"),
        ['(DC / cDC1) > denominator: "DC / cDC2" must hold all cells of "DC / cDC1"'],
    ),
    "denominator of a branch": (
        lambda d: _node(d, "T").update(denominator="PBMC"),
        ["(T) > denominator: the share of a branch is not tested. Move the key to a set of the same cells."],
    ),
    "set member unknown": (
        lambda d: find(d["sets"], name="CD8 T")["members"].append("CD8 effector"),
        ['sets[5] (CD8 T) > members[2]: unknown population "CD8 effector".'],
    ),
    "set with the name of a population": (
        lambda d: find(d["sets"], name="B lineage").update(name="Plasma"),
        ['sets[3] (Plasma) > name: "Plasma" is a population already. Rename the set.'],
    ),
    "set twice": (
        lambda d: d["sets"].append({"name": "PBMC", "members": ["NK"]}),
        ['sets[10] (PBMC): the name "PBMC" is taken by an entry above.'],
    ),
}


@pytest.mark.parametrize("fault", POPULATION_FAULTS)
def test_faults_of_the_tree(problems, edited, fault):
    spoil, expected = POPULATION_FAULTS[fault]
    spoil(edited["populations"])
    found = problems("populations", edited["populations"])
    for part in expected:
        assert [problem for problem in found if part in problem], found
    if fault not in ("population renamed", "set with the name of a population"):
        # no other fault has consequences elsewhere in the file
        assert len(found) == len(expected)


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


# ----------------------------------------------------------------------------------- between the catalogues


def _row(data, name):
    return question(data["hypotheses"], name)


def _program(data, name):
    return find(data["programs"]["programs"], name=name)


PLACES = {"programs": "programs", "hypotheses": "questions"}

REFERENCE_FAULTS = {
    "population": (
        lambda d: _row(d, "T-act-m6").update(population="CD4 memry"),
        '(T-act-m6) > population: unknown selector "CD4 memry". Did you mean "CD4 memory"?',
    ),
    "denominator": (
        lambda d: _row(d, "B-total-w2").update(denominator="PBMCs"),
        '(B-total-w2) > denominator: unknown selector "PBMCs". Did you mean "PBMC"?',
    ),
    "programme": (
        lambda d: _row(d, "Th17-m6").update(program="TH-17"),
        '(Th17-m6) > program: unknown programme "TH-17". Did you mean "Th17"?',
    ),
    "programme not scored there": (
        lambda d: _row(d, "Th17-m6").update(population="CD8 memory"),
        '(Th17-m6) > program: "Th17" is scored in CD4 memory, not in "CD8 memory". Add it to',
    ),
    "denominator beside the population": (
        lambda d: _row(d, "Plasma-spared-w2").update(denominator="B cells"),
        '(Plasma-spared-w2) > denominator: "B cells" must hold all cells of "Plasma" and others',
    ),
    "depleted population": (
        lambda d: _row(d, "T-act-biphasic")["depletion"].update(population="B cell"),
        '(T-act-biphasic) > depletion > population: unknown selector "B cell". Did you mean "B c',
    ),
    "selector of a programme": (
        lambda d: _program(d, "Naive T")["populations"].append("Tregs"),
        '(Naive T) > populations[3]: unknown selector "Tregs". Did you mean "Treg"?',
    ),
    "soup in a T programme": (
        lambda d: _program(d, "Th1")["genes"].extend(["MS4A1", "TCL1A", "IGLV2-14", "IGHMBP2"]),
        '(Th1) > genes: MS4A1, TCL1A, IGLV2-14 cannot be scored in "CD4 memory"',
    ),
    "B-cell genes in a monocyte programme": (
        lambda d: _program(d, "MHC-II")["genes"].append("CD79A"),
        '(MHC-II) > genes: CD79A cannot be scored in "Monocyte"',
    ),
}


@pytest.mark.parametrize("fault", REFERENCE_FAULTS)
def test_references_that_lead_nowhere(problems, edited, fault):
    spoil, expected = REFERENCE_FAULTS[fault]
    spoil(edited)
    kind = (
        "programs"
        if "programme" in fault and "scored" not in fault and fault != "programme"
        else "hypotheses"
    )
    found = problems(kind, edited[kind])
    assert [
        one for one in found if re.fullmatch(rf"line \d+, {PLACES[kind]}\[\d+\] {re.escape(expected)}.*", one)
    ], found


def test_references_are_all_told_at_once(problems, edited):
    for fault in ("population", "denominator", "programme"):
        REFERENCE_FAULTS[fault][0](edited)
    names = [re.search(r"\((.*?)\)", one)[1] for one in problems("hypotheses", edited["hypotheses"])]
    assert {"B-total-w2", "T-act-m6", "Th17-m6"} <= set(names)
