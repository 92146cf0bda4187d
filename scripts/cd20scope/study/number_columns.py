"""Columns of the sample sheet that hold numbers: how they are written, and what a donor can have."""

AMOUNT = r"([0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?|unknown)?"
SIGNED = r"(-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?|unknown)?"
NUMBERS = {
    "age": AMOUNT,
    "days_since_first_infusion": SIGNED,
    "hours_since_steroid": AMOUNT,
    "lymphocytes_per_ul": AMOUNT,
}
"""Columns that hold numbers, with the pattern of each; a baseline draw may lie days before the infusion."""

PLAUSIBLE = {
    "days_since_first_infusion": (-36_500, 36_500),
    "hours_since_steroid": (0, 1_000_000),
    "lymphocytes_per_ul": (10, 100_000),
}
"""Values that a donor can have, outside of which a sheet is refused. An age is told by the preflight instead, as it
decides nothing unless it is a covariate. Lymphocytes are 1,000 to 4,000 per microlitre, few 10 in severe lymphopenia
and 100,000 in leukaemia; 1.5 are 10^9 per litre, and 0 would make every number zero."""
UNITS = {
    "age": "years",
    "days_since_first_infusion": "days",
    "hours_since_steroid": "hours",
    "lymphocytes_per_ul": "cells per microlitre (10^9/L times 1000)",
}
