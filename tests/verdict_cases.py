"""Hypotheses and changes made by hand, for the tests of verdicts."""

import numpy as np

from cd20scope import changes, pairs

CONTRASTS = [("week2", "baseline"), ("month6", "baseline"), ("month6", "week2")]
DONORS = tuple(f"D{i}" for i in range(8))


def spread(estimate, se, n=8):
    """Differences of n donors with exactly this mean and standard error."""
    z = np.linspace(-1, 1, n)
    return estimate + se * np.sqrt(n) * (z - z.mean()) / z.std(ddof=1)


def change(estimate=0.3, se=0.1, n=8, *, floor=-9.0, ceiling=9.0, reason=""):
    """A change of log odds of the first n donors; one more has no last visit."""
    paired = pairs.Pairs(DONORS[:n], {"D9": "no month6"})
    return changes.Change(paired, spread(estimate, se, n), np.full(n, floor), np.full(n, ceiling), reason)


def share(population, contrast="month6-baseline", **of):
    """One change of a share of PBMC, by its key."""
    return {("abundance", population, "PBMC", contrast): change(**of)}


def score(population, program, contrast="month6-baseline", component="total", **of):
    """One change of a programme, by its key."""
    made = change(**of)
    unlimited = changes.Change.unlimited(made.paired, made.values, made.reason)
    return {("program", population, program, component, contrast): unlimited}


def hypothesis(name, endpoint="abundance", **other):
    row = {
        "id": name,
        "statement": f"{name} it is.",
        "endpoint": endpoint,
        "population": "Treg",
        "contrast": "month6-baseline",
        "direction": "up",
        "margin": 1.2 if endpoint == "abundance" else 0.5,
        "strength": "plain",
        "family": "confirmatory",
        "source": "nobody",
    }
    row |= {"denominator": "PBMC"} if endpoint == "abundance" else {"program": "Th1"}
    return row | other
