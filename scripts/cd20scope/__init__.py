"""Donor-level verdicts on B-cell depletion and T-cell reprogramming in single-cell data.

One module per step of the workflow: data in, data out. Modules are imported by name
(``from cd20scope import abundance``); nothing is re-exported here, so that a step imports only what it needs.

The jobs of a sample last a second or two, most of it imports, whose objects all stay: Python's collector looks through
them seldom, and not once more as it ends (0.15 s a job).
"""

import atexit
import gc

gc.set_threshold(100_000, 50, 100)
atexit.register(gc.freeze)
