"""Whatever stands in the tables of a run, or is missing there, the page says it and runs nothing."""

import re

import pytest
import report_page
from parsed_page import Page
from report_page import render

EVIL = "<img src=x onerror=alert(1)>"


EVIL_COLUMNS = {
    "arms": ["arm", "detail"],
    "ledger": ["reason"],
    "repopulation": ["donor", "statement"],
    "absolute": ["population", "reason"],
    "random_sets": ["program"],
    "gene_flips": ["population"],
    "enrichment": ["gene_set"],
}


def test_what_stands_in_a_table_stays_text(tables):
    """Names of samples and donors, texts of catalogues, reasons, paths, settings, gene names, title."""
    evil = {key: table.copy() for key, table in tables.items() if hasattr(table, "columns")}
    for key in ("donors", "scores", "embedding", "qc_summary"):
        for column in {"sample", "donor", "population"} & set(evil[key].columns):
            evil[key][column] = evil[key][column].replace({"D01": EVIL, "Treg": EVIL, "D01_week2": EVIL})
    labels = {key: table.copy() for key, table in tables["annotation"].items()}
    for key, column in (("unassigned", "donor"), ("contamination", "genes"), ("agreement", "judge_b")):
        labels[key][column] = EVIL
    labels["agreement_summary"]["judge_b"] = EVIL
    labels["protein"] = labels["protein"].replace({"protein": {"CD4": EVIL}})
    evil["verdicts"].loc[0, ["id", "statement", "effect", "reason", "donors", "test", "source", "note"]] = (
        EVIL
    )
    evil["verdicts"].loc[1, ["population", "denominator", "contrast"]] = EVIL
    evil["verdicts"].loc[2, ["caution", "beside", "arms_against", "dropped"]] = EVIL
    statistics = {key: table.copy() for key, table in tables["statistics"].items()}
    for key, columns in EVIL_COLUMNS.items():
        statistics[key].loc[0, columns] = EVIL
    statistics["ledger"]["donor"] = statistics["ledger"]["donor"].replace({"D01": EVIL})
    evil["inputs"].loc[0, ["sample", "path"]] = EVIL
    evil["qc_summary"] = evil["qc_summary"].rename(columns={"mitochondrial": EVIL})
    for key in ("abundance", "programs", "expression_populations"):
        evil[key].loc[0, ["donors", "dropped", "reason"]] = EVIL
    evil["expression"] = evil["expression"].replace({"gene": {"FOXP3": EVIL}})
    rest = {
        "config": tables["config"] | {"samples": EVIL, "report": {"title": EVIL}},
        "versions": {"cd20scope": EVIL, EVIL: EVIL},
    }
    evil["sheet"]["donor"] = evil["sheet"]["donor"].replace({"D01": EVIL})
    evil["sexes"].loc[0, ["sample", "donor", "sex_in_sheet"]] = EVIL
    html = render(tables | evil | rest | {"annotation": labels, "statistics": statistics})
    page = Page(html)
    assert EVIL not in html
    assert page.tags["img"] == 0
    assert "".join(page.text).count(EVIL) >= 15
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", name) for name in page.ids)


def test_simulated_data_are_called_that(tables, html):
    assert "Simulated data" not in html
    config = tables["config"] | {"simulate": {"plan": "treated", "donors": 8}}
    rows = {name: tables[name].head(0) for name in ("expression", "embedding", "programs", "scores")}
    other = render(tables | rows | {"config": config, "statistics": {}})
    assert "Simulated data" in other
    # without a table of arms, flips or donors the page still stands, and says that there is none
    assert Page(other).open == []
    for name in ("arms", "calibration", "repopulation", "absolute", "enrichment", "gene_flips"):
        table = other[other.index(f'id="table-{name}"') :].split("</table>")[0]
        assert ">None.<" in table, name


def test_what_a_run_has_not_is_not_told(tables, html):
    """No second judge, no protein, no estimate of the soup; and labels that did not come from the markers."""
    few = {"agreement", "agreement_summary", "protein", "contamination"}
    labels = {name: table for name, table in tables["annotation"].items() if name not in few}
    rows = {name: tables[name].head(0) for name in ("expression", "embedding", "programs", "scores")}
    annotate = tables["config"]["annotate"] | {"method": ["reference"]}
    rest = {"annotation": labels, "config": tables["config"] | {"annotate": annotate}}
    other = render(tables | rows | rest)
    section = other[other.index('id="annotation"') : other.index('aria-labelledby="methods"')]
    figures = len(re.findall("<svg", html)) - len(re.findall("<svg", other))
    assert figures == 2
    for word in (
        "second opinion",
        "Surface protein",
        "kappa",
        "Ambient RNA, with",
        "come from profiles of sorted cells",
    ):
        assert word in html
        assert word not in section
    assert "given by the judge “reference”" in section


def test_a_missing_column_is_named(tables):
    with pytest.raises(ValueError, match=r"verdicts\.tsv: column\(s\) beside missing"):
        render(tables | {"verdicts": tables["verdicts"].drop(columns="beside")})


def test_a_run_in_which_no_gene_could_be_tested_has_its_page(tables):
    # an empty table that was read from disk has no numbers in it
    nothing = report_page.from_disk(tables["expression"].iloc[:0])
    assert nothing["p_value"].dtype == object
    assert "Answer" in render(tables | {"expression": nothing})
