"""The first minute: sexes, copies, genes, pairs, batches, steroids, and the page that tells of them."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats

from cd20scope.ingest import look as ingest_look
from cd20scope.preflight import files, questions, sexes
from cd20scope.preflight import page as preflight_page
from cd20scope.preflight import study as preflight
from cd20scope.preflight.findings import Finding
from workflow.running import ROOT

FAMILY = {"endpoint": "abundance", "family": "confirmatory", "stage": "depletion"}
DESIGN = {
    "arms": {"column": "", "treated": ""},
    "tissue": "",
    "tissues": {},
    "others": [],
    "left_out": [],
    "covariate_notes": [],
}
GENES = np.array(["CD3E", "XIST", "RPS4Y1", "DDX3Y", "MS4A1"])


def look(sample, xist=0, y=0, *, seed=0, n=30, genes=GENES, barcodes=None):
    rng = np.random.default_rng(seed)
    dense = rng.poisson(1.0, (n, len(genes)))
    for gene, total in (("XIST", xist), ("RPS4Y1", y), ("DDX3Y", 0)):
        if gene in genes:
            column = list(genes).index(gene)
            dense[:, column] = 0
            dense[0, column] = total
    names = barcodes if barcodes is not None else [f"{sample}{seed}{i}" for i in range(n)]
    return ingest_look.Look(sample, np.array(names), np.array(genes), sparse.csr_matrix(dense))


def sheet(**columns):
    table = {
        "sample": ["s1", "s2", "s3"],
        "donor": ["D1", "D1", "D2"],
        "visit": ["baseline", "week2", "baseline"],
    }
    return pd.DataFrame(table | columns)


@pytest.mark.parametrize(
    ("xist", "y", "told"),
    [
        (40, 0, "F"),
        (40, 7, "F"),
        (0, 40, "M"),
        (7, 40, "M"),
        (40, 8, "both"),
        (40, 40, "both"),
        (2, 2, "unknown"),
        (0, 5, "M"),
    ],
)
def test_sex_is_told_from_xist_and_y_genes(xist, y, told):
    assert files.count_sex(look("s", xist, y)) == (xist, y)
    assert sexes.infer_sex(xist, y) == told


def test_a_swap_is_found_against_the_sheet_and_within_the_donor():
    samples = pd.DataFrame({"sample": ["s3", "s1", "s2"], "xist": [0, 40, 0], "y_genes": [40, 1, 40]})
    table, findings = sexes.check_sexes(samples, sheet(sex=["F", "F", "male"]))
    assert table["sex_by_genes"].tolist() == ["F", "M", "M"]
    assert [(finding.level, finding.about) for finding in findings] == [("warning", "s2"), ("warning", "D1")]
    assert "the sheet says F, its cells say M (0 molecules of XIST and 40 of Y genes)" in findings[0].text
    assert "s1: F, s2: M" in findings[1].text
    assert not sexes.check_sexes(samples.assign(xist=[0, 40, 30], y_genes=[40, 1, 0]), sheet())[1]


def test_the_same_library_twice_is_found_and_shared_barcodes_alone_are_none():
    barcodes = [f"C{i}" for i in range(30)]
    one, copy = look("s1", seed=1, barcodes=barcodes), look("s2", seed=1, barcodes=barcodes)
    ((about, text),) = files.find_copies([one, copy, look("s3")])
    assert about == "s1, s2"
    assert "the same library twice: 100% of the barcodes" in text
    assert files.find_copies([one, look("s2", seed=2, barcodes=barcodes)]) == []
    half = look("s2", seed=1, barcodes=[*barcodes[:10], *(f"X{i}" for i in range(20))])
    assert files.find_copies([one, half]) == []


def bases(n, *, first=0):
    return ["".join("ACGT"[(first + i) >> 2 * k & 3] for k in range(14)) for i in range(n)]


def test_a_corrected_copy_under_other_suffixes_is_the_same_library():
    genes = np.array([f"G{i}" for i in range(200)])
    one = look("s1", genes=genes, barcodes=[f"{name}-1" for name in bases(30)])
    # a tenth of the molecules taken away, as a correction for ambient RNA does
    rng = np.random.default_rng(5)
    fewer = sparse.csr_matrix(rng.binomial(one.cells.toarray(), 0.9))
    for cells, suffix in ((one.cells, "-1_0"), (fewer, "-1"), (fewer, "")):
        names = np.array([f"run_{name}{suffix}" for name in bases(30)])
        copy = ingest_look.Look("s2", names, genes, cells)
        ((about, text),) = files.find_copies([one, copy])
        assert about == "s1, s2"
        assert "30 of 30 cells compared are nearest to themselves" in text
    assert files.find_copies([one, look("s2", seed=3, genes=genes, barcodes=bases(30))]) == []


def test_the_same_barcodes_in_another_order_suffice_when_they_are_many():
    genes = np.array([f"G{i}" for i in range(50)])
    one = look("s1", genes=genes, n=150, barcodes=bases(150))
    two = look("s2", genes=genes, n=150, seed=1, barcodes=bases(150)[::-1])
    heads = [ingest_look.Look(x.sample, x.barcodes, x.genes, x.cells[:20]) for x in (one, two)]
    assert len(files.find_copies(heads)) == 1


def test_a_panel_of_which_no_cell_would_be_kept_is_found():
    panel = look("s1", n=40)
    ((about, text),) = files.find_thin([panel], min_counts=10, min_genes=6)
    assert about == "s1"
    assert "none of the first 40 cells has 10 molecules of 6 genes" in text
    assert "a panel of 5 genes" in text
    assert files.find_thin([panel], min_counts=3, min_genes=2) == []
    assert files.find_thin([look("s1", n=5)], min_counts=10, min_genes=6) == []


def test_samples_without_the_markers_are_an_error():
    genes = pd.DataFrame({"gene": [f"M{i}" for i in range(20)], "n_samples": [1] + [0] * 19})
    samples = pd.DataFrame({"sample": ["s1"], "n_genes": [20]})
    panels = [("markers", "B", [f"M{i}" for i in range(20)])]
    _, findings = preflight.check_genes(genes, samples, panels=panels, min_coverage=0.5)
    assert [finding.level for finding in findings].count("error") == 1
    assert any("1 of 20 marker genes" in finding.text for finding in findings)
    genes["n_samples"] = [1] * 2 + [0] * 18
    _, findings = preflight.check_genes(genes, samples, panels=panels, min_coverage=0.5)
    assert all(finding.level == "warning" for finding in findings)


def test_genes_of_panels_are_those_of_all_samples():
    panels = [
        ("markers", "B", ["MS4A1", "CD79A"]),
        ("markers", "T", ["CD3E"]),
        ("programme", "Y", ["RPS4Y1", "DDX3Y"]),
    ]
    seen = [look("s1"), look("s2", genes=np.array(["CD3E", "XIST", "MS4A1"]))]
    genes = files.count_genes(seen)
    assert dict(genes.itertuples(index=False)) == {
        "CD3E": 2,
        "DDX3Y": 1,
        "MS4A1": 2,
        "RPS4Y1": 1,
        "XIST": 2,
    }
    samples = pd.DataFrame({"sample": ["s1", "s2"], "n_genes": [5, 3]})
    table, findings = preflight.check_genes(genes, samples, panels=panels, min_coverage=0.6)
    assert table[["name", "n_genes", "n_found"]].to_numpy().tolist() == [
        ["B", 2, 1],
        ["T", 1, 1],
        ["Y", 2, 0],
    ]
    assert [finding.about for finding in findings] == ["B", "Y", "s2"]
    assert "5 in any, 3 in all, 3 here" in findings[-1].text


@pytest.mark.parametrize("n", [2, 6, 15])
def test_the_smallest_effect_is_found_by_the_t_test_with_80_percent_power(n):
    donors = [f"D{i}" for i in range(n)]
    table = pd.DataFrame({"donor": donors * 2, "visit": ["baseline"] * n + ["week2"] * n})
    contrasts, findings = questions.check_contrasts(
        table, contrasts=[["week2", "baseline"], ["month6", "baseline"]], min_pairs=6, alpha=0.05
    )
    assert contrasts["n_pairs"].tolist() == [n, 0]
    # power of the two-sided paired t-test by the noncentral t distribution
    effect, bound = contrasts["smallest_effect"][0], stats.t.ppf(0.975, n - 1)
    away = effect * np.sqrt(n)
    power = stats.nct.sf(bound, n - 1, away) + stats.nct.cdf(-bound, n - 1, away)
    assert power == pytest.approx(0.8, abs=1e-6)
    assert np.isnan(contrasts["smallest_effect"][1])
    assert [finding.about for finding in findings] == (["week2-baseline"] if n < 6 else []) + [
        "month6-baseline"
    ]


def test_donors_without_the_earlier_visit_are_named():
    _, findings = questions.check_contrasts(
        sheet(donor=["D1", "D1", "D2"], visit=["baseline", "week2", "week2"]),
        contrasts=[["week2", "baseline"], ["month6", "week2"]],
        min_pairs=0,
        alpha=0.05,
    )
    assert [(finding.about, finding.text.rsplit(": ", 1)[1]) for finding in findings] == [("baseline", "D2.")]


def test_the_grid_names_the_arm_where_there_are_controls():
    samples = pd.DataFrame({"sample": ["s1", "s2", "s3"], "n_cells": [5, 6, 7]})
    visits = ["baseline", "week2"]
    assert preflight.grid(samples, sheet(control=""), visits=visits).columns.tolist() == ["donor", *visits]
    found = preflight.grid(samples, sheet(control=["", "", "placebo"]), visits=visits)
    assert found.fillna(0).to_numpy().tolist() == [["D1", "treated", 5, 6], ["D2", "placebo", 7, 0]]


def test_what_the_sheet_tells():
    table = sheet(hours_since_steroid=["unknown", "12", "72"], batch=["a", "b", "a"])
    findings = preflight.check_sheet(table, integrate_over="batch")
    assert [finding.about for finding in findings] == ["1 samples", "batch"]
    assert "hours of a steroid, which moves lymphocytes by itself (s2: 12 h)" in findings[0].text
    merged = sheet(donor=["D1", "D1", "D1"], visit=["baseline", "baseline", "week2"])
    (finding,) = preflight.check_sheet(merged, integrate_over="none")
    assert "baseline: 2 libraries are counted together (s1, s2)" in finding.text


def test_everything_together_and_its_page(populations, programs):
    panels = [("markers", node["name"], node["markers"]) for node in populations["nodes"] if node["markers"]]
    panels += [("programme", entry["name"], entry["genes"]) for entry in programs["programs"]]
    members = np.unique([gene for _, _, genes in panels for gene in genes] + ["XIST", "RPS4Y1"])
    seen = [look(name, 40, 0, seed=i, genes=members) for i, name in enumerate(("s1", "s2"))]
    samples = pd.DataFrame(
        {
            "sample": ["s1", "s2"],
            "n_cells": [100, 2000],
            "n_genes": len(members),
            "molecules": 900.0,
            "xist": 40,
            "y_genes": 0,
        }
    )
    study = {
        "panels": panels,
        "questions": [
            {"id": "B1", "question": "B1", "statement": "B cells fall", "contrast": "week2-baseline"} | FAMILY
        ],
        "families": [{"name": "depletion", "share": 1}],
        "stated": {"baseline": 0.0, "week2": 14.0},
        "design": DESIGN,
        "visits": ["baseline", "week2"],
        "contrasts": [["week2", "baseline"]],
        "alpha": 0.05,
        "min_pairs": 6,
        "covariates": {},
        "min_coverage": 0.5,
        "integrate_over": "batch",
        "sketch_cells": 50_000,
    }
    donors = sheet(
        donor=["D1", "D1", "<script>alert(1)</script>"], days_since_first_infusion=["0", "14", "-3"]
    )
    broken = [("s3", "gone.h5: cannot be read")]
    tables, findings = preflight.examine(samples, files.count_genes(seen), donors, problems=broken, **study)
    assert (findings[0].level, findings[0].about) == ("error", "s3")
    assert {finding.level for finding in findings[1:]} == {"warning"}
    assert tables["Hypotheses"]["testable"].tolist() == ["no: 1 pairs, 6 are needed"]
    assert tables["Donors and visits"].columns.tolist() == ["donor", "baseline", "week2"]
    assert (tables["Forecast"][["memory_gb", "minutes"]] > 0).to_numpy().all()
    template = (ROOT / "workflow/report/preflight.html.j2").read_text(encoding="utf-8")
    totals = {"n_samples": 3, "n_donors": 2, "n_cells": "2,100"}
    page = preflight_page.render(template, findings=findings, tables=tables, totals=totals)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "B cells fall" in page
    assert "Correct what the errors name" in page
    assert "Start the run" not in page
    for name in preflight_page.NOTES:
        assert f"<h2>{name}</h2>" in page
    # no file can be read: the page is written all the same
    nothing = pd.DataFrame(columns=samples.columns)
    tables, findings = preflight.examine(nothing, files.count_genes([]), donors, problems=broken * 3, **study)
    page = preflight_page.render(template, findings=findings, tables=tables, totals=totals)
    assert page.count("gone.h5") == 3


def test_the_next_steps_follow_from_the_findings():
    rows = pd.DataFrame({"id": ["a", "b", "c"], "testable": ["yes", "no: 4 pairs, 6 are needed", "yes"]})
    warned = [Finding("warning", "s1", "differs")]
    steps = preflight_page.next_steps(warned, rows)
    assert [step.split()[0] for step in steps] == ["Read", "1", "Compare", "Start"]
    assert "1 of 3 hypotheses cannot be tested" in steps[1]
    assert [step.split()[0] for step in preflight_page.next_steps([], rows.assign(testable="yes"))] == [
        "Compare",
        "Start",
    ]
    stopped = preflight_page.next_steps([Finding("error", "s1", "gone"), *warned], None)
    assert [step.split()[0] for step in stopped] == ["Correct", "Read"]
