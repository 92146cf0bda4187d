"""Times that names of visits state, in days. Imported while Snakemake parses the workflow."""

import re
from collections.abc import Mapping, Sequence

DAYS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "year": 365.25}
UNITS = {
    **dict.fromkeys(("d", "day", "days"), "day"),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), "week"),
    **dict.fromkeys(("m", "mo", "mos", "mon", "mth", "month", "months"), "month"),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), "year"),
}
_UNIT = "|".join(sorted(UNITS, key=len, reverse=True))
_TIME = re.compile(
    rf"t?(?:(?P<unit>{_UNIT})[-_. ]?(?P<number>\d{{1,4}}(?:\.\d+)?)"
    rf"|(?P<first>\d{{1,4}}(?:\.\d+)?)[-_. ]?(?P<last>{_UNIT}))",
    flags=re.IGNORECASE,
)


def stated_days(visits: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Find the days that visits of a study state by their names, or else by their other names.

    Parameters
    ----------
    visits
        In order of time, each with its other names. The first is the baseline, day 0.

    Returns
    -------
    Visit -> days; without those whose names state no time.
    """
    found = dict.fromkeys(list(visits)[:1], 0.0)
    for visit in list(visits)[1:]:
        for name in (visit, *visits[visit]):
            if match := _TIME.fullmatch(name.strip()):
                unit = UNITS[(match["unit"] or match["last"]).lower()]
                found[visit] = float(match["number"] or match["first"]) * DAYS[unit]
                break
    return found
