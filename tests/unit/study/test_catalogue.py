"""The catalogues that are shipped."""

import re

import jsonschema
import pandas as pd
import pytest
import yaml
from catalogue_entries import find

from cd20scope.schema import UNASSIGNED
from cd20scope.study import catalogue
from cd20scope.study.catalogue import ConfigError
from cd20scope.study.questions import claim_rows, read_families
from cd20scope.verdict.families import FAMILIES

KINDS = ("populations", "programs", "hypotheses")
POPULATIONS = (
    *("B naive", "B memory", "Plasma", "CD4 naive", "CD4 memory", "Treg", "CD8 naive", "CD8 memory", "MAIT"),
    *("gdT", "NK", "Monocyte", "DC", "pDC", "HSPC", "Platelet", "Erythroid"),
)
T_POPULATIONS = {"CD4 naive", "CD4 memory", "Treg", "CD8 naive", "CD8 memory", "MAIT", "gdT"}
B_POPULATIONS = {"B naive", "B memory", "Plasma"}
# Every human immunoglobulin gene but IGHMBP2, which is a helicase; IGFBP and IGF genes start otherwise.
IG = re.compile(r"IG[HKL](?!MBP)")


def test_shipped_catalogues_load_unchanged(shipped, texts):
    for kind in KINDS:
        assert shipped[kind] == yaml.safe_load(texts[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_schema_is_valid_closed_and_described(schemas, kind):
    jsonschema.Draft202012Validator.check_schema(schemas[kind])

    def walk(schema, place):
        if schema.get("type") == "object":
            if place == "hypotheses.families[].passes":  # its keys are the families of the file
                return
            assert schema["additionalProperties"] is False, place
            assert set(schema.get("required", ())) <= set(schema["properties"]), place
        for key, sub in schema.get("properties", {}).items():
            assert sub.get("description"), f"{place}.{key}"
            walk(sub, f"{place}.{key}")
        if "items" in schema:
            walk(schema["items"], f"{place}[]")

    walk(schemas[kind], kind)


def test_tree_has_the_populations_that_users_know_in_their_order(shipped):
    lineage = catalogue.lineage_of(shipped["populations"])
    assert tuple(lineage) == POPULATIONS
    assert set(lineage.values()) == {entry["name"] for entry in shipped["populations"]["lineages"]}
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


CONFIRMATORY = {
    "B-total-w2": "depletion",
    "B-total-m6": "depletion",
    "T-act-m6": "T cells",
    "Th1-m6": "T cells",
    "Th17-m6": "T cells",
    "Treg-share-m6": "T cells",
    "Treg-supp-m6": "T cells",
    "T-act-biphasic": "T cells",
    "Treg-supp-biphasic": "T cells",
}


def test_few_questions_are_confirmatory_and_one_claim_each_leads(shipped):
    rows = claim_rows(shipped["hypotheses"])
    asked = {row["question"]: row["stage"] for row in rows if row["family"] == "confirmatory"}
    assert asked == CONFIRMATORY
    assert read_families(shipped["hypotheses"]) == list(FAMILIES)
    # parts of the first question, and mirrors, are no confirmatory questions of their own
    secondary = [row for row in rows if row["population"] in ("B naive", "B memory")]
    assert {row["family"] for row in secondary} == {"exploratory"}
    estimate = ("endpoint", "population", "denominator", "program", "component", "contrast")
    keys = {tuple(row.get(key) for key in estimate): set() for row in rows}
    for row in rows:
        keys[tuple(row.get(key) for key in estimate)].add(row["question"])
    assert all(len(names) == 1 for names in keys.values())


def test_statements_contain_their_margin(shipped):
    words = {5: "80 %", 2: r"twofold|halved nor doubled", 1.2: "fifth", 0.5: r"half a standard\s+deviation"}
    for row in claim_rows(shipped["hypotheses"]):
        assert re.search(words[row["margin"]], row["statement"]), row["id"]
        if row["strength"] == "strong":
            assert "typical donor" in row["statement"], row["id"]


def test_every_claim_has_a_source_or_says_that_it_has_none(shipped):
    rows = {row["id"]: row for row in claim_rows(shipped["hypotheses"])}
    own = {name for name, row in rows.items() if row["source"] == "this project's question"}
    assert own >= {"MHC-II-mono-w2", "Treg-share-m6", "Treg-quiet-m6", "T-act-same-w2"}
    assert all(rows[name].get("note") for name in own)
    for name in rows.keys() - own:
        assert re.search(r"20\d\d|Tarlinton", rows[name]["source"]), name


def test_questions_cover_what_the_workflow_is_for(shipped):
    rows = claim_rows(shipped["hypotheses"])
    strong = {"endpoint": "abundance", "denominator": "PBMC", "direction": "down", "strength": "strong"}
    subsets = [node for node in shipped["populations"]["nodes"] if node["parent"] in ("B naive", "B memory")]
    selectors = [f"{node['parent']} / {node['name']}" for node in subsets]
    for contrast in ("week2-baseline", "month6-baseline"):
        for population in ("B cells", "B naive", "B memory", *selectors):
            assert find(rows, population=population, contrast=contrast, **strong)["margin"] == 5
        find(rows, population="Plasma", denominator="B lineage", contrast=contrast, direction="up")
    for component in ("total", "composition", "within"):
        row = {"population": "PBMC", "program": "MHC-II", "component": component, "direction": "down"}
        find(rows, contrast="week2-baseline", **row)
    # genes of B cells alone are soup in other cells
    assert not [row for row in rows if row.get("program") == "B-cell genes" and row["component"] == "within"]
    month6 = {"endpoint": "program", "contrast": "month6-baseline"}
    find(rows, program="Th1", population="CD8 memory", direction="down", **month6)
    for population in ("CD4 memory", "CD8 memory"):
        find(rows, program="Exhaustion", population=population, direction="up", **month6)
    find(rows, program="T activation", contrast="week2-baseline", direction="none")


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
    with pytest.raises(ConfigError, match=re.escape(message)):
        catalogue.select(shipped["populations"], selector, leaves)
