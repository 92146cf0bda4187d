"""Families of confirmatory questions: how the level is divided between them, and passed on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Family:
    """A family of confirmatory questions.

    Attributes
    ----------
    name
        By which questions and other families name it.
    share
        Part of the level that it starts with, 0 to 1; the shares of all families are 1 at most.
    passes
        Other family -> part of this one's level that it inherits once all questions here are rejected.
    """

    name: str
    share: float
    passes: Mapping[str, float] = field(default_factory=dict)


def share_problems(families: Sequence[Family]) -> list[tuple[str, str]]:
    """Find why a division of the level does not hold it.

    Shares that exceed the level together or lie outside 0 to 1, more passed on than there is, a family that is passed
    to and not there, and a circle.

    Returns
    -------
    Pairs of the name of the family and the problem.
    """
    names = [family.name for family in families]
    found = []
    for family in families:
        if not 0 < family.share <= 1:
            found.append(
                (
                    family.name,
                    f"found the share {family.share:g}. Write one above 0, at most 1.",
                )
            )
        if (total := sum(family.passes.values())) > 1 + 1e-9 or any(v <= 0 for v in family.passes.values()):
            found.append(
                (family.name, f"passes on {total:g} of its level. Write parts above 0, 1 together at most.")
            )
        found += [
            (family.name, f'passes to "{other}", which is no family; there are {", ".join(names)}.')
            for other in family.passes
            if other not in names
        ]
        if family.name in _reached(family.name, families):
            found.append((family.name, "passes its level on to itself. Break the circle."))
    if (total := sum(family.share for family in families)) > 1 + 1e-9:
        found.append(
            (
                names[-1],
                f"the shares of all families are {total:g} together; 1 is the most.",
            )
        )
    return found


def _reached(name: str, families: Sequence[Family]) -> set[str]:
    """Families that the level of one can come to, itself only by a circle."""
    passes = {family.name: tuple(family.passes) for family in families}
    reached: set[str] = set()
    todo = list(passes.get(name, ()))
    while todo:
        other = todo.pop()
        if other not in reached:
            reached.add(other)
            todo += passes.get(other, ())
    return reached
