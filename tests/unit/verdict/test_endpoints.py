"""Endpoints: one list everywhere, no branch on a name elsewhere, and a new one is one file and its schema entry."""

import ast
import copy
import json
from pathlib import Path
from types import SimpleNamespace
from typing import override

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from cd20scope.report import answer, hypothesis_words
from cd20scope.report.figures import verdicts as figures
from cd20scope.report.sections import questions
from cd20scope.stats import pairs
from cd20scope.stats.changes import Change
from cd20scope.study import catalogue
from cd20scope.study.questions import claim_rows
from cd20scope.study.strict_yaml import ConfigError
from cd20scope.verdict import decide, deciding, ledger, measure, own_arms, parts, robustness, table
from cd20scope.verdict.endpoints import catalogue as endpoints
from cd20scope.verdict.endpoints.endpoint import Endpoint, verb
from cd20scope.verdict.endpoints.units import Unit
from cd20scope.verdict.quantities import ESTIMATES
from cd20scope.verdict.technique import COLUMNS as TECHNIQUE
from cd20scope.verdict.technique import moved_for

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/hypotheses.schema.yaml").read_text())
NAMES = list(endpoints.BY_NAME)
CONTRAST = ("month6", "baseline")

# ---------------------------------------------------------------- the shipped endpoints


def test_registry_and_schemas_name_the_same_endpoints():
    question = SCHEMA["properties"]["questions"]["items"]["properties"]
    results = json.loads((ROOT / "workflow/schemas/verdicts.schema.json").read_text())
    assert len(NAMES) == len(endpoints.ENDPOINTS)
    assert question["endpoint"]["enum"] == NAMES
    assert list(SCHEMA["$defs"]["endpoints"]["properties"]) == NAMES
    assert results["$defs"]["hypothesis"]["properties"]["endpoint"]["enum"] == NAMES
    for name in NAMES:
        assert f"{name}: " in question["endpoint"]["description"]


FULL = {
    "population": "CD4 memory",
    "denominator": "PBMC",
    "program": "Th1",
    "contrast": "month6-baseline",
    "strength": "plain",
    "depletion": {"population": "B cells", "denominator": "PBMC", "first": "week2-baseline", "fall": 5},
}


@pytest.mark.parametrize("name", NAMES)
def test_an_endpoint_needs_the_keys_that_its_schema_entry_states(name):
    own = SCHEMA["$defs"]["endpoints"]["properties"][name]
    always = ("population", "contrast", "strength")
    endpoint = endpoints.BY_NAME[name]
    row = {key: FULL[key] for key in (*always, *own["required"])}
    for key in endpoint.needs(row).values():
        assert key[0] in NAMES
        assert key[-1] in endpoint.estimates(row)
    assert set().union(*endpoint.estimates(row).values()) <= set(ESTIMATES)
    for missing in own["required"]:
        with pytest.raises(KeyError, match=missing):
            endpoint.needs({key: value for key, value in row.items() if key != missing})
    known = SCHEMA["properties"]["questions"]["items"]["properties"]
    assert set(own["properties"]) | set(own["required"]) <= set(known)


def compared_names(source):
    """Names of endpoints that a text compares the endpoint of a hypothesis with."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            values = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
            yield from (value for value in values if "endpoint" in values and value in NAMES)


def test_no_other_module_branches_on_the_name_of_an_endpoint():
    found = {
        str(path.relative_to(ROOT / "scripts/cd20scope"))
        for path in (ROOT / "scripts").rglob("*.py")
        if "verdict/endpoints" not in str(path) and list(compared_names(path.read_text(encoding="utf-8")))
    }
    assert found == {"study/themes.py"}  # which says what the theme of the order of events is


def test_a_branch_on_the_name_of_an_endpoint_is_found():
    assert list(compared_names('if row["endpoint"] == "abundance":\n    pass')) == ["abundance"]


# ---------------------------------------------------------------- a new one: cells per microlitre

PER_UL = Unit(
    name="log number",
    tested="log number",
    axis="Change of the number: natural logarithm, later minus earlier",
    fold_of="number",
    fold_axis="Number at the later visit, as a multiple of the earlier",
)


class Count(Endpoint):
    """The number of cells per microlitre of blood."""

    name = "count"
    unit = PER_UL
    files = ("abundance/numbers.tsv",)
    step = "counting"

    @override
    def needs(self, hypothesis):
        return {"main": (self.name, hypothesis["population"], hypothesis["tube"], hypothesis["contrast"])}

    @override
    def estimates(self, hypothesis):
        return {hypothesis["contrast"]: {"share"}}

    @override
    def measure(self, key, tables, *, contrast, settings):
        rows = tables.rows("numbers", ("population", "tube")).get(key[1:3])
        if rows is None:
            return self.absent(key)
        paired = pairs.pair(rows, contrast)
        at = rows.set_index(["visit", "donor"])["per_ul"]
        later, earlier = (np.log(at.loc[visit].loc[list(paired.donors)].to_numpy()) for visit in contrast)
        return Change.unlimited(paired, later - earlier)

    @override
    def subject(self, row):
        return f"{row['population']} per µl"

    @override
    def effect(self, hypothesis, evidence, *, contrasts, alpha):
        return "" if evidence.t is None else f"to {np.exp(evidence.t.estimate):.2f} times the number"

    @override
    def sentence(self, row, around):
        return f"{row['population']} {verb(row)} to {np.exp(row['estimate']):.2f} times ({around.moved})"


ENTRY = {
    "required": ["tube"],
    "properties": {
        "denominator": False,
        "program": False,
        "claims": {
            "items": {"properties": {"margin": {"exclusiveMinimum": 1, "description": "fold change"}}}
        },
    },
}
QUESTION = {
    "id": "B-per-ul",
    "question": "What became of the number of B cells?",
    "family": "depletion",
    "endpoint": "count",
    "population": "B cells",
    "tube": "EDTA",
    "contrast": "month6-baseline",
    "claims": [
        {
            "id": "B-per-ul",
            "statement": "B cells per microlitre have fallen at least 1.5-fold.",
            "direction": "down",
            "margin": 1.5,
            "strength": "strong",
            "source": "this project's question",
        }
    ],
}


@pytest.fixture
def schema(monkeypatch):
    """The new endpoint: its line in the catalogue of endpoints, and its entry in the schema."""
    monkeypatch.setitem(endpoints.BY_NAME, "count", Count())
    made = copy.deepcopy(SCHEMA)
    question = made["properties"]["questions"]["items"]["properties"]
    question["endpoint"]["enum"].append("count")
    question["tube"] = {"type": "string"}
    made["$defs"]["endpoints"]["properties"]["count"] = ENTRY
    return made


def load(schema, **changed):
    families = [{"name": "depletion", "share": 1}]
    data = {"version": 1, "families": families, "questions": [QUESTION | changed]}
    text = yaml.safe_dump(data)
    return claim_rows(catalogue.load(text, kind="hypotheses", schema=schema, name="mine.yaml"))


def numbers():
    rng = np.random.default_rng(3)
    before = rng.lognormal(5, 0.4, 8)
    after = before / rng.lognormal(np.log(4), 0.2, 8)
    rows = [
        (f"D{i}", visit, "B cells", "EDTA", values[i])
        for visit, values in (("baseline", before), ("month6", after))
        for i in range(8)
    ]
    return pd.DataFrame(rows, columns=["donor", "visit", "population", "tube", "per_ul"]), before, after


def test_the_checks_of_a_catalogue_know_a_new_endpoint_from_its_schema_entry(schema):
    assert [row["id"] for row in load(schema)] == ["B-per-ul"]
    with pytest.raises(ConfigError, match="denominator: means nothing for endpoint count"):
        load(schema, denominator="PBMC")
    claim = QUESTION["claims"][0]
    with pytest.raises(ConfigError, match=r"found 0\.8; a fold change must be above 1"):
        load(schema, claims=[claim | {"margin": 0.8}])
    without = {key: value for key, value in QUESTION.items() if key != "tube"}
    data = {"version": 1, "families": [{"name": "depletion", "share": 1}], "questions": [without]}
    with pytest.raises(ConfigError, match="endpoint count needs the key tube"):
        catalogue.load(yaml.safe_dump(data), kind="hypotheses", schema=schema, name="mine.yaml")


def test_a_new_endpoint_is_measured_tested_and_asked_in_the_arms(schema):
    (row,) = load(schema)
    counted, before, after = numbers()
    settings = measure.Settings([CONTRAST], "baseline")
    changes = measure.measure_needed([row], settings=settings, numbers=counted)
    decisions = decide.decide_all([row], changes)
    oracle = stats.ttest_rel(np.log(before), np.log(after) + np.log(1.5), alternative="greater")
    (decision,) = decisions
    assert decision.evidence.claim.p_value == pytest.approx(oracle.pvalue)
    assert decision.verdict.verdict == "supported"
    others = robustness.measure_arms([row], tables={"numbers": counted}, arms={}, settings=settings)
    visits = measure.measure_all_visits([row], settings=settings, min_pairs=6, numbers=counted)
    asked = robustness.decide_arms(
        decisions, changes, others, steroid={}, random_sets={}, all_visits=visits, alpha=0.05, min_pairs=6
    )
    assert asked["arm"].tolist() == [own_arms.LEAVE_ONE_OUT, own_arms.RANKS]
    told = ledger.tabulate_ledger(decisions, changes)
    assert told["unit"].unique().tolist() == ["log number"]
    np.testing.assert_allclose(told["change"], np.log(after / before))
    assert parts.tabulate_parts(decisions).empty
    moved = pd.DataFrame(
        [("month6-baseline", name, "yes", "it moved") for name in ("kept_share", "ambient_share")],
        columns=["contrast", "quantity", "moved", "statement"],
    ).reindex(columns=list(TECHNIQUE))
    assert moved_for(row, moved)["quantity"].tolist() == ["kept_share"]


def test_a_new_endpoint_whose_table_is_not_there_is_not_testable(schema):
    (row,) = load(schema)
    changes = measure.measure_needed([row], settings=measure.Settings([CONTRAST], "baseline"))
    (decision,) = decide.decide_all([row], changes)
    assert decision.verdict.verdict == "not testable"
    assert decision.verdict.reason == "the counting step has no row for B cells, EDTA"


def test_a_new_endpoint_has_its_unit_and_words_in_tables_and_report(schema):
    rows = load(schema)
    counted, before, after = numbers()
    settings = measure.Settings([CONTRAST], "baseline")
    decisions = decide.decide_all(rows, measure.measure_needed(rows, settings=settings, numbers=counted))
    fold = f"{np.exp(np.log(after / before).mean()):.2f}"
    made = table.tabulate(decisions, contrasts=[CONTRAST], alpha=0.05)
    (row,) = made.to_dict("records")
    assert row["effect"] == f"to {fold} times the number"
    assert row["test"].startswith("paired t of the log number, one-sided against the margin")
    assert row["component"] == ""
    assert hypothesis_words.short_name(row | rows[0]) == "B cells per µl: fall, month 6 vs baseline"
    assert hypothesis_words.claim_text(row | rows[0]) == (
        "fall of at least 33.3 % (1.5-fold in the number) from baseline to month 6, judged by the confidence limit"
    )
    nothing = pd.DataFrame(columns=["population", "denominator", "program", "contrast", "fraction_before"])
    low, high, covered = deciding.find_interval(decisions[0], alpha=0.05)
    oracle = stats.ttest_1samp(np.log(after / before), 0).confidence_interval(covered)
    assert (low, high) == pytest.approx(tuple(oracle))
    judged = made.assign(decide_low=low, decide_high=high, coverage=covered)
    run = SimpleNamespace(
        verdicts=judged,
        abundance=nothing,
        statistics={"ledger": pd.DataFrame(columns=["id", "part", "donor", "enters", "change"])},
        donors=pd.DataFrame(
            columns=["donor", "visit", "population", "denominator", "n_cells", "n_denominator"]
        ),
        depletions={},
        contrasts=[CONTRAST],
        visits=["baseline", "week2", "month6"],
    )
    said = answer.sentences(run)
    assert said == {"B-per-ul": f"B cells fell to {fold} times (8 donors)."}
    rule = questions.rule(row | rows[0], config={"verdict": {"min_pairs": 6}})
    assert rule.startswith("Supported if the confidence limit lies beyond a 1.5-fold fall in the number")
    drawn = figures.forest(judged.assign(label="B cells per µl", technical="no", caution=""))
    assert drawn.axes[0].get_xlabel() == PER_UL.axis
