"""What a hypothesis rests on: test, donors and effect in words, or the reason why there is no test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from cd20scope import abundance, effects, pairs
from cd20scope.pairs import Contrast, PairedT, Pairs
from cd20scope.rules import Biphasic, Verdict, decide, p_for_support

DIRECTIONS = {"up": 1, "down": -1}


@dataclass(frozen=True)
class Tables:
    """The tables that hypotheses are judged on, and what they were made with.

    Attributes
    ----------
    abundance, programs
        Tests, from :func:`cd20scope.abundance.compare` and :func:`cd20scope.programs.compare`.
    donors, scores
        Values per donor and visit, from :func:`cd20scope.abundance.donor_table` and
        :func:`cd20scope.scores.score_programs`.
    contrasts
        Pairs (later, earlier) of visits that the tables were made for.
    alpha
        Family-wise level; intervals are two-sided ``1 - alpha``.
    min_pairs
        Fewer complete pairs make a hypothesis not testable.
    """

    abundance: pd.DataFrame
    programs: pd.DataFrame
    donors: pd.DataFrame
    scores: pd.DataFrame
    contrasts: Sequence[Contrast]
    alpha: float
    min_pairs: int

    def contrast(self, name: str) -> Contrast | None:
        """Visits of a contrast by its name; None if the run does not make it."""
        return {pairs.contrast_name(contrast): contrast for contrast in self.contrasts}.get(name)


@dataclass(frozen=True)
class Evidence:
    """One hypothesis and its test.

    Attributes
    ----------
    paired
        Donors that enter and those that do not.
    reason
        Why it is not testable; empty where it is.
    key
        Identity of the test: hypotheses with the same key share one test and count once in their family.
    p_value
        Of the test whose rejection a claim of support needs.
    estimate, ci_low, ci_high
        Effect in natural sign and its two-sided ``1 - alpha`` interval.
    effect, test
        Effect and test in words.
    claim
        What the test is held against; decides once the level is known. None where not testable.
    """

    paired: Pairs = field(default_factory=lambda: Pairs(()))
    reason: str = ""
    key: tuple[object, ...] = ()
    p_value: float = float("nan")
    estimate: float = float("nan")
    ci_low: float = float("nan")
    ci_high: float = float("nan")
    effect: str = ""
    test: str = ""
    claim: "Claim | Biphasic | None" = None


@dataclass(frozen=True)
class Claim:
    """A hypothesis with one test: the effect turned into its direction, and what it is held against."""

    t: PairedT
    delta: float
    strong: bool
    ceiling: float

    def decide(self, level: float) -> Verdict:
        """Verdict at a level, see :func:`cd20scope.rules.decide`."""
        return decide(self.t, delta=self.delta, level=level, strong=self.strong, ceiling=self.ceiling)


def gather(hypothesis: Mapping[str, Any], tables: Tables) -> Evidence:
    """Find the test of a hypothesis."""
    needed = [hypothesis["contrast"]]
    if hypothesis["endpoint"] == "biphasic":
        needed += [hypothesis["depletion"]["first"], hypothesis["depletion"]["then"]]
    for name in needed:
        if tables.contrast(name) is None:
            made = ", ".join(pairs.contrast_name(contrast) for contrast in tables.contrasts)
            return Evidence(reason=f"this run makes no contrast {name}; it makes {made}")
    collect = {"abundance": _abundance, "program": _program, "biphasic": _biphasic}
    return collect[hypothesis["endpoint"]](hypothesis, tables)


def _abundance(hypothesis: Mapping[str, Any], tables: Tables) -> Evidence:
    of = {name: hypothesis.get(name, "") for name in ("population", "denominator", "contrast")}
    row = _find(tables.abundance, of)
    if row is None:
        return Evidence(reason=_not_found("abundance", of))
    reach = float(row["ceiling"]) if hypothesis["direction"] == "up" else -float(row["floor"])
    return _single(hypothesis, tables, row, delta=float(np.log(hypothesis["margin"])), reach=reach)


def _program(hypothesis: Mapping[str, Any], tables: Tables) -> Evidence:
    of = {name: hypothesis[name] for name in ("population", "program", "contrast")}
    of["component"] = hypothesis.get("component", "total")
    row = _find(tables.programs, of)
    if row is None:
        return Evidence(reason=_not_found("programs", of))
    return _single(hypothesis, tables, row, delta=float(hypothesis["margin"]), reach=np.inf)


def _single(
    hypothesis: Mapping[str, Any], tables: Tables, row: pd.Series, *, delta: float, reach: float
) -> Evidence:
    """Evidence from one row of a table of tests."""
    paired = Pairs.from_text(row["donors"], row["dropped"])
    reason = "" if row["status"] == "tested" else str(row["reason"])
    reason = reason or pairs.too_few(len(paired), tables.min_pairs)
    if reason:
        return Evidence(
            paired=paired,
            reason=reason,
            estimate=float(row["estimate"]),
            effect=_effect(hypothesis, row, tables, described=True),
        )
    t = PairedT(
        n=int(row["n_pairs"]), estimate=float(row["estimate"]), se=float(row["se"]), df=int(row["df"])
    )
    sign, strong = DIRECTIONS[hypothesis["direction"]], hypothesis["strength"] == "strong"
    claim = Claim(t=t if sign > 0 else t.flipped(), delta=delta, strong=strong, ceiling=reach)
    endpoint = ("population", "denominator", "program", "component", "contrast")
    key: tuple[object, ...] = tuple(row.get(name) for name in endpoint)
    sides = "one-sided against the margin" if strong else "two-sided against no change"
    unit = "log odds" if hypothesis["endpoint"] == "abundance" else "programme score"
    return Evidence(
        paired=paired,
        key=(*key, sign, delta) if strong else key,
        p_value=p_for_support(claim.t, delta=delta, strong=strong, ceiling=claim.ceiling),
        estimate=t.estimate,
        ci_low=float(row["ci_low"]),
        ci_high=float(row["ci_high"]),
        effect=_effect(hypothesis, row, tables, described=False),
        test=f"paired t of the {unit}, {sides}",
        claim=claim,
    )


def _biphasic(hypothesis: Mapping[str, Any], tables: Tables) -> Evidence:
    """Evidence on donors with all three visits."""
    depletion = hypothesis["depletion"]
    cells = {name: depletion[name] for name in ("population", "denominator")}
    first, then = (
        _find(tables.abundance, cells | {"contrast": depletion[name]}) for name in ("first", "then")
    )
    of = {name: hypothesis[name] for name in ("population", "program", "contrast")} | {"component": "total"}
    score = _find(tables.programs, of)
    if first is None or then is None:
        return Evidence(reason=_not_found("abundance", cells))
    if score is None:
        return Evidence(reason=_not_found("programs", of))
    # The rows of the depleted population count for their donors only: with no B cell left at either later
    # visit that contrast is not testable by itself, which is the best case here and not a failure.
    paired, *others = (Pairs.from_text(row["donors"], row["dropped"]) for row in (first, then, score))
    for other in others:
        paired = paired.intersect(other)
    reason = pairs.too_few(len(paired), max(tables.min_pairs, 2))
    if str(score["reason"]).startswith("not estimable"):
        reason = str(score["reason"])
    if reason:
        return Evidence(paired=paired, reason=f"on donors with all visits: {reason}")
    claim = _three_parts(hypothesis, tables, paired.donors, baseline_sd=float(score["baseline_sd"]))
    for part in (claim.first, claim.then, claim.late):
        if part.no_spread:
            return Evidence(paired=paired, reason=f"on donors with all visits: {part.no_spread}")
    late = claim.late if hypothesis["direction"] == "up" else claim.late.flipped()
    limits = late.interval(tables.alpha)
    words = {"program": hypothesis["program"], "population": hypothesis["population"], "alpha": tables.alpha}
    p_values = ", ".join(f"{p:.3g}" for p in claim.p_values)
    return Evidence(
        paired=paired,
        key=("biphasic", hypothesis["direction"], *of.values(), *depletion.values()),
        p_value=claim.p_value,
        estimate=late.estimate,
        ci_low=limits[0],
        ci_high=limits[1],
        effect=f"{effects.score(late.estimate, limits, **words)}; {_depleted(hypothesis, tables, claim)}",
        test=f"intersection-union of three one-sided paired t (p = {p_values}), donors with all visits",
        claim=claim,
    )


def _three_parts(
    hypothesis: Mapping[str, Any], tables: Tables, donors: Sequence[str], *, baseline_sd: float
) -> Biphasic:
    depletion = hypothesis["depletion"]
    counted = tables.donors[
        (tables.donors["population"] == depletion["population"])
        & (tables.donors["denominator"] == depletion["denominator"])
    ]
    scored = tables.scores[
        (tables.scores["population"] == hypothesis["population"])
        & (tables.scores["program"] == hypothesis["program"])
    ]
    first, then = (
        abundance.measure_change(counted, donors=donors, contrast=_visits(tables, depletion[name]))
        for name in ("first", "then")
    )
    value = scored.astype({"donor": str}).set_index(["visit", "donor"])["score"]
    after, before = (
        value.loc[[(visit, donor) for donor in donors]].to_numpy(dtype=float)
        for visit in _visits(tables, hypothesis["contrast"])
    )
    return Biphasic(
        first=first.t,
        first_floor=first.floor,
        then=then.t,
        then_floor=then.floor,
        late=pairs.paired_t(DIRECTIONS[hypothesis["direction"]] * (after - before) / baseline_sd),
        fall=float(depletion["fall"]),
        slack=float(depletion["slack"]),
        delta=float(hypothesis["margin"]),
    )


def _depleted(hypothesis: Mapping[str, Any], tables: Tables, claim: Biphasic) -> str:
    """Say the two parts about the depleted population."""
    population, said = hypothesis["depletion"]["population"], []
    for name, part in (("first", claim.first), ("then", claim.then)):
        later, earlier = _visits(tables, hypothesis["depletion"][name])
        words = effects.share(
            part.estimate,
            part.interval(tables.alpha),
            population=population,
            earlier=earlier,
            alpha=tables.alpha,
        )
        said.append(f"{words} at {later}")
    return "; ".join(said)


def _visits(tables: Tables, name: str) -> Contrast:
    contrast = tables.contrast(name)
    if contrast is None:
        raise KeyError(f"contrast {name} is not one of this run; gather() has to be asked first")
    return contrast


def _find(table: pd.DataFrame, of: Mapping[str, object]) -> pd.Series | None:
    """Find the row of a table that has these values; None if there is none."""
    match = np.logical_and.reduce([(table[name] == value).to_numpy() for name, value in of.items()])
    return table.loc[match].iloc[0] if match.any() else None


def _not_found(table: str, of: Mapping[str, object]) -> str:
    return f"the {table} step has no row for {', '.join(f'{name} {value}' for name, value in of.items())}"


def _effect(hypothesis: Mapping[str, Any], row: pd.Series, tables: Tables, *, described: bool) -> str:
    if pd.isna(row["estimate"]):
        return ""
    estimate = float(row["estimate"])
    limits = None if described else (float(row["ci_low"]), float(row["ci_high"]))
    if hypothesis["endpoint"] == "abundance":
        return effects.share(
            estimate,
            limits,
            population=hypothesis["population"],
            earlier=_visits(tables, hypothesis["contrast"])[1],
            alpha=tables.alpha,
            fell_at_least=float(row["fell_at_least"]) if hypothesis["strength"] == "strong" else float("nan"),
        )
    program = hypothesis["program"]
    component = hypothesis.get("component", "total")
    return effects.score(
        estimate,
        limits,
        program=program if component == "total" else f"{program} ({component})",
        population=hypothesis["population"],
        alpha=tables.alpha,
    )
