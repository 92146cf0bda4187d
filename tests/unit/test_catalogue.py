"""The catalogues that are shipped, and what is said about a faulty one."""

import copy
import re
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
import yaml

from cd20scope import catalogue
from cd20scope.catalogue import CatalogueError
from cd20scope.schema import LINEAGES, POPULATIONS, UNASSIGNED

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("populations", "programs", "hypotheses")
T_POPULATIONS = {"CD4 naive", "CD4 memory", "Treg", "CD8 naive", "CD8 memory", "MAIT", "gdT"}
B_POPULATIONS = {"B naive", "B memory", "Plasma"}
# Every human immunoglobulin gene but IGHMBP2, which is a helicase; IGFBP and IGF genes start otherwise.
IG = re.compile(r"IG[HKL](?!MBP)")


@pytest.fixture(scope="module")
def schemas():
    folder = ROOT / "workflow" / "schemas"
    return {kind: yaml.safe_load((folder / f"{kind}.schema.yaml").read_text()) for kind in KINDS}


@pytest.fixture(scope="module")
def texts():
    return {kind: (ROOT / "config" / f"{kind}.yaml").read_text() for kind in KINDS}


@pytest.fixture(scope="module")
def shipped(schemas, texts):
    return {
        kind: catalogue.load(texts[kind], kind=kind, schema=schemas[kind], name=f"{kind}.yaml")
        for kind in KINDS
    }


@pytest.fixture
def edited(shipped):
    """A copy of the shipped catalogues that a test may spoil."""
    return copy.deepcopy(shipped)


@pytest.fixture
def problems(schemas):
    """Load a catalogue, as text or as data, and return what is said about it."""

    def load(kind, content):
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
        with pytest.raises(CatalogueError) as caught:
            catalogue.load(text, kind=kind, schema=schemas[kind], name=f"my_{kind}.yaml")
        assert str(caught.value).startswith(f"my_{kind}.yaml: ")
        return caught.value.problems

    return load


def find(entries, **keys):
    """The one entry with these values."""
    (entry,) = [entry for entry in entries if all(entry.get(key) == value for key, value in keys.items())]
    return entry


# ------------------------------------------------------------------------------------------- what is shipped


def test_shipped_catalogues_load_unchanged_and_refer_to_each_other(shipped, texts):
    for kind in KINDS:
        assert shipped[kind] == yaml.safe_load(texts[kind])
    catalogue.check_references(**shipped)


@pytest.mark.parametrize("kind", KINDS)
def test_schema_is_valid_closed_and_described(schemas, kind):
    jsonschema.Draft202012Validator.check_schema(schemas[kind])

    def walk(schema, place):
        if schema.get("type") == "object":
            assert schema["additionalProperties"] is False, place
            assert set(schema.get("required", ())) <= set(schema["properties"]), place
        for key, sub in schema.get("properties", {}).items():
            assert sub.get("description"), f"{place}.{key}"
            walk(sub, f"{place}.{key}")
        if "items" in schema:
            walk(schema["items"], f"{place}[]")

    walk(schemas[kind], kind)


def test_tree_has_the_populations_and_lineages_of_the_label_tables(shipped):
    lineage = catalogue.lineage_of(shipped["populations"])
    assert set(lineage) == set(POPULATIONS)
    assert len(lineage) == len(POPULATIONS)
    assert set(lineage.values()) == set(LINEAGES)
    assert lineage["Plasma"] == "B"
    assert lineage["Treg"] == "CD4 T"


def test_lineages_of_the_branches_hold_the_cells_of_the_sets_with_the_same_name(shipped):
    lineage = catalogue.lineage_of(shipped["populations"])
    for name in ("CD4 T", "CD8 T", "Myeloid"):
        members = find(shipped["populations"]["sets"], name=name)["members"]
        assert {population for population in lineage if lineage[population] == name} == set(members)


def test_every_population_can_be_told_apart_by_a_list_of_genes_with_a_source(shipped):
    for node in shipped["populations"]["nodes"]:
        # Treg are told from memory cells by many weak genes and no strong one
        assert len(node["markers"]) <= (42 if node["name"] == "Treg" else 14), node["name"]
        assert len(node["markers"]) >= (5 if node["level"] == "subset" else 6), node["name"]
        assert re.search(r"doi:10\.\d{4,}/|\d+:\d+", node["source"]), node["name"]


def test_genes_that_vanish_with_treatment_mark_b_cells_only(shipped):
    lineage = catalogue.lineage_of(shipped["populations"])
    for node in shipped["populations"]["nodes"]:
        at = {"population": node["name"], "subset": node["parent"], "branch": None}[node["level"]]
        b_lineage = node["name"] == "B" if at is None else lineage[at] == "B"
        listed = {*node["markers"], *node.get("negative", [])}
        if not b_lineage:
            assert not listed & {"MS4A1", "CD79A"}, node["name"]
            assert not [gene for gene in listed if IG.match(gene)], node["name"]


def test_immunoglobulin_genes_never_define_a_b_cell_alone(shipped):
    for node in shipped["populations"]["nodes"]:
        assert len([gene for gene in node["markers"] if not IG.match(gene)]) >= 4, node["name"]


def test_labels_do_not_use_endpoint_or_steroid_genes_that_would_move_them(shipped):
    steroid = set(find(shipped["programs"]["programs"], name="Glucocorticoid")["genes"])
    class_two = set(find(shipped["programs"]["programs"], name="MHC-II")["genes"])
    for node in shipped["populations"]["nodes"]:
        assert not set(node["markers"]) & (steroid | class_two), node["name"]


def test_t_programmes_hold_no_gene_of_the_b_cell_soup(shipped):
    populations = shipped["populations"]
    leaves = catalogue.leaves(populations)
    for program in shipped["programs"]["programs"]:
        for selector in program["populations"]:
            covered = set(leaves["population"][catalogue.select(populations, selector, leaves)])
            genes = set(program["genes"])
            if covered <= T_POPULATIONS:
                soup = {gene for gene in genes if IG.match(gene)} | genes & {"MS4A1", "CD79A", "CD74"}
                assert not soup, f"{program['name']} in {selector}"
            elif not covered & B_POPULATIONS:
                assert not genes & {"MS4A1", "CD79A"}, f"{program['name']} in {selector}"


def test_a_confounder_shares_no_gene_with_an_endpoint_of_the_same_cells(shipped):
    programs = shipped["programs"]["programs"]
    for confounder in (program for program in programs if program["role"] == "confounder"):
        for endpoint in (program for program in programs if program["role"] == "endpoint"):
            if set(confounder["populations"]) & set(endpoint["populations"]):
                shared = set(confounder["genes"]) & set(endpoint["genes"])
                assert not shared, f"{confounder['name']} and {endpoint['name']}"


def test_every_t_programme_has_steroid_and_handling_scores_beside_it(shipped):
    programs = shipped["programs"]["programs"]
    for name in ("Glucocorticoid", "Handling stress", "Delay/cold"):
        beside = set(find(programs, name=name)["populations"])
        for program in programs:
            tested = {selector.split(" / ")[0] for selector in program["populations"]} - {"PBMC", "DC"}
            assert tested <= beside, f"{program['name']} without {name}"


def test_symbols_are_written_as_hgnc_writes_them(shipped):
    symbol = re.compile(r"[A-Z][A-Z0-9]*(orf\d+)?(-[A-Z0-9]+)?")
    genes = {gene for program in shipped["programs"]["programs"] for gene in program["genes"]}
    for node in shipped["populations"]["nodes"]:
        genes |= {*node["markers"], *node.get("negative", [])}
    assert [gene for gene in sorted(genes) if not symbol.fullmatch(gene)] == []


def test_hypotheses_cover_what_the_workflow_is_for(shipped):
    hypotheses = shipped["hypotheses"]["hypotheses"]
    strong = {"endpoint": "abundance", "denominator": "PBMC", "direction": "down", "strength": "strong"}
    subsets = [node for node in shipped["populations"]["nodes"] if node["parent"] in ("B naive", "B memory")]
    for contrast in ("week2-baseline", "month6-baseline"):
        for population in ("B cells", "B naive", "B memory"):
            row = find(hypotheses, population=population, contrast=contrast, **strong)
            assert (row["margin"], row["family"]) == (5, "confirmatory")
        for node in subsets:
            selector = f"{node['parent']} / {node['name']}"
            assert find(hypotheses, population=selector, contrast=contrast, **strong)["margin"] == 5
        find(hypotheses, population="Plasma", denominator="B lineage", contrast=contrast, direction="up")
    month6 = {"contrast": "month6-baseline", "family": "confirmatory"}
    for program in ("T activation", "Th1", "Th17"):
        find(hypotheses, population="CD4 memory", program=program, direction="down", **month6)
    find(hypotheses, population="Treg", denominator="CD4 T", direction="up", margin=1.2, **month6)
    find(hypotheses, population="Treg", program="Treg suppressive", direction="up", **month6)
    find(hypotheses, endpoint="biphasic", program="T activation", direction="down")
    find(hypotheses, endpoint="biphasic", program="Treg suppressive", direction="up")
    for program in ("MHC-II", "B-cell genes"):
        for component in ("total", "composition", "within"):
            row = {"population": "PBMC", "program": program, "component": component, "direction": "down"}
            find(hypotheses, contrast="week2-baseline", **row)
    assert {row["opposes"] for row in hypotheses if "opposes" in row} >= {"Treg-supp-m6", "Th1-m6"}


# ---------------------------------------------------------------------------------------- selecting cells


def test_leaves_are_all_pairs_of_population_and_subset(shipped):
    table = catalogue.leaves(shipped["populations"])
    nodes = shipped["populations"]["nodes"]
    expected = {(node["parent"], node["name"]) for node in nodes if node["level"] == "subset"}
    expected |= {(population, UNASSIGNED) for population in (*POPULATIONS, UNASSIGNED)}
    assert set(table.itertuples(index=False, name=None)) == expected
    assert not table.duplicated().any()


def test_select_agrees_with_a_plain_loop(shipped):
    populations = shipped["populations"]
    members = {entry["name"]: entry["members"] for entry in populations["sets"]}
    leaves = catalogue.leaves(populations).sample(frac=1, random_state=0)
    leaves = leaves.set_axis([f"row{i}" for i in range(len(leaves))]).astype("category")
    asked = {*members, *POPULATIONS, "Treg / effector", "Monocyte / non-classical", "CD4 memory / Th1/17"}
    for selector in asked | {selector for pair in catalogue.selectors(populations) for selector in pair}:
        expected = []
        for row in leaves.itertuples():
            if selector in members:
                expected.append(row.population in members[selector])
            elif " / " in selector:
                expected.append(f"{row.population} / {row.subset}" == selector)
            else:
                expected.append(row.population == selector)
        chosen = catalogue.select(populations, selector, leaves)
        assert any(expected), selector
        pd.testing.assert_series_equal(chosen, pd.Series(expected, leaves.index), check_names=False)


def test_sets_hold_what_their_names_say(shipped):
    leaves = catalogue.leaves(shipped["populations"])

    def covered(selector):
        return set(leaves["population"][catalogue.select(shipped["populations"], selector, leaves)])

    everything = {*POPULATIONS, UNASSIGNED} - {"Platelet", "Erythroid"}
    assert covered("PBMC") == everything
    assert covered("non-B PBMC") == everything - B_POPULATIONS
    assert covered("B cells") == {"B naive", "B memory"}
    assert covered("B lineage") == B_POPULATIONS


def test_selectors_pair_every_tested_share_with_its_denominator(shipped):
    pairs = dict(catalogue.selectors(shipped["populations"]))
    assert len(pairs) == len(catalogue.selectors(shipped["populations"]))
    assert set(POPULATIONS) - set(pairs) == {"Platelet", "Erythroid"}
    expected = {
        "B cells": "PBMC",
        "B memory / atypical": "PBMC",
        "Plasma": "PBMC",
        "Treg": "CD4 T",
        "Treg / naive": "Treg",
        "CD4 memory / Th17": "CD4 memory",
        "CD8 naive": "CD8 T",
        "DC": "Myeloid",
        "Monocyte / non-classical": "Myeloid",
        "NK": "non-B PBMC",
        "MAIT": "non-B PBMC",
    }
    assert {selector: pairs[selector] for selector in expected} == expected
    assert not {"PBMC", "non-B PBMC", "B lineage"} & set(pairs)


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("Tregs", 'unknown selector "Tregs". Did you mean "Treg"?'),
        ("treg / Effector", 'unknown selector "treg / Effector". Did you mean "Treg / effector"?'),
        ("B", 'unknown selector "B". Did you mean "B cells"?'),
        ("xyz", 'unknown selector "xyz". Choose from: PBMC, non-B PBMC, B cells,'),
    ],
)
def test_select_refuses_an_unknown_selector(shipped, selector, message):
    leaves = catalogue.leaves(shipped["populations"])
    with pytest.raises(CatalogueError, match=re.escape(message)):
        catalogue.select(shipped["populations"], selector, leaves)


# ------------------------------------------------------------------------------------------ faulty files


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
    rows = data["hypotheses"]
    rows[0]["margn"] = rows[0].pop("margin")
    rows[1]["endpoint"] = "share"
    rows[2]["id"] = rows[3]["id"]
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
        ['the population "gdT" is missing. Add it', 'unknown population "gd T". Did you mean "gdT"?'],
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
        '(T act) > id: found "T act". Expected: Short and unique',
    ),
    "id twice": ("Th17-m6", {"id": "B-total-w2"}, 'the name "B-total-w2" is taken by an entry above.'),
    "id of one place": ("Th17-m6", {"id": "B.total_w2"}, '"B.total_w2" and "B-total-w2" would have the same'),
    "opposes nobody": (
        "Th1-up-m6",
        {"opposes": "Th1-m7"},
        '(Th1-up-m6) > opposes: unknown other hypothesis "Th1-m7". Did you mean "Th1-m6"?',
    ),
    "opposes itself": ("Th1-up-m6", {"opposes": "Th1-up-m6"}, 'unknown other hypothesis "Th1-up-m6"'),
    "opposes another test": (
        "Th1-up-m6",
        {"margin": 0.4, "family": "exploratory"},
        '(Th1-up-m6) > opposes: "Th1-m6" is not the same test, margin, family differ. Make them equal.',
    ),
    "opposes the same direction": (
        "Th1-up-m6",
        {"direction": "down"},
        '(Th1-up-m6) > opposes: "Th1-m6" claims the same direction. One of the two must say up,',
    ),
    "null": (
        "Th17-m6",
        {"margin": None},
        "(Th17-m6) > margin: is empty (null). Write a value, or remove the key where it is optional.",
    ),
}


@pytest.mark.parametrize("fault", HYPOTHESIS_FAULTS)
def test_faults_of_a_hypothesis(problems, edited, fault):
    name, changes, expected = HYPOTHESIS_FAULTS[fault]
    row = find(edited["hypotheses"]["hypotheses"], id=name)
    for key, value in changes.items():
        if value is ...:
            del row[key]
        else:
            row[key] = value
    (problem,) = problems("hypotheses", edited["hypotheses"])
    assert re.match(r"line \d+, hypotheses\[\d+\] \(", problem)
    assert expected in problem


def test_a_fault_is_found_on_the_line_where_it_stands(problems, texts):
    lines = texts["hypotheses"].splitlines()
    at = lines.index("    program: Th17")
    lines[at] = "    programme: Th17"
    found = problems("hypotheses", "\n".join(lines))
    assert f'line {at + 1}, hypotheses[34] (Th17-m6) > programme: unknown key "programme". ' in found[-1]


# ----------------------------------------------------------------------------------- between the catalogues


def _row(data, name):
    return find(data["hypotheses"]["hypotheses"], id=name)


def _program(data, name):
    return find(data["programs"]["programs"], name=name)


REFERENCE_FAULTS = {
    "population": (
        lambda d: _row(d, "T-act-m6").update(population="CD4 memry"),
        'hypotheses (T-act-m6) > population: unknown selector "CD4 memry". Did you mean "CD4 memory"?',
    ),
    "denominator": (
        lambda d: _row(d, "B-total-w2").update(denominator="PBMCs"),
        'hypotheses (B-total-w2) > denominator: unknown selector "PBMCs". Did you mean "PBMC"?',
    ),
    "programme": (
        lambda d: _row(d, "Th17-m6").update(program="TH-17"),
        'hypotheses (Th17-m6) > program: unknown programme "TH-17". Did you mean "Th17"?',
    ),
    "programme not scored there": (
        lambda d: _row(d, "Th17-m6").update(population="CD8 memory"),
        'hypotheses (Th17-m6) > program: "Th17" is scored in CD4 memory, not in "CD8 memory". Add it to',
    ),
    "denominator beside the population": (
        lambda d: _row(d, "Plasma-spared-w2").update(denominator="B cells"),
        'hypotheses (Plasma-spared-w2) > denominator: "B cells" must hold all cells of "Plasma" and others',
    ),
    "depleted population": (
        lambda d: _row(d, "T-act-biphasic")["depletion"].update(population="B cell"),
        'hypotheses (T-act-biphasic) > depletion > population: unknown selector "B cell". Did you mean "B c',
    ),
    "selector of a programme": (
        lambda d: _program(d, "Naive T")["populations"].append("Tregs"),
        'programs (Naive T) > populations: unknown selector "Tregs". Did you mean "Treg"?',
    ),
    "soup in a T programme": (
        lambda d: _program(d, "Th1")["genes"].extend(["MS4A1", "IGLV2-14", "IGHMBP2"]),
        'programs (Th1) > genes: MS4A1, IGLV2-14 cannot be scored in "CD4 memory"',
    ),
    "B-cell genes in a monocyte programme": (
        lambda d: _program(d, "MHC-II")["genes"].append("CD79A"),
        'programs (MHC-II) > genes: CD79A cannot be scored in "Monocyte"',
    ),
}


@pytest.mark.parametrize("fault", REFERENCE_FAULTS)
def test_references_that_lead_nowhere(edited, fault):
    spoil, expected = REFERENCE_FAULTS[fault]
    spoil(edited)
    with pytest.raises(CatalogueError) as caught:
        catalogue.check_references(**edited)
    assert [problem for problem in caught.value.problems if problem.startswith(expected)], (
        caught.value.problems
    )


def test_references_are_all_told_at_once(edited):
    for spoil, _ in (REFERENCE_FAULTS[fault] for fault in ("population", "denominator", "programme")):
        spoil(edited)
    with pytest.raises(CatalogueError, match=r"^catalogues: 3 problems\n") as caught:
        catalogue.check_references(**edited)
    assert len(caught.value.problems) == 3
