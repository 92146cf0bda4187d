"""Donor-level verdicts on B-cell depletion and T-cell reprogramming in single-cell data.

One module per step of the workflow: data in, data out. Modules are imported by name
(``from cd20scope.abundance import compare``); nothing is re-exported here, so that a step imports only what it needs.

The jobs of a sample last a second or two, most of it imports. Two things make them shorter, in every process that
imports this package, the second where it comes before scipy:

- Objects made by imports all stay, so Python's collector looks through them more seldom, and not once more as a process
  ends: 0.17 s a job. Those of the largest import are 110,000.
- scipy takes a copy of all names of numpy, two of which are packages that numpy leaves alone until they are asked for:
  the generator of Fortran interfaces and the tools for tests. They are loaded when they are used, 0.1 s a job.
"""

import atexit
import gc
import sys
from importlib.util import LazyLoader, find_spec, module_from_spec
from types import ModuleType

import numpy as np

gc.set_threshold(200_000, 10, 10)
atexit.register(gc.freeze)


def _load_when_used(package: ModuleType, name: str) -> None:
    """Put a part of a package in its place that is loaded as soon as anything of it is asked for."""
    whole = f"{package.__name__}.{name}"
    if whole in sys.modules or (spec := find_spec(whole)) is None or spec.loader is None:
        return
    spec.loader = LazyLoader(spec.loader)
    part = sys.modules[whole] = module_from_spec(spec)
    setattr(package, name, part)
    spec.loader.exec_module(part)


for _name in ("f2py", "testing"):
    _load_when_used(np, _name)
