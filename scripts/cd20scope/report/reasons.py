"""Reasons and cautions of the table of verdicts as sentences of the page."""

from collections.abc import Sequence

from cd20scope.report import wording
from cd20scope.study.nouns import visits_in


def write(text: object, visits: Sequence[str]) -> str:
    """Write a reason or a caution as a sentence, with the visits as people say them; empty where there is none."""
    words = wording.true_minus(wording.text_of(text))  # type: ignore[arg-type]
    return wording.unbroken(wording.sentence(visits_in(words, list(visits))))
