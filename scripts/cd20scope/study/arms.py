"""Treated and control arms: which donor is in which, by a column of the sheet.

Imported while Snakemake parses the workflow.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from cd20scope.schema import CONTROL
from cd20scope.study.levels import plain
from cd20scope.study.nearest import nearest
from cd20scope.study.strict_yaml import ConfigError

ANTI_CD20 = frozenset(
    "ocrelizumab ocrevus rituximab rituxan mabthera ofatumumab kesimpta arzerra ublituximab briumvi "
    "obinutuzumab gazyva gazyvaro veltuzumab tositumomab".split()
)
TREATED = ANTI_CD20 | {"treated", "treatment", "active", "verum", "drug", "anti cd20", "anticd20"}
"""Usual words for the treated arm."""
UNTREATED = frozenset(
    (
        *("placebo", "sham", "vehicle", "untreated", "no treatment", "none", "no drug"),
        *("control", "controls", "ctrl", "healthy", "healthy control", "healthy controls", "hc", "hd"),
    )
)
"""Usual words for an arm without treatment."""
HEALTHY = frozenset(
    (
        *("healthy", "hc", "hd", "healthy control", "healthy controls", "healthy donor", "healthy donors"),
        *("healthy volunteer", "healthy volunteers"),
    )
)
"""Usual words for donors without the disease, who are no arm of a trial."""


class Controls(NamedTuple):
    """Levels of the control arm: those pooled in the comparison with the treated, and those also compared alone."""

    pooled: list[str]
    own: list[str]


@dataclass(frozen=True, slots=True)
class Arms:
    """Donors of the arms.

    Attributes
    ----------
    column
        Column that tells them; empty where the study has one arm.
    treated
        Level of the treated arm; empty where all donors are treated and no word says so.
    control
        Donor -> level of the control arm.
    unknown
        Donors without a level, in the order of the sheet.
    """

    column: str = ""
    treated: str = ""
    control: Mapping[str, str] = field(default_factory=dict)
    unknown: Sequence[str] = ()


def read_arms(sheet: pd.DataFrame, *, column: str, treated: str, controls: Sequence[str]) -> Arms:
    """Tell the arm of each donor.

    Parameters
    ----------
    sheet
        ``donor`` and the column of the arm, the same in all rows of a donor or empty in some. Without that column,
        donors whose ``drug`` is a word for no treatment at every visit are controls.
    column, treated, controls
        As ``arm`` of the configuration has them.

    Raises
    ------
    ConfigError
        When a column or level that the configuration names is not in the sheet, or no word tells which is treated.
    """
    if column not in sheet.columns:
        if treated or controls or column not in ("arm", "drug"):
            raise ConfigError(
                "configuration", [f"arm > column: the sheet has no column {column!r}. Correct it."]
            )
        return _by_drug(sheet)
    first = {str(d): _first(own) for d, own in sheet.groupby("donor", sort=False)[column]}
    levels: dict[str, str] = {}
    for cell in first.values():
        levels.setdefault(plain(cell), cell)
    levels.pop("", None)
    if not levels and (treated or controls):
        raise ConfigError(
            "configuration",
            [f"arm: levels are named, and the column {column} is empty. Fill it in, or remove them."],
        )
    if not levels:
        return _by_drug(sheet)
    active = _treated_level(levels, treated, controls, column)
    control = {donor: levels[plain(cell)] for donor, cell in first.items() if cell and plain(cell) != active}
    return Arms(column, levels[active], control, [donor for donor, cell in first.items() if not cell])


def plan_controls(samples: pd.DataFrame, contrasts: Sequence[Sequence[str]], *, least: int) -> Controls:
    """Choose which control levels are compared with the treated.

    Parameters
    ----------
    samples
        Samples that are analysed: ``donor``, ``visit`` and ``control``.
    contrasts
        Pairs (later, earlier) of visits.
    least
        Fewest donors with both visits of a contrast for a comparison of a level alone.

    Returns
    -------
    Pooled are all levels of patients, where one of them has a donor with both visits of a contrast, else all levels:
    healthy donors differ from patients in more than the treatment. Alone are compared, where several levels have donors
    enough, those that are not the pool already.
    """
    control = samples[samples[CONTROL] != ""]
    n_pairs = {}
    for level, own in control.groupby(CONTROL, sort=False):
        visits = own.groupby("donor")["visit"].agg(set)
        n_pairs[str(level)] = max(
            (sum(set(pair) <= seen for seen in visits) for pair in contrasts), default=0
        )
    patients = [level for level in n_pairs if plain(level) not in HEALTHY]
    pooled = patients if any(n_pairs[level] for level in patients) else list(n_pairs)
    enough = [level for level, n in n_pairs.items() if n >= least]
    return Controls(pooled, [level for level in enough if [level] != pooled] if len(enough) > 1 else [])


def _first(cells: Iterable[object]) -> str:
    return next((str(cell) for cell in cells if cell and str(cell).casefold() != "unknown"), "")


def _by_drug(sheet: pd.DataFrame) -> Arms:
    if "drug" not in sheet.columns:
        return Arms()
    drugs = {
        str(donor): [str(cell) for cell in own if _first([cell])]
        for donor, own in sheet.groupby("donor", sort=False)["drug"]
    }
    visits = sheet.groupby("donor", sort=False).size()
    untreated = [d for d, own in drugs.items() if own and all(plain(cell) in UNTREATED for cell in own)]
    # none at baseline and nothing stated later is what a sheet says of a treated donor, too
    control = {donor: drugs[donor][0] for donor in untreated if len(drugs[donor]) == visits[donor]}
    unknown = [donor for donor in untreated if donor not in control]
    if not untreated:
        return Arms()
    # a drug is known to be none, or none is known of: only the first says that a donor is a control
    given = dict.fromkeys(cell for own in drugs.values() for cell in own if plain(cell) not in UNTREATED)
    if len(control) == len(drugs):
        raise ConfigError(
            "configuration",
            [
                f"arm: by the column drug every donor is untreated ({', '.join(sorted(set(control.values())))}), so no "
                "change can be that of a treatment. Correct the column, or write each donor's arm into a column arm."
            ],
        )
    return Arms("drug", ", ".join(given), control, unknown)


def _treated_level(levels: Mapping[str, str], treated: str, controls: Sequence[str], column: str) -> str:
    """Find the treated level, as :func:`plain` writes it."""
    shown = ", ".join(levels.values())
    for key, level in (("treated", treated), *(("controls", level) for level in controls)):
        if level and plain(level) not in levels:
            close = nearest(level, levels.values())
            hint = f" Did you mean {close!r}?" if close else ""
            raise ConfigError(
                "configuration",
                [
                    f"arm > {key}: no donor has {level!r} in the column {column}; found {shown}.{hint} Correct it."
                ],
            )
    if treated:
        if controls and (
            rest := [levels[k] for k in levels if k not in {plain(treated), *map(plain, controls)}]
        ):
            raise ConfigError(
                "configuration",
                [
                    f"arm: the column {column} has the level {', '.join(rest)}, which is neither treated nor among the "
                    "controls. Add it to controls, or leave its donors out (donors > exclude)."
                ],
            )
        return plain(treated)
    left = [level for level in levels if level not in set(map(plain, controls))]
    known = [level for level in left if level in TREATED]
    other = [level for level in left if level not in UNTREATED]
    # one level alone is the treated arm, whatever its name, unless it is a word for none
    for found in (known, other):
        if len(found) == 1:
            return found[0]
    raise ConfigError(
        "configuration",
        [
            f"arm > treated: the column {column} has the levels {shown}, and no usual word tells which one is treated. "
            f"Name it, as in arm: {{treated: {(known or other or list(levels))[0]}}}."
        ],
    )
