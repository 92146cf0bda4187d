"""What is said about names of one catalogue that another does not have."""

import re

import pytest
from catalogue_entries import find, question


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
