"""Populations whose labels see a change of their share smaller than it is."""

import pandas as pd

from cd20scope.schema import ATTENUATED, NOT_TOLD


def attenuated(rulers: pd.DataFrame, visits: pd.DataFrame) -> dict[str, str]:
    """Say which populations the labels attenuate.

    Of the cells that show a population's own gene, the labels call a part. Where that is small, a change of the true
    share is found smaller than it is, and neither "no change" nor "not supported" can be told of it.

    Parameters
    ----------
    rulers
        ``results/annotate/rulers.tsv`` (:func:`cd20scope.annotate.likelihood.ruler.summarise`); the rows over all
        visits are read.
    visits
        ``results/annotate/ruler_visits.tsv``, of which ``called`` names the populations that a ruler is of.

    Returns
    -------
    Population or set -> reason. Those that are told are left out, and so are those without a ruler or with too few
    cells that show its gene, whose attenuation is not known.
    """
    called = {row.ruler: str(row.called).split(",") for row in visits.itertuples()}
    found: dict[str, str] = {}
    for row in rulers[rulers["visit"] == "all"].to_dict("records"):
        if row["told"] in (ATTENUATED, NOT_TOLD):
            why = (
                f"the labels find {100 * row['sensitivity']:.0f} % of the {row['gene']}-positive cells "
                f"({row['told']}), so that a change of the share is seen smaller than it is"
            )
            found |= dict.fromkeys((row["ruler"], *called.get(row["ruler"], ())), why)
    return found
