"""Reasons and cautions of the table of verdicts, in the words of the page."""

import re
from collections.abc import Sequence

from cd20scope.report import wording
from cd20scope.study.nouns import visits_in

SIGNED = r"changed by ([+-][\d.]+) baseline SD"
REWORDED: tuple[tuple[str, str], ...] = (
    (
        r"interval holds no change, and the margin is not excluded",
        "interval includes zero and does not exclude the margin",
    ),
    (r"interval excludes no change and the estimate", "interval excludes zero and the estimate"),
    (r", even wholly beyond the margin", ", and lies wholly beyond the margin"),
    (
        r"there is a change in this direction, but the (limit|estimate) does not reach the margin",
        r"the change is in the stated direction, but the \1 does not reach the margin",
    ),
    (r"there is a change in this direction, but", "the change is in the stated direction, but"),
    (
        rf"explained by steroids: the steroid score of the same cells {SIGNED}, and adjusted for it the verdict does "
        "not hold",
        r"possible steroid effect: the steroid score of the same cells changed by \1 SD, and the verdict is lost after "
        "adjustment",
    ),
    (
        rf"cannot be told from a steroid effect: the steroid score of the same cells {SIGNED}, alike in all donors",
        r"possible steroid effect: the steroid score of the same cells changed by \1 SD, by the same amount in all "
        "donors, so that adjustment cannot separate the two",
    ),
    (SIGNED + r" in the same cells", r"changed by \1 SD in the same cells"),
    (
        r"random gene sets of like expression change as clearly",
        "random gene sets, matched for size and expression, change as much",
    ),
    (r"the verdict holds in the arm \"([^\"]*)\"", r"the verdict is unchanged in the analysis “\1”"),
    (r"in the arm \"([^\"]*)\"", r"in the analysis “\1”"),
)
"""Phrases of the step that decides, each with what the page says; others stay as they are."""


def reword(text: object, visits: Sequence[str]) -> str:
    """Write a reason or a caution as a sentence of the page; empty where there is none."""
    words = wording.text_of(text)  # type: ignore[arg-type]
    for old, new in REWORDED:
        words = re.sub(old, new, words)
    return wording.unbroken(wording.sentence(visits_in(wording.true_minus(words), list(visits))))
