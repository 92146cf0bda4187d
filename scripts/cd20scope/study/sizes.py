"""Sizes from which a difference between visits is told, the same for preflight, verdicts and report."""

DEPTH = 1.25
"""Ratio of depths: at 1.5 a third of cohorts, at 2 two thirds had a false claim on Treg; at 1.25, none."""
NAMES = 0.25
"""Difference between visits in the part of donors with one chemistry or batch."""
LEVEL = 0.1
"""Level at which a difference beyond its size counts as one: of 8 donors, one that was drawn at random."""
DRAW_HOURS = 3.0
"""Hours of the day between draws (range 2 to 4). T cells in blood are 40 % fewer at 14:00 than at 2:00 (Dimitrov 2009,
doi:10.1182/blood-2008-11-190769): an amplitude of a quarter of the mean, at most a fifth of it within three hours."""
STEROID_HOURS = 48.0
"""Hours after a steroid within which it moves lymphocytes by itself: cells return to blood within two days."""
