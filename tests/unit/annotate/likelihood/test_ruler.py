"""Rulers by hand-counted cells, and the comparison of visits against SciPy's paired t test."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.stats import ttest_rel
from statsmodels.stats.proportion import proportion_confint

from cd20scope.annotate.likelihood import ruler

TREG = ruler.Ruler("Treg", "FOXP3", ("Treg",), ("CD4 memory", "Treg"))
POPULATION = np.array(["Treg"] * 40 + ["CD4 memory"] * 60 + ["NK"] * 20)
SHOWN = np.zeros(120)
SHOWN[:24] = 1
SHOWN[40:46] = 2
SHOWN[100:105] = 1
COUNTS = sp.csr_matrix(np.column_stack([SHOWN, np.ones(120)]))
GENES = np.array(["FOXP3", "CD3E"])


def test_counts_and_measures():
    told = ruler.measure(ruler.count_ruler(COUNTS, GENES, POPULATION, rulers=[TREG])).loc["Treg"]
    assert told[["whole", "called", "positive", "positive_called"]].tolist() == [100, 40, 30, 24]
    assert told["sensitivity"] == pytest.approx(0.8)
    assert told["enrichment"] == pytest.approx((24.5 / 41) / (6.5 / 61))
    assert (told["low"], told["high"]) == pytest.approx(proportion_confint(24, 30, method="wilson"), abs=1e-4)


def test_too_few_positive_cells_say_nothing():
    few = ruler.count_ruler(COUNTS[20:50], GENES, POPULATION[20:50], rulers=[TREG])
    few["positive"] = ruler.MIN_POSITIVE - 1
    assert ruler.measure(few)[["sensitivity", "enrichment"]].isna().all(axis=None)


def test_missing_gene_is_left_out():
    assert ruler.count_ruler(COUNTS, np.array(["X", "CD3E"]), POPULATION, rulers=[TREG]).empty


def visits(later):
    rows, sheet = [], {}
    for donor, (early, late) in enumerate(zip([70, 72, 68, 75], later, strict=True)):
        for visit, hits in (("baseline", early), ("month6", late)):
            sample = f"{donor}{visit}"
            sheet[sample] = {"donor": donor, "visit": visit}
            rows.append(
                {
                    "sample": sample,
                    "ruler": "Treg",
                    "whole": 900,
                    "called": 100,
                    "positive": 100,
                    "positive_called": hits,
                }
            )
    return pd.DataFrame(rows), pd.DataFrame(sheet).T


def test_paired_difference():
    counted, sheet = visits([40, 45, 38, 41])
    told = ruler.compare_visits(counted, sheet, later="month6", earlier="baseline").loc["Treg"]
    expected = ttest_rel([0.40, 0.45, 0.38, 0.41], [0.70, 0.72, 0.68, 0.75]).confidence_interval(0.95)
    assert told["differs"]
    assert told["difference"] == pytest.approx(-0.3025)
    assert (told["low"], told["high"]) == pytest.approx((expected.low, expected.high))


def test_equal_sensitivity_and_too_few_donors():
    counted, sheet = visits([71, 70, 69, 74])
    assert not ruler.compare_visits(counted, sheet, later="month6", earlier="baseline")["differs"].any()
    part = counted[counted["sample"].str[0].isin(["0", "1"])]
    told = ruler.compare_visits(part, sheet, later="month6", earlier="baseline").loc["Treg"]
    assert told["donors"] == 2
    assert np.isnan(told["difference"])


def test_rulers_of_a_tree_are_those_whose_populations_it_has(populations):
    assert ruler.rulers_of(populations) == list(ruler.RULERS)
    nodes = [node for node in populations["nodes"] if node["name"] not in ("Treg", "MAIT")]
    found = {one.name: one for one in ruler.rulers_of({"nodes": nodes})}
    assert {"Treg", "MAIT"}.isdisjoint(found)
    assert "MAIT" not in found["gdT"].whole


@pytest.mark.parametrize(
    ("sensitivity", "enrichment", "words"),
    [
        (0.9, 20, "told"),
        (0.6, 5, "told with attenuation"),
        (0.6, 2, "not told at this depth"),
        (0.2, 20, "not told at this depth"),
        (np.nan, np.nan, ""),
    ],
)
def test_what_a_ruler_says(sensitivity, enrichment, words):
    assert ruler.say_told(sensitivity, enrichment) == words


def test_rulers_of_a_study_are_added_up_by_visit_and_compared():
    sheet = pd.DataFrame(
        [(f"D{i}_{v}", f"D{i}", v) for i in range(4) for v in ("baseline", "week2")],
        columns=["sample", "donor", "visit"],
    ).set_index("sample")

    def counted(name):
        called = 30 if name.endswith("week2") else 45 + int(name[1])
        row = {"ruler": "Treg", "gene": "FOXP3", "whole": 500, "called": 60, "positive": 50}
        return pd.DataFrame([row | {"positive_called": called}])

    stacked = ruler.stack({name: counted(name) for name in sheet.index})
    table = ruler.summarise(stacked, sheet).set_index("visit")
    assert table.loc["all", "positive"] == 400
    assert table.loc["week2", "sensitivity"] == pytest.approx(0.6)
    (row,) = ruler.compare_contrasts(stacked, sheet, contrasts=[("week2", "baseline")]).to_dict("records")
    assert row["contrast"] == "week2-baseline"
    assert row["difference"] == pytest.approx(0.6 - (46.5 / 50))
    assert row["differs"]
    assert ruler.compare_contrasts(ruler.stack({}), sheet, contrasts=[("week2", "baseline")]).empty
    # labels that stay alike in three controls for each treated donor do not hide it
    copies = [stacked.assign(sample=stacked["sample"] + f"C{n}", positive_called=45) for n in range(3)]
    beside = [
        sheet.assign(donor=sheet["donor"] + f"C{n}", control="placebo").set_axis(sheet.index + f"C{n}")
        for n in range(3)
    ]
    both = pd.concat([sheet.assign(control=""), *beside])
    found = ruler.compare_contrasts(
        pd.concat([stacked, *copies], ignore_index=True), both, contrasts=[("week2", "baseline")]
    )
    assert found.to_dict("records") == [row]
