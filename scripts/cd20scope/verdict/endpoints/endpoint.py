"""What every endpoint says: what it needs, how it is measured and tested, which arms apply, its unit and its words."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from cd20scope.stats.between_arms import (
    both_arms,
    difference_reach,
    difference_t,
    reason_of_arm,
    why_not_compared,
)
from cd20scope.stats.changes import Change, Key
from cd20scope.stats.paired_tests import PairedTest
from cd20scope.stats.pairs import Contrast, Pairs
from cd20scope.study.themes import Row
from cd20scope.verdict.claim import Part
from cd20scope.verdict.endpoints.tables import Settings, Tables
from cd20scope.verdict.endpoints.units import Unit
from cd20scope.verdict.evidence import (
    DIRECTIONS,
    Claim,
    Evidence,
    Tester,
    TestKey,
    evaluate_change,
    names_beside,
    too_few_donors,
)
from cd20scope.verdict.quantities import Estimate


@dataclass(frozen=True, slots=True)
class Around:
    """What a sentence on a hypothesis says beside its row of the table of verdicts.

    The row has the interval that decides, ``decide_low decide_high coverage``, besides the columns of the table.

    Attributes
    ----------
    later, earlier
        Visits as people name them.
    first, last
        The first visit after treatment and the last one, as people name them.
    moved
        In how many of the donors the change has the sign of the estimate.
    cells
        Number of cells found at the later visit; empty where it is not known.
    before
        Share at the earlier visit, by population, denominator and contrast.
    parts
        Mean change of each part over the donors that enter.
    depletion
        Population and denominator of a preceding depletion; None without one.
    """

    later: str
    earlier: str
    first: str
    last: str
    moved: str
    cells: str
    before: Mapping[tuple[str, str, str], float]
    parts: Mapping[str, float]
    depletion: tuple[str, str] | None


class Endpoint(ABC):
    """One kind of hypothesis.

    A hypothesis is a row of the catalogue (:func:`cd20scope.study.questions.claim_rows`) or of the table of verdicts.
    The defaults are those of a hypothesis on one change, its part ``main``.

    Attributes
    ----------
    name
        In the catalogue and its schema; the first item of the keys of the changes that this endpoint measures.
    unit
        Of its estimate.
    files
        Results that its verdicts are computed from, for the report.
    step
        Step that makes the table that it is measured from, for messages.
    scored
        Whether its estimate is a score of genes: confounder scores and random gene sets then stand beside it, and it
        has a component.
    attenuated
        Whether labels that miss cells make its change seem smaller.
    visits
        Visits that a donor must have, in words.
    part_names
        What the parts are changes of, where there are several.
    """

    name: ClassVar[str]
    unit: ClassVar[Unit]
    files: ClassVar[tuple[str, ...]]
    step: ClassVar[str] = ""
    scored: ClassVar[bool] = False
    attenuated: ClassVar[bool] = False
    visits: ClassVar[str] = "both"
    part_names: ClassVar[Mapping[str, str]] = {}

    # needs

    @abstractmethod
    def needs(self, hypothesis: Row) -> dict[str, Key]:
        """Name the changes that a hypothesis is tested on, by part."""

    @abstractmethod
    def estimates(self, hypothesis: Row) -> dict[str, set[Estimate]]:
        """Say which contrasts a hypothesis rests on, with the types of its estimates there, which technique fakes."""

    # measurement; of keys that start with the endpoint's name

    def measure(self, key: Key, tables: Tables, *, contrast: Contrast, settings: Settings) -> Change:
        """Measure a change; one without donors, with the reason, where the tables lack it."""
        raise ValueError(f"endpoint {self.name} has no changes of its own; found {key}.")

    def measure_equal_cells(
        self, key: Key, tables: Tables, *, contrast: Contrast, settings: Settings
    ) -> Change | None:
        """Measure a change at equal numbers of cells; None (default) where they do not matter."""

    def visit_values(self, key: Key, tables: Tables, *, settings: Settings) -> pd.DataFrame | None:
        """Rows of all visits with the column ``value`` in the endpoint's unit; None (default) for no mixed model."""

    def absent(self, key: Key) -> Change:
        """Change that the tables of its step lack."""
        return Change.nothing(Pairs(()), f"the {self.step} step has no row for {', '.join(key[1:-1])}")

    # test

    def evaluate(
        self,
        hypothesis: Row,
        changes: Mapping[Key, Change],
        *,
        min_pairs: int,
        tester: Tester | None = None,
    ) -> Evidence:
        """Test the changes that a hypothesis needs against its margin.

        Parameters
        ----------
        hypothesis
            An entry of the catalogue.
        changes
            At least those that :meth:`needs` names.
        min_pairs
            Fewer complete pairs make a hypothesis not testable.
        tester
            Test of the differences, which then has no covariates; of several, of that whose estimate is shown, as the
            others are t tests always. By default a t test beside the covariates of the change.
        """
        key: TestKey = self.needs(hypothesis)["main"]
        change = changes[self.needs(hypothesis)["main"]]
        few = too_few_donors(change, max(min_pairs, 1))
        if change.reason or not change.values.size:
            return Evidence(change.paired, change.reason or few)
        t = evaluate_change(change, tester)
        if reason := few or t.no_spread:
            return Evidence(change.paired, reason, t=t)
        claim = self._claim(hypothesis, t, reach=(change.mean_floor, change.mean_ceiling))
        if claim.strong or claim.same:
            key = (*key, hypothesis["direction"], claim.delta)
        return Evidence(
            change.paired,
            key=key,
            t=t,
            values=change.values,
            covariates=names_beside(change, tester),
            floor=change.mean_floor,
            claim=claim,
        )

    def evaluate_difference(
        self,
        hypothesis: Row,
        treated: Mapping[Key, Change],
        control: Mapping[Key, Change],
        *,
        min_per_arm: int,
    ) -> Evidence:
        """Test the change of the treated beyond that of the controls against the margin.

        Parameters
        ----------
        hypothesis, treated, control
            An entry of the catalogue; changes of both arms in one unit, those that :meth:`needs` names.
        min_per_arm
            Fewer complete donors in an arm make a hypothesis not testable.
        """
        key = self.needs(hypothesis)["main"]
        here, there = treated[key], control[key]
        paired = both_arms([here.paired, there.paired])
        if reason := reason_of_arm(here, there) or why_not_compared(here, there, max(min_per_arm, 2)):
            return Evidence(paired, reason)
        t, reach = difference_t(here, there), difference_reach(here, there)
        if t.no_spread:
            return Evidence(paired, t.no_spread, t=t)
        claim = self._claim(hypothesis, t, reach=reach)
        beside = names_beside(here, None)
        return Evidence(paired, key=key, t=t, covariates=beside, floor=reach[0], claim=claim)

    def _claim(self, hypothesis: Row, t: PairedTest, *, reach: tuple[float, float]) -> Claim:
        """Turn a test into the direction of a hypothesis; ``reach`` is the fall and the rise that cells can show."""
        up, (floor, ceiling) = DIRECTIONS[hypothesis["direction"]] > 0, reach
        return Claim(
            t=t if up else t.flipped(),
            delta=self.unit.margin(hypothesis["margin"]),
            strong=hypothesis["strength"] == "strong",
            same=hypothesis["direction"] == "none",
            floor=floor if up else -ceiling,
            ceiling=ceiling if up else -floor,
        )

    def two_sided(self, hypothesis: Row) -> bool:
        """Whether support is a two-sided test against no change."""
        return bool(hypothesis["strength"] == "plain" and hypothesis["direction"] != "none")

    def limits(self, evidence: Evidence, alpha: float) -> dict[str, float]:
        """Two-sided ``1 - alpha`` limits that may be shown, and the fall that may be claimed."""
        nothing = dict.fromkeys(("ci_low", "ci_high", "fell_at_least"), float("nan"))
        if evidence.t is None or evidence.claim is None:
            return nothing
        return nothing | self._limits(evidence.t, evidence.floor, alpha)

    def _limits(self, t: PairedTest, floor: float, alpha: float) -> dict[str, float]:
        low, high = t.interval(alpha)
        return {"ci_low": low, "ci_high": high}

    def parts(self, hypothesis: Row, evidence: Evidence, level: float) -> list[tuple[Part, Unit]]:
        """Lines of a claim that consists of several tests, in natural sign; none (default) of any other."""
        return []

    # arms

    def variants(self, hypothesis: Row) -> dict[str, dict[Any, Any]]:
        """Other forms of a hypothesis, each an arm by its name, measured from the tables of the arms."""
        return {}

    # words

    @abstractmethod
    def subject(self, row: Row) -> str:
        """Name in a few words what is measured where."""

    @abstractmethod
    def effect(
        self, hypothesis: Row, evidence: Evidence, *, contrasts: Mapping[str, Contrast], alpha: float
    ) -> str:
        """Write the effect for the table of verdicts; empty without a test."""

    @abstractmethod
    def sentence(self, row: Row, around: Around) -> str:
        """Write the effect for a clinician."""

    def test_name(self, evidence: Evidence) -> str:
        """Name the test; empty where there is none."""
        claim = evidence.claim
        if not isinstance(claim, Claim):
            return ""
        if claim.same:
            return f"two one-sided paired t of the {self.unit.tested} against the margin"
        sides = "one-sided against the margin" if claim.strong else "two-sided against no change"
        return f"paired t of the {self.unit.tested}, {sides}"

    def rule(self, row: Row) -> str:
        """Write when a hypothesis is supported."""
        margin = self.unit.write_margin(row["margin"])
        if row["direction"] == "none":
            return (
                f"Supported if two one-sided tests exclude a change as large as {margin} in either direction"
            )
        change = self.unit.write_change(row["margin"], row["direction"])
        if row["strength"] == "strong":
            return f"Supported if the confidence limit lies beyond {change}"
        return f"Supported if the interval excludes zero and the estimate reaches {change}"


def shown_limits(limits: Mapping[str, float], evidence: Evidence) -> tuple[float, float] | None:
    """Pair of limits of an effect; None where it is only described."""
    return None if evidence.claim is None else (limits["ci_low"], limits["ci_high"])


UNCLEAR = "did not clearly change"
"""Of a change whose interval includes none."""


def verb(row: Row) -> str:
    """Direction of the change; unclear where the interval that decides includes none."""
    low, high = row["decide_low"], row["decide_high"]
    if not pd.isna(high) and high < 0:
        return "fell"
    return "rose" if not pd.isna(low) and low > 0 else UNCLEAR
