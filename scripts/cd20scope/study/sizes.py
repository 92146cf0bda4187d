"""Sizes from which a technical difference between visits is told, by the preflight as by the verdicts."""

DEPTH = 1.25
"""Ratio of depths: at 1.5 a third of cohorts, at 2 two thirds had a false claim on Treg; at 1.25, none."""
NAMES = 0.25
"""Difference between visits in the part of donors with one chemistry or batch."""
LEVEL = 0.1
"""Level at which a difference beyond its size counts as one: of 8 donors, one that was drawn at random."""
