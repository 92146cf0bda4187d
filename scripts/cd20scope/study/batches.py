"""Whether a column of the sample sheet may be evened out without evening out the treatment."""

import pandas as pd


def integrable(samples: pd.DataFrame, column: str) -> bool:
    """Whether a column of the sheet may be evened out without evening out the treatment.

    It may when it has several values, all of them known, and none of them occurs at one visit only; a batch
    that holds one visit alone is the visit in disguise.

    Parameters
    ----------
    samples
        The sheet: ``visit`` and perhaps ``column``.
    column
        Name of the column, or ``none``.
    """
    if column not in samples.columns:
        return False
    batch = samples[column].astype(str).str.strip()
    visits = samples.groupby(batch)["visit"].nunique()
    return bool(batch.ne("").all() and len(visits) > 1 and (visits > 1).all())
