"""The level that each confirmatory question is judged at: families one after the other, Holm's method within each.

A family starts with its share of the level; when all of its questions are rejected, its level passes to the families
that it names. So T cells are judged once depletion is there, and at the whole level that depletion no longer needs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cd20scope.study.families import Family

FAMILIES = (Family("depletion", 0.9, {"T cells": 1.0}), Family("T cells", 0.1))
"""Those of the shipped questions. What the treatment is for is asked at nearly the whole level, which the others
inherit once each of its own is shown. A tenth is theirs from the start, so that a cohort in which one depletion is not
shown still has verdicts on them."""


class Judged(NamedTuple):
    """How a question is judged.

    Attributes
    ----------
    level
        Of its claims of a change; 0 where its family was never reached.
    p_adjusted
        Smallest level of the whole scheme at which it would be rejected; 1 where no level reaches it.
    level_same
        Of claims of no change, and of "not supported".
    n_family
        Questions of its family that could be tested.
    """

    level: float
    p_adjusted: float
    level_same: float
    n_family: int


def judge(
    p_values: Mapping[str, float],
    member: Mapping[str, str],
    families: Sequence[Family],
    *,
    alpha: float = 0.05,
) -> dict[str, Judged]:
    r"""Judge every question that could be tested.

    In a family with level *a* and *m* questions left, the one with the smallest p-value is rejected if that is at most
    *a/m*; the family whose question has the smallest :math:`p\, m / a` goes first. Whichever questions are truly
    unchanged, the chance that any change is claimed where there is none is at most ``alpha``: this is the graphical
    procedure with the weights of a family shared evenly (serial gatekeeping where one family passes to one other).

    Claims that nothing changes by the margin, and the verdict "not supported", are judged at ``alpha`` over the number
    of questions of all families, so the chance that any of these is wrong is at most ``alpha`` too, by Bonferroni. Of
    one question only one of the two can be wrong, since a change cannot be both absent and beyond its margin.

    Parameters
    ----------
    p_values
        Question -> p-value of its claims of a change (:func:`cd20scope.verdict.rules.p_for_support`); only those that
        could be tested. A family none of whose questions could be tested passes its level on.
    member
        Question -> name of its family.
    families
        In the order of the report.
    alpha
        Level of the scheme.

    Returns
    -------
    Question -> how it is judged.

    References
    ----------
    Bretz et al. (2009), A graphical approach to sequentially rejective procedures. doi:10.1002/sim.3495
    Maurer & Bretz (2013), memory and families. doi:10.1080/19466315.2013.807748
    Holm (1979). https://www.jstor.org/stable/4615733
    """
    state = _Walk.start(p_values, member, families)
    adjusted: dict[str, float] = {}
    levels: dict[str, float] = {}
    running = 0.0
    while (found := state.next_question()) is not None:
        question, ratio = found
        running = max(running, ratio)
        if running > alpha and not state.stopped:
            levels |= {name: alpha * local for name, local in state.local().items()}
            state.stopped = True
        if not state.stopped:
            levels[question] = alpha * state.local()[question]
        adjusted[question] = min(1.0, running)
        state.reject(question)
    sizes = {family.name: sum(member[q] == family.name for q in p_values) for family in families}
    return {
        question: Judged(
            level=levels.get(question, 0.0),
            p_adjusted=adjusted.get(question, 1.0),
            level_same=alpha / len(p_values),
            n_family=sizes[member[question]],
        )
        for question in p_values
    }


@dataclass
class _Walk:
    """Step-down over the families: what is left of each, and with which part of the level."""

    p: dict[str, float]
    left: dict[str, list[str]]
    weight: dict[str, float]
    passes: dict[str, Mapping[str, float]]
    stopped: bool = False

    @classmethod
    def start(
        cls, p_values: Mapping[str, float], member: Mapping[str, str], families: Sequence[Family]
    ) -> "_Walk":
        names = [family.name for family in families]
        if strange := sorted({member[question] for question in p_values} - set(names)):
            raise ValueError(
                f"judge: no family is called {', '.join(strange)}; there are {', '.join(names)}. "
                "Name the family of each question as the catalogue does."
            )
        walk = cls(
            p=dict(p_values),
            left={name: [q for q in p_values if member[q] == name] for name in names},
            weight={family.name: family.share for family in families},
            passes={family.name: family.passes for family in families},
        )
        for name in names:
            walk.pass_on(name)
        return walk

    def local(self) -> dict[str, float]:
        """Part of the level of every question left."""
        return {
            question: self.weight[name] / len(questions)
            for name, questions in self.left.items()
            for question in questions
        }

    def next_question(self) -> tuple[str, float] | None:
        """Question whose p-value is smallest beside its part of the level, and that ratio."""
        ratios = {question: self.p[question] / part for question, part in self.local().items() if part > 0}
        if not ratios:
            return None
        question = min(ratios, key=lambda name: (ratios[name], self.p[name]))
        return question, ratios[question]

    def reject(self, question: str) -> None:
        """Take a question out; an emptied family passes its level on."""
        for name, questions in self.left.items():
            if question in questions:
                questions.remove(question)
                self.pass_on(name)

    def pass_on(self, name: str) -> None:
        """Pass the level of an empty family on, and on again where that one is empty too."""
        weight = self.weight[name]
        if self.left[name] or weight <= 0:
            return
        self.weight[name] = 0.0
        for other, part in self.passes[name].items():
            self.weight[other] += weight * part
            self.pass_on(other)
