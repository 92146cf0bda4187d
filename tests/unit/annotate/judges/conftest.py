"""Cells of one donor to learn labels from, and of another to judge."""

import pytest


@pytest.fixture(scope="module")
def parts(cohort):
    """Cells of one donor to learn from, and those of another to judge; doublets left out of the first."""
    first, *_, last = cohort["counts"]
    known = cohort["truth"][first] != "doublet"
    return {
        "genes": cohort["genes"],
        "counts": cohort["counts"][first][known],
        "labels": cohort["truth"][first][known],
        "new": cohort["counts"][last],
        "truth": cohort["truth"][last],
    }
