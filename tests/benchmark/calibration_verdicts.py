"""Simulated cohorts held against the whole catalogue of hypotheses: how often a verdict is wrong.

Counts of every leaf of the population tree, and programme scores, are drawn per donor and visit; both become one change
per donor by the formulas of the project, and the project's engine judges them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from cd20scope.stats import pairs
from cd20scope.stats.changes import Change, Key
from cd20scope.stats.low_counts import too_few_expected
from cd20scope.stats.paired_tests import paired_t
from cd20scope.study import catalogue
from cd20scope.verdict.decide import decide_all
from cd20scope.verdict.endpoints.catalogue import endpoint_of

POPULATIONS = {
    **{
        "B naive": 0.06,
        "B memory": 0.04,
        "Plasma": 0.003,
        "CD4 naive": 0.17,
        "CD4 memory": 0.16,
        "Treg": 0.025,
    },
    **{
        "CD8 naive": 0.07,
        "CD8 memory": 0.11,
        "MAIT": 0.02,
        "gdT": 0.02,
        "NK": 0.12,
        "Monocyte": 0.18,
        "DC": 0.012,
    },
    **{"pDC": 0.004, "HSPC": 0.001, "unassigned": 0.02},
}
"""Mean share of the mononuclear cells; a population's cells are spread evenly over its subsets and the rest."""

VISITS = ("baseline", "week2", "month6")
DONORS = (6, 8, 12, 20)
DONOR_SD, RESPONSE_SD = 0.4, 0.5
SCORE_SD, SHARED = 0.25, 0.3
"""SD of a score between visits of a donor, in SDs between donors, and correlation between programmes."""
DEPLETION = {"B naive": (0.0, np.log(0.03), np.log(0.05)), "B memory": (0.0, np.log(0.03), np.log(0.05))}
TREG = np.log(1.5)
T_CELLS = ("CD4", "CD8", "Treg")
VISIT_SD = {"Treg": 0.24, "CD4 naive": 0.15, "NK": 0.25, "Monocyte": 0.37, "B naive": 0.19, "B memory": 0.19}
OTHER_VISIT_SD = 0.25
"""SD of log odds between visits of 8 untreated people (Hao 2021, see :mod:`benchmark.visit_noise`), and what is assumed
of populations that were not measured, whose range is .15 to .37."""


class Simulator:
    """Draws the changes that the hypotheses of a catalogue need, cohort after cohort.

    Parameters
    ----------
    hypotheses, populations
        Of the catalogues.
    donors
        Pairs, all complete.
    depletion
        Whether B cells fall.
    reprogramming
        Effect on the T-cell programmes at month 6 in the direction that their plain confirmatory hypothesis
        claims, in baseline SDs, and on the number of Treg; 0 for none.
    treg
        That on the number of Treg, in log odds; no effect where ``reprogramming`` is 0.
    """

    def __init__(
        self,
        hypotheses: Sequence[Mapping[str, Any]],
        populations: Mapping[str, Any],
        *,
        donors: int,
        depletion: bool,
        reprogramming: float = 0.0,
        treg: float = TREG,
    ) -> None:
        self.donors = donors
        self.paired = pairs.Pairs(tuple(f"D{i:02d}" for i in range(donors)))
        self.leaves = catalogue.leaves(populations)
        sizes = self.leaves.groupby("population").size()
        share = self.leaves["population"].map(POPULATIONS).fillna(0.0) / self.leaves["population"].map(sizes)
        self.log_share = np.log(share.to_numpy() + 1e-12)
        # the leaves of a population move together between visits
        self.code, populated = pd.factorize(self.leaves["population"])
        self.visit_sd = np.array([VISIT_SD.get(name, OTHER_VISIT_SD) for name in populated])
        keys = list(
            dict.fromkeys(key for entry in hypotheses for key in endpoint_of(entry).needs(entry).values())
        )
        self.keys = [key for key in keys if key[0] == "abundance"]
        names = {name for key in self.keys for name in key[1:3]}
        self.cells = {
            name: catalogue.select(populations, name, self.leaves).to_numpy(dtype=bool) for name in names
        }
        self.shift = np.zeros((3, len(self.leaves)))
        for name, steps in DEPLETION.items() if depletion else ():
            self.shift[:, (self.leaves["population"] == name).to_numpy()] = np.array(steps)[:, None]
        if reprogramming:
            self.shift[2, (self.leaves["population"] == "Treg").to_numpy()] += treg
        # the three visits of a score share one draw, so the contrasts of a programme agree with each other
        self.score_keys = [key for key in keys if key[0] == "program"]
        self.scores = list(dict.fromkeys(key[:-1] for key in self.score_keys))
        self.effect = np.zeros((3, len(self.scores)))
        self._plant(hypotheses, depletion=depletion, reprogramming=reprogramming)

    def _plant(
        self, hypotheses: Sequence[Mapping[str, Any]], *, depletion: bool, reprogramming: float
    ) -> None:
        sign = {"up": 1, "down": -1}
        for entry in hypotheses:
            if entry["endpoint"] != "program" or entry["direction"] == "none":
                continue
            column = self.scores.index(endpoint_of(entry).needs(entry)["main"][:-1])
            blood = entry["population"] == "PBMC" and entry.get("component", "total") != "within"
            if blood and depletion:
                self.effect[1:, column] = -3.0
            elif entry["family"] == "confirmatory" and entry["id"] == entry["question"] and not blood:
                self.effect[2, column] = reprogramming * sign[entry["direction"]]

    def draw(self, rng: np.random.Generator) -> dict[Key, Change]:
        """Draw one cohort."""
        return self.share_changes(self.draw_counts(rng)) | self.score_changes(self.draw_scores(rng))

    def draw_counts(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Cells per donor, visit and leaf."""
        n = len(self.leaves)
        log_share = self.log_share + rng.normal(0, DONOR_SD, (self.donors, 1, n))
        visits = rng.normal(0, self.visit_sd, (self.donors, 3, len(self.visit_sd)))
        log_share = log_share + self.shift + visits[..., self.code]
        falls = (self.shift < -1).astype(float)
        log_share = log_share + falls * rng.normal(0, RESPONSE_SD, (self.donors, 1, 1))
        depth = np.maximum(500, 5000 * np.exp(rng.normal(0, 0.4, (self.donors, 3)))).astype(int)
        return rng.multinomial(depth, special.softmax(log_share, axis=-1))

    def draw_scores(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Scores per donor, visit and programme in a population."""
        shape = (self.donors, 3, len(self.scores))
        between = rng.normal(size=(self.donors, 1, shape[2]))
        own, together = rng.normal(size=shape), rng.normal(size=(*shape[:2], 1))
        noise = SCORE_SD * (np.sqrt(1 - SHARED) * own + np.sqrt(SHARED) * together)
        return between + noise + self.effect

    def share_changes(self, counts: NDArray[np.int64]) -> dict[Key, Change]:
        """Changes of log odds, as :func:`cd20scope.abundance.compare.measure_change` would measure them."""
        found = {}
        for key in self.keys:
            _, population, denominator, contrast = key
            x, n = (
                counts[..., self.cells[name]].sum(axis=-1).astype(float) for name in (population, denominator)
            )
            later, earlier = (VISITS.index(visit) for visit in contrast.split("-"))
            used = (n[:, later] >= 20) & (n[:, earlier] >= 20)
            names = tuple(d for d, ok in zip(self.paired.donors, used, strict=True) if ok)
            x1, n1, x0, n0 = (v[used, at] for at in (later, earlier) for v in (x, n))
            x, n = np.column_stack([x0, x1]), np.column_stack([n0, n1])
            few = not names or any(too_few_expected(part, n) for part in (x, n - x))
            found[key] = Change(
                pairs.Pairs(names, {} if names else {"all": "too few cells"}),
                np.log((x1 + 0.5) / (n1 - x1 + 0.5)) - np.log((x0 + 0.5) / (n0 - x0 + 0.5)),
                np.log((3 / n1) / ((x0 + 0.5) / n0)),
                np.log(((x1 + 0.5) / n1) / (3 / n0)),
                "too few cells" if few else "",
            )
        return found

    def score_changes(self, scores: NDArray[np.float64]) -> dict[Key, Change]:
        """Changes of scores in SDs between donors at baseline."""
        unit = scores[:, 0].std(axis=0, ddof=1)
        found = {}
        for key in self.score_keys:
            column = self.scores.index(key[:-1])
            later, earlier = (VISITS.index(visit) for visit in key[-1].split("-"))
            change = (scores[:, later, column] - scores[:, earlier, column]) / unit[column]
            found[key] = Change.unlimited(self.paired, change, n_sd=self.donors)
        return found


def verdicts(
    simulator: Simulator, hypotheses: Sequence[Mapping[str, Any]], *, cohorts: int, seed: int
) -> Iterator[dict[str, str]]:
    """Verdict of every hypothesis, cohort by cohort."""
    rng = np.random.default_rng([seed, simulator.donors])
    for _ in range(cohorts):
        decided = decide_all(hypotheses, simulator.draw(rng))
        yield {made.hypothesis["id"]: made.verdict.verdict for made in decided}


PLANS: Mapping[str, Mapping[str, Any]] = {
    "null": {"depletion": False},
    "depletion only": {"depletion": True},
    "treated": {"depletion": True, "reprogramming": 1.0},
    # the SD at baseline contains the noise of one visit
    "at the margin": {
        "depletion": True,
        "reprogramming": 0.5 * np.sqrt(1 + SCORE_SD**2),
        "treg": np.log(1.2),
    },
}
"""What is true: of B cells, and of every confirmatory question on T cells."""


def tabulate(
    hypotheses: Sequence[Mapping[str, Any]],
    populations: Mapping[str, Any],
    *,
    cohorts: int,
    seed: int = 3,
    donors: Sequence[int] = DONORS,
) -> pd.DataFrame:
    """False and true verdicts by plan and number of donors."""
    return pd.DataFrame(
        [
            {"plan": plan, "donors": n}
            | _count(
                hypotheses,
                pd.DataFrame(
                    verdicts(
                        Simulator(hypotheses, populations, donors=n, **settings),
                        hypotheses,
                        cohorts=cohorts,
                        seed=seed,
                    )
                ),
            )
            for plan, settings in PLANS.items()
            for n in donors
        ]
    )


def tabulate_rows(
    hypotheses: Sequence[Mapping[str, Any]],
    populations: Mapping[str, Any],
    *,
    cohorts: int,
    seed: int = 5,
    donors: Sequence[int] = DONORS,
) -> pd.DataFrame:
    """How often each confirmatory estimate differs from zero at .05 by its paired t test where nothing changes.

    The rest is the coverage of zero, the true change, by its 95 % interval.
    """
    keys = {
        entry["question"]: endpoint_of(entry).needs(entry)["main"]
        for entry in hypotheses
        if entry["family"] == "confirmatory" and "main" in endpoint_of(entry).needs(entry)
    }
    rows = []
    for n in donors:
        simulator = Simulator(hypotheses, populations, donors=n, depletion=False)
        rng = np.random.default_rng([seed, n])
        called = np.zeros(len(keys))
        for _ in range(cohorts):
            drawn = simulator.draw(rng)
            called += [paired_t(drawn[key].values).p_value < 0.05 for key in keys.values()]
        rows += [
            {"question": name, "donors": n, "called": rate}
            for name, rate in zip(keys, called / cohorts, strict=True)
        ]
    return pd.DataFrame(rows)


def _count(hypotheses: Sequence[Mapping[str, Any]], said: pd.DataFrame) -> dict[str, float]:
    """Share of cohorts with any verdict of a kind; which of them are wrong is a matter of the plan."""
    claims = [entry for entry in hypotheses if entry["direction"] != "none"]
    about_t = {entry["id"] for entry in claims if entry["population"].startswith(T_CELLS)}
    confirmatory = {entry["id"] for entry in hypotheses if entry["family"] == "confirmatory"}
    changes = [entry["id"] for entry in claims if entry["id"] in confirmatory]
    t_changes = [name for name in changes if name in about_t]
    # at the margin a question's first claim is true, and any claim of no change is false
    first = [entry["id"] for entry in claims if entry["id"] == entry["question"] and entry["id"] in t_changes]
    same = [e["id"] for e in hypotheses if e["direction"] == "none" and e["id"] in confirmatory]
    called = said.isin(["supported", "contradicted"])
    absent = (said[first] == "not supported").any(axis=1) | (said[same] == "supported").any(axis=1)
    supported = said == "supported"
    return {
        "any supported": supported[[entry["id"] for entry in claims]].any(axis=1).mean(),
        "any T supported": supported[sorted(about_t)].any(axis=1).mean(),
        "any confirmatory called": called[changes].any(axis=1).mean(),
        "any confirmatory T called": called[t_changes].any(axis=1).mean(),
        "any confirmatory absence": absent.mean(),
        **{
            name: supported[name].mean()
            for name in ("B-total-w2", "T-act-m6", "Treg-share-m6", "T-act-biphasic")
        },
    }
