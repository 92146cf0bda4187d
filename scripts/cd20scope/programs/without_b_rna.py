"""Programme scores without the RNA that B cells spilled into other cells."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cd20scope.programs.arms import ARM_COLUMNS
from cd20scope.programs.b_rna import BProfile, NoProfileError, profile_b_cells, spilled_lognorm
from cd20scope.programs.compare import SHARED_ERROR
from cd20scope.programs.scores import (
    PART_COLUMNS,
    SCORE_COLUMNS,
    Weights,
    apply_weights,
    compute_weights,
    measure_members,
)
from cd20scope.pseudobulk.cohort import LeafSums
from cd20scope.schema import CONTROL, NO_B_RNA_ARM, UNASSIGNED
from cd20scope.study import roles


@dataclass(frozen=True)
class WithoutBRna(LeafSums):
    """Sums whose log-normalised values lack what B cells spilled, population by population.

    Attributes
    ----------
    profile
        Of the study's own B cells.
    spared
        Populations that are left as they are: those of the B lineage, and cells without a label.
    read
        Shape (genes,), genes that scores read; the others are left as they are.
    """

    profile: BProfile
    spared: frozenset[str]
    read: NDArray[np.bool_]

    @classmethod
    def clear(
        cls, sums: LeafSums, profile: BProfile, *, populations: Mapping[str, Any], read: NDArray[np.bool_]
    ) -> Self:
        """Take the spilled RNA out of sums; nothing is copied."""
        own = {field.name: getattr(sums, field.name) for field in fields(LeafSums)}
        spared = frozenset({*roles.populations_of(populations, roles.B), UNASSIGNED})
        return cls(**own, profile=profile, spared=spared, read=read)

    def add_up(self, selected: NDArray[np.bool_], *, value: str) -> NDArray[np.float64]:
        """Sum over the selected leaves, shape (units, genes)."""
        total = super().add_up(selected, value=value)
        if value != "lognorm":
            return total
        names = self.leaves["population"].to_numpy()
        for name in dict.fromkeys(names[selected]):
            if name not in self.spared:
                inside = selected & (names == name)
                counts = super().add_up(inside, value="counts")
                total -= spilled_lognorm(counts, self.n_cells(inside), self.profile, read=self.read)
        return total


def profile_of(sums: LeafSums, *, populations: Mapping[str, Any], baseline: str) -> BProfile:
    """Profile the study's own B cells at baseline.

    Raises
    ------
    cd20scope.programs.b_rna.NoProfileError
        If there are too few of them, or of their genes.
    """
    depleted = sums.leaves["population"].isin(roles.depleted(populations)).to_numpy()
    first = (sums.units["visit"] == baseline).to_numpy()
    return profile_b_cells(sums.add_up(depleted, value="counts")[first], sums.genes.tolist())


def score_without_b_rna(
    sums: LeafSums,
    profile: BProfile,
    *,
    populations: Mapping[str, Any],
    programs: Mapping[str, Any],
    tests: Iterable[tuple[str, str]],
    seed: int,
    split: Collection[str] = (),
    not_controls: Collection[str] = (),
    min_cells: int = 10,
    n_controls: int = 50,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score the programmes of cells other than B cells again, by the same genes and controls.

    Parameters
    ----------
    sums
        Sums under the labels proper.
    profile
        From :func:`profile_of`.
    populations, programs, tests, seed, split, not_controls, min_cells, n_controls
        As for :func:`cd20scope.programs.scores.score_programs`.

    Returns
    -------
    As :func:`cd20scope.programs.scores.score_programs`, each with the column
    :data:`cd20scope.programs.compare.SHARED_ERROR`; without tests within the B lineage.
    """
    own = set(roles.populations_of(populations, roles.B))
    names = sums.leaves["population"].to_numpy()
    asked = [test for test in tests if not set(names[sums.select(populations, test[0])]) <= own]
    weights = compute_weights(
        sums,
        populations=populations,
        programs=programs,
        tests=asked,
        seed=seed,
        split=split,
        not_controls=not_controls,
        n_controls=n_controls,
    )
    (scores, parts), (other_scores, other_parts) = (
        _score_cleared(sums, used, weights, populations=populations, split=split, min_cells=min_cells)
        for used in (profile, profile.shifted())
    )
    return (
        scores.assign(**{SHARED_ERROR: other_scores["score"] - scores["score"]})[
            [*SCORE_COLUMNS, CONTROL, SHARED_ERROR]
        ],
        parts.assign(**{SHARED_ERROR: other_parts["mean"] - parts["mean"]})[
            [*PART_COLUMNS, CONTROL, SHARED_ERROR]
        ],
    )


def _score_cleared(
    sums: LeafSums,
    profile: BProfile,
    weights: Mapping[tuple[str, str], Weights],
    *,
    populations: Mapping[str, Any],
    split: Collection[str],
    min_cells: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score population by population: of each only the genes that its programmes read are cleared."""
    # of the right columns, should there be no test
    scores = [apply_weights(sums, {}, populations=populations, min_cells=min_cells)]
    parts = [measure_members(sums, {}, populations=populations, split=())]
    for population in dict.fromkeys(where for where, _ in weights):
        own = {key: w for key, w in weights.items() if key[0] == population}
        read = np.any([(w.total != 0) | (w.plain != 0) for w in own.values()], axis=0)
        cleared = WithoutBRna.clear(sums, profile, populations=populations, read=read)
        scores.append(apply_weights(cleared, own, populations=populations, min_cells=min_cells))
        if population in split:
            parts.append(measure_members(cleared, own, populations=populations, split=[population]))
    return (
        pd.concat(scores[1:] or scores, ignore_index=True),
        pd.concat(parts[1:] or parts, ignore_index=True),
    )


def score_arm(
    sums: LeafSums, options: Mapping[str, Any], *, baseline: str
) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Make the arm :data:`cd20scope.schema.NO_B_RNA_ARM` of scores and their split.

    Parameters
    ----------
    sums
        Sums under the labels proper.
    options
        All else that :func:`score_without_b_rna` is called with, by name.
    baseline
        First visit of the study, whose B cells are profiled.

    Returns
    -------
    Scores and parts, with the column ``arm``; without rows where the B cells have no profile, and the reason.
    """
    shared = [SHARED_ERROR]
    scores = pd.DataFrame(columns=[*ARM_COLUMNS, CONTROL, *shared])
    parts = pd.DataFrame(columns=["arm", *PART_COLUMNS, CONTROL, *shared])
    try:
        profile = profile_of(sums, populations=options["populations"], baseline=baseline)
    except NoProfileError as error:
        return scores, parts, str(error)
    found = score_without_b_rna(sums, profile, **options)
    made = [table.assign(arm=NO_B_RNA_ARM) for table in found]
    return made[0][list(scores)], made[1][list(parts)], ""
