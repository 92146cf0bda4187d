import numpy as np
import pytest

from cd20scope.simulate import cells, cohort

VISITS = ["baseline", "week2", "month6"]


def test_layout_has_one_missing_visit_and_both_formats():
    sheet = cohort.cohort_layout(8, visits=VISITS)
    assert len(sheet) == 23
    assert set(sheet.loc[sheet["donor"] == "D08", "visit"]) == {"baseline", "week2"}
    assert sheet["path"].str.endswith(".h5").sum() == 12
    assert not sheet.duplicated(["donor", "visit"]).any()
    assert (sheet.groupby("batch")["visit"].nunique() == 3).all()


@pytest.fixture(scope="module")
def shares(populations, programs):
    sheet = cohort.cohort_layout(6, visits=VISITS)
    out = {}
    for plan in ("treated", "untreated"):
        _, samples = cohort.simulate_cohort(
            sheet, visits=VISITS, plan=plan, cells=500, seed=3, populations=populations, programs=programs
        )
        truth = {name: np.array(sample.truth) for name, sample in samples.items()}
        out[plan] = {name: np.isin(labels, ["B naive", "B memory"]).mean() for name, labels in truth.items()}
    return out


def test_treatment_depletes_and_no_treatment_does_not(shares):
    for donor in ("D01", "D02", "D03"):
        assert shares["treated"][f"{donor}_week2"] < 0.2 * shares["treated"][f"{donor}_baseline"]
        assert shares["untreated"][f"{donor}_week2"] > 0.4 * shares["untreated"][f"{donor}_baseline"]


def test_one_donor_repopulates_early(shares):
    assert shares["treated"]["D05_month6"] > 0.1 * shares["treated"]["D05_baseline"]
    assert shares["treated"]["D05_week2"] < 0.1 * shares["treated"]["D05_baseline"]


def test_planted_effects_are_listed_with_contrast_and_direction(populations, programs):
    catalogues = {"populations": populations, "programs": programs}
    assert cohort.planted("untreated", visits=VISITS, **catalogues) == []
    found = cohort.planted("treated", visits=VISITS, **catalogues)
    assert {
        "population": "Treg",
        "program": None,
        "contrast": "month6-baseline",
        "direction": "up",
        "factor": 1.8,
    } in found
    assert {entry["contrast"] for entry in found if entry["population"] == "B naive"} == {
        "week2-baseline",
        "month6-baseline",
    }


def test_programme_genes_move_by_the_planted_factor(populations, programs):
    visits = VISITS
    genes, names, before = cells.profiles(populations, programs, np.random.default_rng(0))
    after = before.copy()
    at = {gene: position for position, gene in enumerate(genes)}
    lists = {entry["name"]: [at[gene] for gene in entry["genes"]] for entry in programs["programs"]}
    cohort._reprogram(after, names, lists, populations)
    treg = [row for row, (population, _) in enumerate(names) if population == "Treg"]
    factor = next(
        entry["factor"]
        for entry in cohort.planted("treated", visits=visits, populations=populations, programs=programs)
        if entry["program"] == "Treg suppressive"
    )
    np.testing.assert_allclose(np.exp((after - before)[treg, at["CTLA4"]]), factor)
    others = [row for row, (population, _) in enumerate(names) if population not in ("Treg", "CD4 memory")]
    assert not (after - before)[others].any()


def test_the_same_seed_gives_the_same_cells(populations, programs):
    sheet = cohort.cohort_layout(2, visits=VISITS[:2])
    draws = [
        cohort.simulate_cohort(
            sheet,
            visits=VISITS[:2],
            plan="treated",
            cells=60,
            seed=9,
            populations=populations,
            programs=programs,
        )[1]
        for _ in range(2)
    ]
    for name, sample in draws[0].items():
        np.testing.assert_array_equal(sample.counts, draws[1][name].counts)
        assert sample.barcodes == draws[1][name].barcodes
