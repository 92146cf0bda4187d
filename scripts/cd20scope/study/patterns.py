"""Regular expressions that users give: refused where matching one name could take for ever."""

import re
import warnings
from collections.abc import Iterable
from re import _constants as kinds  # type: ignore[attr-defined] # the standard library's own parser, without types
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

LONGEST = 500
"""Characters of a pattern."""
MOST_REPEATS = 5
"""Repeats without bound: the ways to part a name of 100 letters among five are seen through within a second."""


FEW = 8
"""Times up to which a repeat is none that matters."""
REPEATS = (kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT)


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that is none, or that may take exponential time.

    A repeat without bound around another one, or around alternatives, has exponentially many ways to fit the same text:
    ``(a+)+`` against forty letters takes hours. Without these, time is a power of the length of a name.

    Raises
    ------
    ValueError
        The message says what to write instead.
    """
    if len(pattern) > LONGEST:
        raise ValueError(f"has {len(pattern):,} characters, and {LONGEST} are the most")
    try:
        with warnings.catch_warnings(action="ignore"):  # of sets that a later Python may read otherwise
            re.compile(pattern)
            parsed = parser.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is no regular expression ({error})") from None
    if _count(parsed) > MOST_REPEATS:
        raise ValueError(f"has more than {MOST_REPEATS} repeats without bound (* or +). Write it with fewer")
    if _repeats(parsed, within=False):
        raise ValueError(
            "repeats what holds a repeat or alternatives, as (a+)+ does, which may take for ever. Write it without "
            "a repeat of a repeat"
        )


def _repeats(parts: Iterable[Any], *, within: bool) -> bool:
    """Whether a repeat of more than a few times holds another one, or alternatives."""
    for kind, value in parts:
        is_repeat = kind in REPEATS and value[1] > FEW
        if within and (is_repeat or kind in (kinds.BRANCH, kinds.GROUPREF)):
            return True
        if any(_repeats(inner, within=within or is_repeat) for inner in _inner(value)):
            return True
    return False


def _count(parts: Iterable[Any]) -> int:
    """How many repeats without bound there are."""
    return sum(
        (kind in REPEATS and value[1] > FEW) + sum(map(_count, _inner(value))) for kind, value in parts
    )


def _inner(value: object) -> list[Any]:
    """Patterns within a part of a pattern, however deep the tuple that holds them."""
    if isinstance(value, parser.SubPattern):
        return [value]
    if isinstance(value, (tuple, list)):
        return [inner for each in value for inner in _inner(each)]
    return []
