"""Time of day, which can be set where results must not depend on it."""

import datetime
import os


def now() -> str:
    """Time in UTC as ISO 8601, to the second; that of the variable ``SOURCE_DATE_EPOCH`` where it is set.

    References
    ----------
    Reproducible builds, SOURCE_DATE_EPOCH. https://reproducible-builds.org/specs/source-date-epoch/
    """
    epoch, utc = os.environ.get("SOURCE_DATE_EPOCH"), datetime.UTC
    time = datetime.datetime.fromtimestamp(int(epoch), utc) if epoch else datetime.datetime.now(utc)
    return time.isoformat(timespec="seconds")
