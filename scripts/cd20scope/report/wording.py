"""How the report writes a number, a p-value, a unit and a DOI; the one place for it."""

import re
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from cd20scope.study.numbers import NOTHING as NOTHING
from cd20scope.study.numbers import count as count
from cd20scope.study.numbers import number as number
from cd20scope.study.numbers import percent as percent
from cd20scope.study.numbers import share_interval as share_interval

type Row = Mapping[Hashable, Any]
"""One row of a table, as ``DataFrame.to_dict("records")`` gives it."""

DOI = re.compile(r"\b10\.\d{4,9}/[-._()/:;A-Za-z0-9]*[A-Za-z0-9)]")
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def plural(n: int, one: str) -> str:
    """Write a number of things: ``1 donor``, ``2 donors``."""
    return f"{count(n)} {one}{'' if n == 1 else 's'}"


def donors(n: int) -> str:
    """Write a number of donors."""
    return plural(n, "donor")


def short(value: object) -> str:
    """Write a cell that holds a number, then with three digits, or a name."""
    try:
        found = float(str(value))
    except ValueError:
        return str(value)
    return count(found) if abs(found) >= 1000 else f"{found:.3g}"


def interval(low: float, high: float) -> str:
    """Write an interval as ``low to high``; with one limit missing, the size is only bounded by the other."""
    if pd.isna(low) and pd.isna(high):
        return NOTHING
    if pd.isna(low):
        return f"upper limit {number(high)}"
    return f"lower limit {number(low)}" if pd.isna(high) else f"{number(low)} to {number(high)}"


def size(n_bytes: float) -> str:
    """Write a number of bytes in kB or MB."""
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 1e6 else f"{max(n_bytes / 1e3, 0.1):.1f} kB"


def text_of(value: str | float | None) -> str:
    """Text of a cell of a table; nothing where it is missing."""
    return "" if pd.isna(value) else str(value)


def unbroken(text: str) -> str:
    """Keep a number on the line of its percent sign."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def sentence(text: str) -> str:
    """Start a text with a capital letter and end it with a full stop."""
    return text and text[0].upper() + text[1:].removesuffix(".") + "."


def p_value(p: float | None) -> str:
    """Write a p-value with two significant digits; one too small for the machine is below 10⁻³⁰⁰, never 0."""
    if p is None or pd.isna(p):
        return NOTHING
    if p < 1e-300:
        return "< 10⁻³⁰⁰"
    if p < 0.000995:
        mantissa, exponent = f"{p:.1e}".split("e")
        return f"{mantissa} × 10{str(int(exponent)).translate(SUPERSCRIPT)}"
    return f"{p:.2f}" if p >= 0.0995 else f"{p:.2g}"


def names(text: str | float | None, *, nothing: str = NOTHING) -> str:
    """Write a comma-joined list with a space after each comma."""
    parts = [] if pd.isna(text) else [part.strip() for part in str(text).split(",") if part.strip()]
    return ", ".join(parts) or nothing


def link_dois(text: str | float | None) -> Markup:
    """Escape a text and turn each DOI in it into a link, the only links that leave the page."""
    if pd.isna(text):
        return Markup("")
    parts, end = [], 0
    for found in DOI.finditer(str(text)):
        doi = found.group()
        while doi.endswith(")") and doi.count(")") > doi.count("("):  # the bracket around the reference
            doi = doi[:-1]
        parts += [
            escape(str(text)[end : found.start()]),
            Markup('<a href="https://doi.org/{0}">{0}</a>').format(doi),
        ]
        end = found.start() + len(doi)
    return Markup("").join([*parts, escape(str(text)[end:])])


def true_minus(text: str | float | None) -> str:
    """Write the hyphens before numbers of a text as minus signs; those inside names stay."""
    return "" if text is None or pd.isna(text) else re.sub(r"(?<![\w-])-(?=\d)", "−", str(text))
