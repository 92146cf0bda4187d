"""Donor-level verdicts on B-cell depletion and T-cell reprogramming in single-cell data.

One module per step of the workflow: data in, data out. Modules are imported by name
(``from cd20scope import abundance``); nothing is re-exported here, so that a step imports only what it needs.

The jobs of a sample last a second or two, most of it imports, whose objects all stay. So Python's collector looks
through objects more seldom, and not once more as a process ends: 0.15 s a job. It holds for every process that imports
this package.
"""

import atexit
import gc

gc.set_threshold(100_000, 10, 10)
atexit.register(gc.freeze)
