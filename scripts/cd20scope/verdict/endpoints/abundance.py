"""Effect and test of a hypothesis as text, for the columns ``effect`` and ``test`` of the verdict table.

Effects on shares are odds here, as they are tested; the sentences of the report give shares.
"""

from collections.abc import Mapping
from math import exp, floor, isnan, log
from typing import Any

from cd20scope.stats.pairs import Contrast
from cd20scope.verdict.evidence import Evidence, limits_of
from cd20scope.verdict.order import Order


def format_odds(
    estimate: float,
    limits: tuple[float, float] | None,
    *,
    population: str,
    earlier: str,
    alpha: float,
    fell_at_least: float = float("nan"),
) -> str:
    """Format a change of log odds as odds relative to the earlier visit.

    Parameters
    ----------
    estimate, limits
        Change of log odds and its two-sided ``1 - alpha`` interval; None for an effect that was only
        described. A missing lower limit means that the detection limit decides: the size of the fall is then
        only bounded.
    population
        Whose odds.
    earlier
        The visit they are compared with.
    alpha
        Of the interval.
    fell_at_least
        Fall of the odds (0 to 1) that may be claimed; missing where nothing fell.
    """
    bound = f"at least {floor(1000 * fell_at_least) / 10:g} %" if not isnan(fell_at_least) else ""
    at_least = bound and f"fell by {bound} (one-sided {100 * (1 - alpha):g} % limit)"
    if limits is not None and isnan(limits[0]):
        return f"{population}: {at_least or 'too few cells to bound the change'}"
    if estimate < log(2):
        low_high = tuple(_short(100 * exp(limit)) for limit in limits or ())
        text = f"{population}: to {_short(100 * exp(estimate))} % of {earlier} odds"
    else:
        low_high = tuple(_short(exp(limit)) for limit in limits or ())
        text = f"{population}: to {_short(exp(estimate))} times the {earlier} odds"
    interval = f" ({100 * (1 - alpha):g} % CI {' to '.join(low_high)})" if low_high else " (described only)"
    return text + interval + (f", {at_least}" if at_least and limits is not None else "")


def format_score(
    estimate: float, limits: tuple[float, float] | None, *, program: str, population: str, alpha: float
) -> str:
    """Format a change of a programme score in standard deviations between donors at baseline."""
    text = f"{program} in {population}: {estimate:+.2f} baseline SD"
    if limits is None:
        return f"{text} (described only)"
    return f"{text} ({100 * (1 - alpha):g} % CI {limits[0]:+.2f} to {limits[1]:+.2f})"


def _short(value: float) -> str:
    """Two significant digits, whole numbers from 10."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def format_effect(
    hypothesis: Mapping[str, Any], evidence: Evidence, *, contrasts: Mapping[str, Contrast], alpha: float
) -> str:
    """Format the effect; ``contrasts`` gives the visits of a contrast by its name."""
    if evidence.t is None:
        return ""
    shown = limits_of(hypothesis, evidence, alpha)
    limits = None if evidence.claim is None else (shown["ci_low"], shown["ci_high"])
    if hypothesis["endpoint"] == "abundance":
        strong = hypothesis["strength"] == "strong"
        return format_odds(
            evidence.t.estimate,
            limits,
            population=hypothesis["population"],
            earlier=contrasts[hypothesis["contrast"]][1],
            alpha=alpha,
            fell_at_least=shown["fell_at_least"] if strong else float("nan"),
        )
    component = hypothesis.get("component", "total")
    program = hypothesis["program"] + ("" if component == "total" else f" ({component})")
    text = format_score(
        evidence.t.estimate, limits, program=program, population=hypothesis["population"], alpha=alpha
    )
    if not isinstance(evidence.claim, Order):
        return text
    depletion = hypothesis["depletion"]
    parts = [text]
    steps = ((depletion["first"], evidence.claim.first), (hypothesis["contrast"], evidence.claim.last))
    for contrast, test in steps:
        later, earlier = contrasts[contrast]
        words = {"population": depletion["population"], "earlier": earlier, "alpha": alpha}
        parts.append(f"{format_odds(test.estimate, test.interval(alpha), **words)} at {later}")
    return "; ".join(parts)


def format_test(hypothesis: Mapping[str, Any], evidence: Evidence) -> str:
    """Format the name of the test."""
    if evidence.claim is None:
        return ""
    if isinstance(evidence.claim, Order):
        p_values = ", ".join(f"{p:.3g}" for p in evidence.claim.p_values)
        return f"intersection-union of four one-sided paired t (p = {p_values}), donors with all visits"
    unit = "log odds" if hypothesis["endpoint"] == "abundance" else "programme score"
    if evidence.claim.same:
        return f"two one-sided paired t of the {unit} against the margin"
    sides = "one-sided against the margin" if evidence.claim.strong else "two-sided against no change"
    return f"paired t of the {unit}, {sides}"
