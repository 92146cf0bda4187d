"""What the sheet and the first cells tell of technique that differs between visits."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from cd20scope.ingest.look import Look
from cd20scope.preflight import files, visits
from cd20scope.study.batches import compare_names

CONTRASTS = [("week2", "baseline"), ("month6", "baseline")]


def sheet(**columns):
    rows = [(f"D{i}{v}", f"D{i}", v) for i in range(8) for v in ("baseline", "week2", "month6")]
    return pd.DataFrame(rows, columns=["sample", "donor", "visit"]).assign(**columns)


def chemistry(late, early):
    """Chemistry v3 in so many donors at month 6 and at the other visits."""
    return [
        "v3" if donor < (late if visit == "month6" else early) else "v2"
        for donor in range(8)
        for visit in ("baseline", "week2", "month6")
    ]


def test_chemistry_that_differs_in_part_is_told_by_contrast():
    (found,) = visits.check_names(sheet(chemistry=chemistry(7, 1)), contrasts=CONTRASTS)
    assert (found.level, found.about) == ("warning", "month6-baseline")
    assert found.text.startswith(
        "the visits differ in chemistry: v3 in 7 of 8 donors against 1 of 8 at baseline. Treatment and chemistry"
    )


@pytest.mark.parametrize(
    "columns", [{}, {"chemistry": "v3"}, {"chemistry": ""}, {"chemistry": chemistry(5, 4)}]
)
def test_names_that_are_alike_or_not_known_are_not_told(columns):
    assert visits.check_names(sheet(**columns), contrasts=CONTRASTS) == []
    assert visits.check_names(sheet(batch=[f"b{i}" for i in range(24)]), contrasts=CONTRASTS) == []


def test_two_samples_of_a_visit_count_half_and_donors_without_a_visit_not_at_all():
    table = sheet(batch=["a", "a", "b"] * 8)
    again = table.iloc[[2]].assign(sample="again", batch="a")
    gap = compare_names(pd.concat([table.iloc[:-1], again]), "batch", ("month6", "baseline"))
    assert (gap.name, gap.n, gap.later, gap.earlier) == ("b", 7, 6.5, 0.0)
    assert gap.share == pytest.approx(6.5 / 7)
    assert gap.usual == ("b", "a")
    assert compare_names(table, "batch", ("month12", "baseline")) is None


def deeper(factor, *, scatter=0.2, seed=0):
    table = sheet()
    rng = np.random.default_rng(seed)
    molecules = 3000 * rng.lognormal(0, scatter, 24) * np.where(table["visit"] == "month6", factor, 1.0)
    return table, table[["sample"]].assign(molecules=molecules)


@pytest.mark.parametrize(("factor", "words"), [(2.0, "deeper"), (0.5, "shallower")])
def test_a_visit_that_is_sequenced_deeper_is_told(factor, words):
    table, samples = deeper(factor, scatter=0.02)
    (found,) = visits.check_depth(samples, table, contrasts=CONTRASTS)
    assert found.about == "month6-baseline"
    assert (
        f"by its first cells, month6 is sequenced 2 times {words} than baseline (8 of 8 donors)" in found.text
    )


def test_depths_that_scatter_are_not_told():
    told = [
        len(visits.check_depth(samples, table, contrasts=CONTRASTS))
        for table, samples in (deeper(1.0, seed=seed) for seed in range(50))
    ]
    assert np.mean(told) < 0.15
    table, samples = deeper(3.0)
    one = table["visit"] != "month6"
    assert visits.check_depth(samples[one], table, contrasts=CONTRASTS) == []


def test_the_depth_of_a_sample_is_the_median_of_its_first_cells():
    cells = sparse.csr_matrix(np.array([[1, 2], [10, 0], [0, 5]]))
    names = np.array(["a", "b", "c"])
    assert files.count_molecules(Look("s", names, np.array(["G1", "G2"]), cells)) == 5
    assert files.count_molecules(Look("s", names[:0], np.array(["G1", "G2"]), cells[:0])) == 0


def drawn(later, scatter=0.5):
    """Times of 24 samples, those of month 6 by so many hours later in the day."""
    rng = np.random.default_rng(4)
    hours = 9 + rng.normal(0, scatter, 24) + later * (sheet()["visit"] == "month6")
    return [f"{int(hour):02}:{int(60 * (hour % 1)):02}" for hour in hours]


def test_a_visit_drawn_at_another_time_of_the_day_is_told():
    (found,) = visits.check_hours(sheet(drawn_at=drawn(5)), contrasts=CONTRASTS)
    assert found.about == "month6-baseline"
    assert "hours later in the day than baseline (8 of 8 donors)" in found.text
    assert "treatment and time of draw cannot be told apart" in found.text
    (found,) = visits.check_hours(sheet(drawn_at=drawn(-5)), contrasts=CONTRASTS)
    assert "hours earlier in the day than baseline" in found.text


@pytest.mark.parametrize("columns", [{}, {"drawn_at": ""}, {"drawn_at": drawn(1)}, {"drawn_at": "9:30"}])
def test_draws_at_one_time_or_an_unknown_one_are_not_told(columns):
    assert visits.check_hours(sheet(**columns), contrasts=CONTRASTS) == []


def test_draws_at_exact_hours_are_told_without_a_spread():
    times = ["9", "9", "14"] * 8
    (found,) = visits.check_hours(sheet(drawn_at=times), contrasts=CONTRASTS)
    assert found.text.startswith("month6 is drawn 5 hours later")
