"""Simulated treated and control arms: how often a difference in differences is called where there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.calibration_verdicts import T_CELLS, Simulator
from cd20scope.stats.between_arms import MIN_PER_ARM, difference_t, welch_t, welch_t_beside
from cd20scope.stats.changes import Change, Key
from cd20scope.stats.paired_tests import paired_t
from cd20scope.stats.pairs import Pairs
from cd20scope.verdict.control_arms import decide_differences
from cd20scope.verdict.families import FAMILIES

DONOR_SD, VISIT_SD, RESPONSE_SD = 0.4, 0.24, 0.4
"""SDs of log odds (or of the log count) between donors, between visits beyond counting as of Treg in Hao et al. (2021,
see :mod:`benchmark.visit_noise`), and of the responses of treated donors, who differ in theirs."""
TIME = 0.5
"""Change of all donors of both arms between the visits: as large as what treatment does."""
DROPOUT = 0.15
"""Part of the donors that leave before the later visit, at random in either arm."""
DEPTH: Mapping[str, Sequence[float]] = {"treated": (6000, 2500), "control": (4000, 4000)}
"""Median cells of the denominator at the two visits; the treated arm has fewer after treatment."""
COUNT_SD = 0.25
"""SD of the log lymphocyte count between draws of a donor."""


@dataclass(frozen=True)
class Quantity:
    """What is compared: a share of the denominator, a number per microlitre, or a score in baseline SDs."""

    name: str
    share: float = 0.0


QUANTITIES = (
    Quantity("share of 20 %", 0.2),
    Quantity("share of 2 %", 0.02),
    Quantity("cells per microlitre, 2 %", 0.02),
    Quantity("programme"),
)


def draw(
    rng: np.random.Generator, arm: str, quantity: Quantity, *, donors: int, time: float, effect: float
) -> NDArray[np.float64]:
    """Values at the two visits of the donors that stay, shape (donors, 2)."""
    stays = np.flatnonzero(rng.random(donors) >= DROPOUT)
    shape = (len(stays), 2)
    change = time + (effect + rng.normal(0, RESPONSE_SD, len(stays)) if arm == "treated" else 0.0)
    if quantity.name == "programme":
        y = rng.normal(0, 1, (shape[0], 1)) + rng.normal(0, VISIT_SD, shape)
        y[:, 1] += change
        return y
    logit = np.log(quantity.share / (1 - quantity.share)) + rng.normal(0, DONOR_SD, (shape[0], 1))
    logit = logit + rng.normal(0, VISIT_SD, shape)
    logit[:, 1] += change
    n = np.maximum(200, np.asarray(DEPTH[arm]) * np.exp(rng.normal(0, 0.4, shape))).astype(int)
    x = rng.binomial(n, 1 / (1 + np.exp(-logit)))
    if "microlitre" in quantity.name:
        return np.log(1500) + rng.normal(0, COUNT_SD, shape) + np.log((x + 0.5) / (n + 1))
    return np.log((x + 0.5) / (n - x + 0.5))


def changes(
    rng: np.random.Generator, quantity: Quantity, *, donors: int, time: float, effect: float
) -> tuple[Change, Change]:
    """Changes of a treated and of a control arm, a programme in SDs between the treated at baseline."""
    arms = [
        draw(rng, arm, quantity, donors=donors, time=time, effect=effect) for arm in ("treated", "control")
    ]
    score, n_sd = quantity.name == "programme", len(arms[0])
    unit = float(arms[0][:, 0].std(ddof=1)) if score and n_sd > 1 else 1.0
    made = [
        Change.unlimited(
            Pairs(tuple(f"{i:02d}" for i in range(len(y)))),
            (y[:, 1] - y[:, 0]) / unit,
            n_sd=n_sd if score else 0,
        )
        for y in arms
    ]
    return made[0], made[1]


def tabulate(
    *,
    cohorts: int,
    donors: Sequence[int] = (4, 6, 10),
    quantities: Sequence[Quantity] = QUANTITIES,
    effect: float = 0.6,
    least: int = 3,
    seed: int = 91,
) -> pd.DataFrame:
    """Share of cohorts called at 0.05 in each setting, of those with ``least`` donors left in each arm.

    Returns
    -------
    ``false``: by the difference, where both arms change alike; ``within``: by the treated alone, there; ``covered``:
    intervals of the difference that hold the true effect; ``power`` and ``power within``: of both tests where only the
    treated change, without an effect of time.
    """
    rows = []
    for quantity in quantities:
        for n in donors:
            # the spread between donors at baseline contains the noise of one visit
            truth = effect / float(np.hypot(1, VISIT_SD)) if quantity.name == "programme" else effect
            rng = np.random.default_rng([seed, n, int(1000 * quantity.share), len(quantity.name)])
            counted = dict.fromkeys(("cohorts", "false", "within", "covered", "power", "power within"), 0)
            while counted["cohorts"] < cohorts:
                alike = changes(rng, quantity, donors=n, time=TIME, effect=0.0)
                only = changes(rng, quantity, donors=n, time=0.0, effect=effect)
                if min(len(arm.paired) for arm in (*alike, *only)) < least:
                    continue
                null, true = difference_t(*alike), difference_t(*only)
                counted["cohorts"] += 1
                counted["false"] += null.p_value < 0.05
                counted["within"] += paired_t(alike[0].values).p_value < 0.05
                low, high = true.interval(0.05)
                counted["covered"] += low <= truth <= high
                counted["power"] += true.p_value < 0.05
                counted["power within"] += paired_t(only[0].values).p_value < 0.05
            total = counted.pop("cohorts")
            row = {"quantity": quantity.name, "N": n}
            rows.append(row | {name: count / total for name, count in counted.items()})
    return pd.DataFrame(rows)


def tabulate_beside(
    *, cohorts: int, sizes: Sequence[tuple[int, int]] = ((5, 4), (6, 6), (10, 10), (12, 5)), seed: int = 95
) -> pd.DataFrame:
    """Share of cohorts called at 0.05 where a covariate differs by 1 SD between the arms and moves the change by 0.5.

    Returns
    -------
    ``beside`` and ``plain``: by the difference with and without the covariate, where only that moves the arms apart;
    ``covered``: intervals beside it that hold none, there; ``power``: beside it, where the treated change by 0.6 more.
    """
    rows = []
    for n_treated, n_control in sizes:
        rng = np.random.default_rng([seed, n_treated, n_control])
        arm = np.arange(n_treated + n_control) < n_treated
        counted = dict.fromkeys(("beside", "plain", "covered", "power"), 0)
        for _ in range(cohorts):
            x = rng.normal(0, 1, len(arm)) + arm
            noise = np.sqrt(2) * VISIT_SD * rng.normal(0, 1, len(arm)) + arm * rng.normal(
                0, RESPONSE_SD, len(arm)
            )
            d = TIME + 0.5 * x + noise
            beside = welch_t_beside(d[arm], d[~arm], x[:, None])
            counted["beside"] += beside.p_value < 0.05
            counted["plain"] += welch_t(d[arm], d[~arm]).p_value < 0.05
            low, high = beside.interval(0.05)
            counted["covered"] += low <= 0 <= high
            counted["power"] += welch_t_beside(d[arm] + 0.6, d[~arm], x[:, None]).p_value < 0.05
        row = {"treated": n_treated, "control": n_control}
        rows.append(row | {name: count / cohorts for name, count in counted.items()})
    return pd.DataFrame(rows)


def draw_questions(
    rng: np.random.Generator, treated: Simulator, control: Simulator
) -> tuple[dict[Key, Change], dict[Key, Change]]:
    """Changes behind every question in both arms, scores in SDs between the treated at baseline."""
    of_treated, of_control = treated.draw_scores(rng), control.draw_scores(rng)
    here = treated.share_changes(treated.draw_counts(rng)) | treated.score_changes(of_treated)
    there = control.share_changes(control.draw_counts(rng)) | control.score_changes(of_control)
    ratio = of_control[:, 0].std(axis=0, ddof=1) / of_treated[:, 0].std(axis=0, ddof=1)
    for key in control.score_keys:
        change = there[key]
        there[key] = replace(change, values=change.values * ratio[control.scores.index(key[:-1])])
    return here, there


def tabulate_questions(
    hypotheses: Sequence[Mapping[str, Any]],
    populations: Mapping[str, Any],
    *,
    cohorts: int,
    donors: Sequence[int] = (4, 6, 10),
    seed: int = 93,
) -> pd.DataFrame:
    """Share of cohorts with any confirmatory claim of a change called by the differences, and with two true ones.

    Returns
    -------
    ``both change``: T cells of both arms change by 1 SD and Treg x 1.5, B cells in neither; ``depletion only``: the
    same, with B cells falling in the treated, called on T cells. ``T-act-m6`` and ``Treg-share-m6``: supported where
    the T cells of the treated change alone.
    """
    changes_of = {entry["id"] for entry in hypotheses if entry["direction"] != "none"}
    asked = {entry["id"] for entry in hypotheses if entry["family"] == "confirmatory"} & changes_of
    on_t = {entry["id"] for entry in hypotheses if entry["population"].startswith(T_CELLS)} & asked
    cases = {
        "both change": (False, 1.0, 1.0),
        "depletion only": (True, 1.0, 1.0),
        "treated alone": (True, 1.0, 0.0),
    }
    rows = []
    for n in donors:
        row: dict[str, float] = {"N": n}
        for case, (depletion, here, there) in cases.items():
            rng = np.random.default_rng([seed, n, len(case)])
            arms = (
                Simulator(hypotheses, populations, donors=n, depletion=depletion, reprogramming=here),
                Simulator(hypotheses, populations, donors=n, depletion=False, reprogramming=there),
            )
            said = []
            for _ in range(cohorts):
                decided = decide_differences(
                    hypotheses,
                    *draw_questions(rng, *arms),
                    min_per_arm=MIN_PER_ARM,
                    alpha=0.05,
                    families=FAMILIES,
                )
                said.append({made.hypothesis["id"]: made.verdict.verdict for made in decided})
            table = pd.DataFrame(said)
            if case == "treated alone":
                for name in ("T-act-m6", "Treg-share-m6"):
                    row[name] = float((table[name] == "supported").mean())
                continue
            names = sorted(on_t if case == "depletion only" else asked)
            row[case] = float(table[names].isin(["supported", "contradicted"]).any(axis=1).mean())
        rows.append(row)
    return pd.DataFrame(rows)
