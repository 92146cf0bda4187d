"""What a study has of its results, and which of its jobs failed or did not end.

Nothing is locked and nothing of Snakemake's own records is read, so that a running study can be looked at.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cd20scope.jobs import record
from cd20scope.jobs.outputs import PARTIAL
from cd20scope.schema import FIGURES
from cd20scope.status.failures import Failure, read_failure
from cd20scope.status.time_left import seconds_left

SAMPLES = "count files > "
"""What a sample is called in the record of a run, see :mod:`cd20scope.jobs.record`."""

STEPS = {
    "preflight": ("preflight/samples.tsv", "preflight/preflight.html", "preflight/passed.txt"),
    "read samples": ("ingest/{sample}.h5ad", "qc/{sample}.parquet"),
    "checksums": ("ingest/inputs.tsv",),
    "fit labels": ("annotate/all/genes.tsv", "annotate/depth.tsv"),
    "label cells": ("annotate/{sample}.parquet", "pseudobulk/{sample}.sums.parquet"),
    "label tables": ("annotate/markers.tsv", "annotate/rulers.tsv"),
    "map of the cells": ("embed/embedding.parquet",),
    "abundance": ("abundance/abundance.tsv",),
    "expression": ("expression/expression.tsv.gz",),
    "programmes": ("programs/programs.tsv",),
    "verdicts": (
        *("verdict/technique.tsv", "verdict/questions.tsv", "verdict/verdicts.tsv"),
        *("verdict/flips.tsv", "verdict/control_arms.tsv", "verdict/outcome.tsv"),
    ),
    "report": ("report/figures/{part}", "report/verdicts.json", "report/report.html"),
}
"""Results of each step in the order of the flow, below ``results/``; one with ``{sample}`` is there once per sample."""

RULES = {"read samples": "ingest/read_sample", "label cells": "annotate/label_cells"}
"""Rules of the steps that have one job per sample."""


@dataclass(frozen=True)
class Step:
    """A step of the workflow: how many of its units (samples, or results) are complete."""

    name: str
    done: int
    total: int


@dataclass(frozen=True)
class Progress:
    """State of a study.

    Attributes
    ----------
    steps
        In the order of the flow.
    samples
        Samples of the last run.
    waiting
        Samples that are not read or not labelled yet.
    failures
        Jobs whose last attempt ended with an error, the earliest first.
    open_jobs
        Logs of jobs that began and neither ended nor failed, the earliest first.
    last_sign
        Time of the last change below ``results/``, seconds since 1970; None where there are no results.
    seconds_left
        That the samples still take at the pace so far; None where it is not known. The joint steps come on top.
    """

    steps: tuple[Step, ...]
    samples: tuple[str, ...]
    waiting: tuple[str, ...]
    failures: tuple[Failure, ...]
    open_jobs: tuple[str, ...]
    last_sign: float | None
    seconds_left: float | None = None

    @property
    def complete(self) -> bool:
        """Whether all results are there."""
        return all(step.done == step.total for step in self.steps)


def look(folder: Path) -> Progress:
    """Look at the results of a study.

    Parameters
    ----------
    folder
        Working directory of the run, which holds ``results/``.

    Raises
    ------
    ValueError
        When the record of the run is damaged.
    """
    results = folder / "results"
    samples = planned_samples(folder)
    steps = tuple(_count(name, patterns, samples, results) for name, patterns in STEPS.items())
    per_sample = [p for patterns in STEPS.values() for p in patterns if "{sample}" in p]
    waiting = [s for s in samples if not all((results / p.format(sample=s)).exists() for p in per_sample)]
    logs = sorted((results / "logs").rglob("*.log"), key=_changed)
    failures, begun = [], []
    for log in (log for log in logs if _is_open(log, results)):
        if failure := read_failure(log, folder):
            failures.append(failure)
        else:
            begun.append(log.relative_to(folder).as_posix())
    signs = [
        _changed(path) for path in (*logs, *results.glob(f"*/{PARTIAL}*"), *results.glob(f"*/{PARTIAL}*/*"))
    ]
    found = Progress(
        steps,
        tuple(samples),
        tuple(waiting),
        tuple(failures),
        tuple(begun),
        max(signs, default=None),
        _samples_left(steps, results),
    )
    # times of files that were copied say nothing of jobs: where all is there, all ended
    return found if not found.complete else Progress(steps, tuple(samples), (), (), (), found.last_sign)


def planned_samples(folder: Path) -> list[str]:
    """List the samples of the last run as it was planned; none where no run was begun."""
    states = record.read(folder / record.PLACE)
    return [name.removeprefix(SAMPLES) for name in (states[-1] if states else {}) if name.startswith(SAMPLES)]


def _count(name: str, patterns: Iterable[str], samples: list[str], results: Path) -> Step:
    """Count the complete units of a step: samples where a result is one of a sample, else results."""
    patterns = list(patterns)
    if any("{sample}" in pattern for pattern in patterns):
        units = [[pattern.format(sample=sample) for pattern in patterns] for sample in samples]
    else:
        units = [[p.format(part=part)] for p in patterns for part in (FIGURES if "{part}" in p else ("",))]
    done = sum(all((results / path).exists() for path in unit) for unit in units)
    # before a run is planned nobody knows how many samples there are, but it is more than none
    return Step(name, done, max(len(units), 1))


def _samples_left(steps: Iterable[Step], results: Path) -> float | None:
    """Seconds that the samples still take: a benchmark is written when its job ends."""
    waiting = {step.name: step.total - step.done for step in steps if step.name in RULES}
    ends = {
        step: [_changed(path) for path in (results / "benchmarks" / rule).glob("*.tsv")]
        for step, rule in RULES.items()
    }
    return seconds_left(ends, waiting)


def _is_open(log: Path, results: Path) -> bool:
    """Whether a job has not ended: Snakemake writes its benchmark, which has the name of its log, when it has."""
    benchmark = results / "benchmarks" / log.relative_to(results / "logs").with_suffix(".tsv")
    return not benchmark.exists() or _changed(benchmark) < _changed(log)


def _changed(path: Path) -> float:
    """Time of the last change; long ago for what a running job has just removed."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
