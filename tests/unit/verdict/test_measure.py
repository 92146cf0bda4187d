"""Changes by key: those of the tables, and plain words where the run or a table has none."""

import numpy as np
import pandas as pd
import pytest
from leaf_tables import POPULATIONS, WEEK2, cohort, random_cohort
from verdict_cases import hypothesis

from cd20scope.abundance import compare
from cd20scope.abundance.shares import donor_table
from cd20scope.programs import compare as programs
from cd20scope.programs import scores
from cd20scope.stats.paired_tests import signed_rank
from cd20scope.stats.standardised import standardised_t
from cd20scope.verdict import measure
from cd20scope.verdict.beside import add_covariates
from cd20scope.verdict.decide import decide_all
from cd20scope.verdict.endpoints.catalogue import endpoint_of
from cd20scope.verdict.evidence import evaluate_change

SETTINGS = measure.Settings([WEEK2], "baseline")
CONTRAST = "week2-baseline"


def shares():
    sheet, leaves = cohort(random_cohort(8, seed=1))
    tests = [("B naive", "PBMC"), ("Treg", "CD4 T")]
    return donor_table(leaves, sheet=sheet, populations=POPULATIONS, tests=tests)


def scored(population="Treg", program="Th1", *, coverage=1.0, seed=2):
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(
        [(f"D{i}", visit) for i in range(8) for visit in ("baseline", "week2")], columns=["donor", "visit"]
    )
    rows = rows.assign(
        sample="", population=population, program=program, role="endpoint", n_cells=100, unusable=""
    )
    return rows.assign(score=rng.normal(0, 1, len(rows)), n_genes=5, coverage=coverage)[
        list(scores.SCORE_COLUMNS)
    ]


def measured(*claims, donors=None, table=None, parts=None):
    return measure.measure_needed(
        claims,
        donors=shares() if donors is None else donors,
        scores=scored() if table is None else table,
        parts=pd.DataFrame(columns=list(scores.PART_COLUMNS)) if parts is None else parts,
        settings=SETTINGS,
    )


def test_every_needed_key_is_measured_once_from_its_own_rows():
    up = hypothesis("up", population="Treg", denominator="CD4 T", contrast=CONTRAST)
    claims = [up, up | {"id": "down", "direction": "down"}, hypothesis("p", "program", contrast=CONTRAST)]
    made = measured(*claims)
    assert set(made) == {key for claim in claims for key in endpoint_of(claim).needs(claim).values()}
    donors, table = shares(), scored()
    rows = donors[(donors["population"] == "Treg") & (donors["denominator"] == "CD4 T")]
    change = compare.measure_change(rows, contrast=WEEK2)
    assert np.array_equal(made["abundance", "Treg", "CD4 T", CONTRAST].values, change.values)
    y = table.set_index(["visit", "donor"])["score"]
    expected = (y["week2"] - y["baseline"]) / y["baseline"].std(ddof=1)
    score = made["program", "Treg", "Th1", "total", CONTRAST]
    assert score.values == pytest.approx(expected.to_numpy())
    # the divisor's uncertainty goes with the values, and a share has no divisor
    assert (score.n_sd, change.n_sd) == (8, 0)
    assert evaluate_change(score).interval() == standardised_t(score.values, sd=1.0, n_sd=8).interval()
    assert evaluate_change(score, signed_rank).interval() == signed_rank(score.values).interval()
    assert np.isneginf(score.floor).all()


def test_a_biphasic_claim_needs_four_changes():
    depletion = {"population": "B naive", "denominator": "PBMC", "first": "b-a"}
    claim = hypothesis("waves", "biphasic", contrast="c-a", depletion=depletion)
    assert endpoint_of(claim).needs(claim) == {
        "first": ("abundance", "B naive", "PBMC", "b-a"),
        "last": ("abundance", "B naive", "PBMC", "c-a"),
        "early": ("program", "Treg", "Th1", "total", "b-a"),
        "change": ("program", "Treg", "Th1", "total", "c-a"),
    }


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (hypothesis("x"), "this run makes no contrast month6-baseline; it makes week2-baseline"),
        (hypothesis("x", contrast=CONTRAST), "the abundance step has no row for Treg, PBMC"),
        (
            hypothesis("x", "program", population="NK", contrast=CONTRAST),
            "the programs step has no row for NK, Th1, total",
        ),
        (
            hypothesis("x", "program", component="within", contrast=CONTRAST),
            "the programs step has no row for Treg, Th1, within",
        ),
    ],
)
def test_what_the_tables_do_not_have_says_so(claim, reason):
    ((_, change),) = measured(claim).items()
    assert change.reason == reason
    assert not change.measured
    assert not change.paired.donors


def test_a_population_that_the_tree_leaves_out_is_not_testable_and_named():
    share = hypothesis("x", population="DC", contrast=CONTRAST)
    score = hypothesis("y", "program", population="DC", contrast=CONTRAST)
    tables = {
        "donors": shares(),
        "scores": scored(),
        "parts": pd.DataFrame(columns=list(scores.PART_COLUMNS)),
    }
    settings = measure.Settings([WEEK2], "baseline", left_out=["DC"])
    changes = measure.measure_needed([share, score], **tables, settings=settings)
    assert len(changes) == 2
    assert {change.reason for change in changes.values()} == {'the population tree of this run has no "DC"'}
    for made in decide_all([share, score], changes, alpha=0.05, min_pairs=2):
        assert made.verdict.verdict == "not testable"
        assert made.verdict.reason == 'the population tree of this run has no "DC"'


def test_settings_reach_the_formulas():
    donors = shares()
    donors.loc[donors["donor"] == "D3", "n_denominator"] = 19
    key = ("abundance", "B naive", "PBMC", CONTRAST)
    claim = hypothesis("x", population="B naive", contrast=CONTRAST)
    dropped = measured(claim, donors=donors)[key].paired.dropped
    assert list(dropped) == ["D3"]
    assert "only 19 cells in the denominator" in dropped["D3"]
    few = measured(hypothesis("p", "program", contrast=CONTRAST), table=scored(coverage=0.4))
    assert "50% needed" in few["program", "Treg", "Th1", "total", CONTRAST].reason


def test_components_are_measured_apart_and_add_up():
    table = scored("PBMC", "MHC-II")
    rng = np.random.default_rng(4)
    members = ["B naive", "NK"]
    parts = pd.DataFrame(
        [
            (d, v, "PBMC", "MHC-II", m)
            for d, v in zip(table["donor"], table["visit"], strict=True)
            for m in members
        ],
        columns=["donor", "visit", "population", "program", "member"],
    ).assign(n_cells=lambda t: rng.integers(20, 60, len(t)), mean=lambda t: rng.normal(1, 0.3, len(t)))
    of_visit = parts.assign(sum=parts["n_cells"] * parts["mean"]).groupby(["donor", "visit"], sort=False)
    table["score"] = (of_visit["sum"].sum() / of_visit["n_cells"].sum()).to_numpy()
    claims = [
        hypothesis(name, "program", population="PBMC", program="MHC-II", component=name, contrast=CONTRAST)
        for name in ("total", "composition", "within")
    ]
    total, composition, within = (
        change.values for change in measured(*claims, table=table, parts=parts).values()
    )
    assert composition + within == pytest.approx(total)
    assert not np.allclose(within, total)


def test_one_programme_wherever_it_is_scored():
    table = pd.concat([scored("Treg", "Glucocorticoid"), scored("NK", "Glucocorticoid", seed=5), scored()])
    made = measure.measure_program("Glucocorticoid", table, settings=SETTINGS)
    assert set(made) == {("Treg", CONTRAST), ("NK", CONTRAST)}
    rows = table[(table["population"] == "NK")]
    own = programs.measure_change(rows, None, contrast=WEEK2, baseline="baseline")["total"]
    assert np.array_equal(made["NK", CONTRAST].values, own.values)
    assert measure.measure_program("Cytokine", table, settings=SETTINGS) == {}


def with_sheet(covariates, *, age=None):
    """Changes of the share of Treg beside covariates: age of the donor, dose that differs between the visits."""
    rng = np.random.default_rng(4)
    donors = shares()
    rows = []
    for number, donor in enumerate(sorted(donors["donor"].unique())):
        for visit in ("baseline", "week2"):
            dose = rng.normal(10, 3) * (visit == "week2")
            known = str(30 + 4 * number) if donor != age else ""
            rows.append({"donor": donor, "visit": visit, "age": known, "dose": str(dose)})
    settings = measure.Settings([WEEK2], "baseline", covariates={CONTRAST: covariates}, samples=rows)
    claim = hypothesis("up", population="Treg", denominator="CD4 T", contrast=CONTRAST)
    made = measure.measure_needed(
        [claim],
        donors=donors,
        scores=scored(),
        parts=pd.DataFrame(columns=list(scores.PART_COLUMNS)),
        settings=settings,
    )
    return claim, made, pd.DataFrame(rows)


def test_covariates_of_the_sheet_stand_beside_every_change():
    claim, made, sheet = with_sheet(["age", "dose"])
    (change,) = made.values()
    assert change.covariates.names == ("age", "dose")
    # only the dose is a change between the visits
    assert change.covariates.turns.tolist() == [False, True]
    wide = sheet.astype({"dose": float}).pivot_table(values="dose", index="donor", columns="visit")
    doses = (wide["week2"] - wide["baseline"]).loc[list(change.paired.donors)]
    assert change.covariates.values[:, 1] == pytest.approx((doses - doses.mean()).to_numpy())
    (plain,) = with_sheet([])[1].values()
    assert plain.covariates is None
    assert change.values == pytest.approx(plain.values)
    decided = decide_all([claim], made)[0].evidence
    assert decided.t.df == len(plain.values) - 3
    assert decided.t.estimate == pytest.approx(plain.values.mean())


def test_a_covariate_that_a_contrast_leaves_out_has_no_part_there():
    _, made, sheet = with_sheet(["age"])
    settings = measure.Settings(
        [WEEK2], "baseline", covariates={"month6-baseline": ["age"]}, samples=sheet.to_dict("records")
    )
    (plain,) = with_sheet([])[1].items()
    assert add_covariates(dict([plain]), settings=settings)[plain[0]].covariates is None
    assert next(iter(made.values())).covariates is not None


def test_a_donor_whose_covariate_is_not_known_is_named():
    _, made, _ = with_sheet(["age", "dose"], age="D3")
    (change,) = made.values()
    assert change.paired.dropped["D3"] == "no age"
    assert "D3" not in change.paired.donors
    assert np.isfinite(change.covariates.values).all()
