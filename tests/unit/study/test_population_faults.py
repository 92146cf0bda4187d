"""What is said about a faulty tree of populations."""

import pytest
from catalogue_entries import find


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
