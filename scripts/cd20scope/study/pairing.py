"""Which donors of a sheet have both visits of a contrast.

Imported while Snakemake parses the workflow.
"""

from collections.abc import Sequence

import pandas as pd


def donors_with_both(sheet: pd.DataFrame, contrast: Sequence[str]) -> list[str]:
    """Find the donors that have both visits of a contrast.

    Parameters
    ----------
    sheet
        ``donor`` and ``visit``, one row per sample.
    contrast
        The later and the earlier visit.

    Returns
    -------
    Names of donors, sorted.
    """
    visits = sheet.groupby("donor")["visit"].agg(set)
    return sorted(str(donor) for donor, own in visits.items() if set(contrast) <= own)
