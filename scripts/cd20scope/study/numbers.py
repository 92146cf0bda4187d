"""How numbers are written for readers."""

import numpy as np
import pandas as pd

NOTHING = "–"
"""Printed where a value is missing."""


def number(value: float | None, *, digits: int = 2) -> str:
    """Write a number with ``digits`` decimals and a true minus sign, never as minus zero."""
    if value is None or pd.isna(value):
        return NOTHING
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{float(value):,.{digits}f}"
    return text.lstrip("-") if not float(text.replace(",", "")) else text.replace("-", "−")


def count(value: float | None) -> str:
    """Write a whole number with commas at the thousands."""
    return number(value, digits=0)


def percent(share: float | None) -> str:
    """Write a share (0 to 1) in percent with two significant digits, 0 as 0."""
    if share is None or pd.isna(share):
        return NOTHING
    value = 100 * float(share)
    digits = 0 if value == 0 else int(np.clip(1 - np.floor(np.log10(abs(value))), 0, 4))
    return f"{number(value, digits=digits)} %"


def share_interval(low: float, high: float) -> str:
    """Write an interval of shares (0 to 1) in percent."""
    return (
        NOTHING if pd.isna(low) or pd.isna(high) else f"{percent(low).removesuffix(' %')} to {percent(high)}"
    )


def sd(value: float) -> str:
    """Write a change in SD with one decimal, with two where that would be 0.0."""
    return number(value, digits=1 if abs(value) >= 0.095 or pd.isna(value) else 2)


def level(coverage: float) -> str:
    """Write the coverage of an interval (0 to 1): one decimal, two where it is nearly 1."""
    return f"{round(100 * coverage, 1 if coverage < 0.995 else 2):g} %"
