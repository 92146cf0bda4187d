"""Whether one donor carries a verdict, or the verdict is merely close to its level.

Near the level nearly every donor's absence changes a verdict, which says nothing of any of them. A donor carries it
when its absence alone does, and it moves the estimate most.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple


class Without(NamedTuple):
    """What is found without one donor: estimate (missing where there is none) and verdict."""

    estimate: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Influence:
    """What leaving out each donor does to a verdict.

    Attributes
    ----------
    moves
        Donor -> the estimate with it less that without it, most influential first.
    changes
        Donor -> verdict without it, where that is another; most influential first.
    carried_by
        The one donor that carries the verdict; empty where none does.
    statement
        What to say, once; empty where no donor changes the verdict.
    """

    moves: dict[str, float]
    changes: dict[str, str]
    carried_by: str
    statement: str


def leave_one_out(
    donors: Sequence[str], ask: Callable[[Sequence[str]], Without], *, whole: Without
) -> Influence:
    r"""Leave out every donor in turn.

    The influence of a donor is :math:`\hat\theta - \hat\theta_{(i)}`, Cook's one-step deletion of an intercept.

    Parameters
    ----------
    donors
        Those that entered.
    ask
        Estimate and verdict from the donors that are left, at the level that decided the whole.
    whole
        Estimate and verdict from all.

    Returns
    -------
    "rests on D03" only if leaving out D03 changes the verdict, no other donor does, and none moves the estimate more;
    "close to the level" if any donor's absence changes it otherwise.

    References
    ----------
    Cook (1977), Detection of influential observation in linear regression. doi:10.1080/00401706.1977.10489493
    """
    asked = {donor: ask([other for other in donors if other != donor]) for donor in donors}
    moves = {donor: whole.estimate - found.estimate for donor, found in asked.items()}
    order = sorted(donors, key=lambda donor: (-abs(moves[donor]) if isfinite(moves[donor]) else 0.0, donor))
    moves = {donor: moves[donor] for donor in order}
    changes = {donor: asked[donor].verdict for donor in order if asked[donor].verdict != whole.verdict}
    carried_by = order[0] if list(changes) == order[:1] else ""
    return Influence(moves, changes, carried_by, _say(changes, carried_by, len(donors)))


def _say(changes: dict[str, str], carried_by: str, n: int) -> str:
    if carried_by:
        return f"rests on {carried_by}: without this donor alone the verdict is {changes[carried_by]}"
    if changes:
        return f"close to the level: {len(changes)} of {n} donors change the verdict when left out"
    return ""
