"""Donor-level verdicts on B-cell depletion and T-cell reprogramming in single-cell data."""
