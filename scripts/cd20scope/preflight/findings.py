"""What a check before the run has to say."""

from collections.abc import Iterable
from dataclasses import dataclass

LISTED = 12
"""Names that a finding lists at most."""


@dataclass(frozen=True)
class Finding:
    """One thing to know: ``level`` is error or warning, ``about`` a sample, donor, contrast or gene list."""

    level: str
    about: str
    text: str


def list_names(names: Iterable[object]) -> str:
    """Write different names one after the other; of many the first :data:`LISTED`, and how many more there are."""
    shown = list(dict.fromkeys(map(str, names)))
    more = f" and {len(shown) - LISTED} more" if len(shown) > LISTED else ""
    return f"{', '.join(shown[:LISTED])}{more}"
