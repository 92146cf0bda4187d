"""Donor-level verdicts on B-cell depletion and T-cell reprogramming in single-cell data.

One module per step of the workflow: data in, data out. Modules are imported by name
(``from cd20scope import abundance``); nothing is re-exported here, so that a step imports only what it needs.

The jobs of a sample last a second or two, most of it imports. Two things make them shorter, and hold for every process
that imports this package:

- Objects made by imports all stay, so Python's collector looks through them more seldom, and not once more as a process
  ends: 0.17 s a job. Those of the largest import are 110,000.
- scipy takes a copy of all names of numpy, two of which are packages that numpy leaves alone until they are asked for:
  the generator of Fortran interfaces and the tools for tests. They are loaded when they are used, 0.1 s a job.
"""

import atexit
import gc
import sys
from importlib.util import LazyLoader, find_spec, module_from_spec

import numpy as np

gc.set_threshold(200_000, 10, 10)
atexit.register(gc.freeze)


def _load_when_used(package: str, name: str) -> None:
    """Put a module in its place that is loaded as soon as anything of it is asked for."""
    whole = f"{package}.{name}"
    spec = find_spec(whole)
    if whole in sys.modules or spec is None or spec.loader is None:
        return
    spec.loader = LazyLoader(spec.loader)
    sys.modules[whole] = module_from_spec(spec)
    setattr(sys.modules[package], name, sys.modules[whole])
    spec.loader.exec_module(sys.modules[whole])


for _name in ("f2py", "testing"):
    _load_when_used(np.__name__, _name)
