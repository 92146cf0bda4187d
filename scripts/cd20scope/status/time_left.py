"""Time that the samples of a running study still take, by the pace so far."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

PAUSE = 600.0
"""Seconds between two ended jobs after which the run had stopped in between; such gaps are no part of the pace."""

LEAST = 3
"""Ended jobs from which a pace is told."""


def pace(ends: Sequence[float]) -> float | None:
    """Mean seconds from the end of one job to the end of the next, whatever number of jobs runs side by side.

    Parameters
    ----------
    ends
        Times at which jobs of one rule ended, in seconds.

    Returns
    -------
    None below :data:`LEAST` jobs, and where all gaps are pauses.
    """
    ordered = sorted(ends)
    gaps = [after - before for before, after in pairwise(ordered)]
    running = [gap for gap in gaps if gap <= PAUSE]
    return sum(running) / len(running) if running and len(ordered) >= LEAST else None


def seconds_left(ends: Mapping[str, Sequence[float]], waiting: Mapping[str, int]) -> float | None:
    """Seconds that the steps of the samples still take.

    Parameters
    ----------
    ends
        Times at which jobs ended, by step.
    waiting
        Samples that each step has not done, in the order of the steps. A step without a pace of its own has that of
        the one before: to read a sample and to label it take about as long (docs/performance.md).

    Returns
    -------
    None where the pace is not known, or no sample waits.
    """
    left, last = 0.0, None
    for step, n in waiting.items():
        last = pace(ends.get(step, ())) or last
        if n and last is None:
            return None
        left += n * (last or 0.0)
    return left if any(waiting.values()) else None
