"""Levels of columns of names: usual words brought to one form, and levels that look misspelt.

Imported while Snakemake parses the workflow.
"""

import re
from collections import Counter
from collections.abc import Iterable

from cd20scope.study.nearest import nearest

TISSUES = {
    **dict.fromkeys(("blood", "peripheral blood", "pb", "pbmc", "pbmcs"), "blood"),
    **dict.fromkeys(("csf", "cerebrospinal fluid", "spinal fluid", "liquor"), "CSF"),
    **dict.fromkeys(("lymph node", "lymph nodes", "ln"), "lymph node"),
    **dict.fromkeys(("bone marrow", "marrow", "bm", "bmmc", "bmmcs"), "bone marrow"),
}
"""Usual words for tissues. Whole blood is not among them: it holds granulocytes, which mononuclear cells do not."""

SEXES = {"f": "F", "female": "F", "w": "F", "woman": "F", "m": "M", "male": "M", "man": "M"}
"""Usual words for the sex of a donor."""

ALIKE = 0.8
"""Least similarity of a misspelt level and the one that was meant; one letter in five."""
SELDOM = 0.1
"""Part of the rows up to which a level may be a slip of the pen: of ten donors, one."""


def plain(word: str) -> str:
    """Lower case, with single blanks in place of hyphens and underscores."""
    return " ".join(re.sub(r"[-_\s]+", " ", word.casefold()).split())


def name_tissue(word: str) -> str:
    """Bring a tissue to its usual name; another one stays as it is."""
    return TISSUES.get(plain(word), word)


def misspelt(cells: Iterable[str], known: Iterable[str] = ()) -> dict[str, str]:
    """Find levels that occur seldom and are spelt nearly like one that is known or more common.

    Parameters
    ----------
    cells
        One value per row; empty ones are passed over.
    known
        Levels in their usual spelling, which are never misspelt.

    Returns
    -------
    Misspelt level -> the one that was probably meant. Levels that differ in digits (``v2``, ``v3``) are two.
    """
    counts = Counter(cell for cell in cells if cell)
    total, usual = counts.total(), {plain(word): word for word in known}
    found = {}
    for level, n in counts.items():
        if plain(level) in usual or n > max(1, SELDOM * total):
            continue
        others = [other for other in counts if other != level and counts[other] > n] + list(usual.values())
        meant = nearest(level, (other for other in others if _digits(other) == _digits(level)), cutoff=ALIKE)
        if meant and plain(meant) != plain(level):
            found[level] = meant
    return found


def _digits(word: str) -> list[str]:
    return re.findall(r"\w*\d\w*", word)
