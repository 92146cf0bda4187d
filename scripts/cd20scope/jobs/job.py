"""One job of the workflow: its log, and results that appear whole."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cd20scope.jobs.contracts import check_results
from cd20scope.jobs.logs import logged
from cd20scope.jobs.outputs import written


@contextmanager
def job(snakemake: Any) -> Iterator[tuple[logging.Logger, Any]]:  # noqa: ANN401
    """Run the body of a rule script with its log open and its results written aside until all are whole.

    Parameters
    ----------
    snakemake
        The object that Snakemake gives to a script.

    Yields
    ------
    tuple
        The logger of the step, and the outputs by name, each with the path to write to.

    Raises
    ------
    SystemExit
        With status 1 after any exception of the body; see :func:`cd20scope.jobs.logs.logged`.
    """
    with (
        logged(snakemake.log[0], read=snakemake.input) as log,
        written(snakemake.input, snakemake.output) as output,
    ):
        check_results(snakemake.input)
        yield log, output
