"""Sizes from which a difference between visits is told, the same for preflight, verdicts and report."""

DEPTH = 1.25
"""Ratio of depths: at 1.5 a third of cohorts, at 2 two thirds had a false claim on Treg; at 1.25, none."""
NAMES = 0.25
"""Difference between visits in the part of donors with one chemistry or batch."""
LEVEL = 0.1
"""Level at which a difference beyond its size counts as one: of 8 donors, one that was drawn at random."""
STEROID_HOURS = 48.0
"""Hours after a steroid within which it moves lymphocytes by itself: cells return to blood within two days."""
