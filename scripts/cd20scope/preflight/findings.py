"""What a check before the run has to say."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing to know: ``level`` is error or warning, ``about`` a sample, donor, contrast or gene list."""

    level: str
    about: str
    text: str
