"""Names of batches beside the visits: a name that is not known is none."""

import pandas as pd
import pytest

from cd20scope.study.batches import compare_names, integrable

CONTRAST = ("month6", "baseline")


def samples(later, earlier):
    """Chemistry of as many donors at both visits."""
    rows = [
        (f"D{donor}", visit, name)
        for visit, names in zip(CONTRAST, (later, earlier), strict=True)
        for donor, name in enumerate(names)
    ]
    return pd.DataFrame(rows, columns=["donor", "visit", "chemistry"])


@pytest.mark.parametrize("absent", ["", "unknown", "Unknown", None])
def test_a_chemistry_that_is_not_known_is_no_other_chemistry(absent):
    assert compare_names(samples([absent] * 6, ["v3"] * 6), "chemistry", CONTRAST) is None
    gap = compare_names(samples(["v3"] * 5 + [absent], ["v3"] * 6), "chemistry", CONTRAST)
    assert (gap.n, gap.share) == (5, 0)


def test_the_name_that_differs_most_is_given_with_its_donors():
    gap = compare_names(samples(["v3"] * 6, ["v2"] * 4 + ["v3"] * 2), "chemistry", CONTRAST)
    assert (gap.name, gap.n, gap.later, gap.earlier) == ("v3", 6, 6, 2)
    assert gap.share == pytest.approx(4 / 6)


@pytest.mark.parametrize("absent", ["", "unknown", "Unknown", None])
def test_an_unknown_batch_is_none_to_even_out(absent):
    table = pd.DataFrame({"visit": list(CONTRAST) * 3, "batch": ["a", "a", "b", "b", "a", "b"]})
    assert integrable(table, "batch")
    # unknown at both visits would pass for a batch of its own
    assert not integrable(table.assign(batch=["a", "a", "b", "b", absent, absent]), "batch")
