"""Donor-level verdicts on B-cell depletion and T-cell reprogramming in single-cell data.

One module per step of the workflow: data in, data out. Modules are imported by name
(``from cd20scope import abundance``); nothing is re-exported here, so that a step imports only what it needs.
"""
