"""Last lines of a run in the terminal: how many verdicts of each kind there are, and where the report is."""

import re
from pathlib import Path

TALLY = re.compile(r"\d+ (confirmatory|exploratory) questions?: ")
"""Start of the lines of the summary that count verdicts."""


def last_lines(summary: str, report: Path) -> list[str]:
    """Take the counts of verdicts from the summary, and name the report.

    Parameters
    ----------
    summary
        Text of ``summary.md``, as :func:`cd20scope.report.summary.format_markdown` writes it.
    report
        Path of the page.
    """
    return [*(line for line in summary.splitlines() if TALLY.match(line)), f"Report: {report}"]
