"""The known name that is spelt most like a word, for messages about unknown names."""

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Find the known name that is spelt most like a word, whatever the case; None if none is alike.

    Parameters
    ----------
    word
        What was found.
    known
        Names that may be meant.
    cutoff
        Least similarity, 0 to 1 (:func:`difflib.get_close_matches`).
    """
    names = {name.casefold(): name for name in reversed(list(known))}
    close = difflib.get_close_matches(word.casefold(), names, n=1, cutoff=cutoff)
    return names[close[0]] if close else None
