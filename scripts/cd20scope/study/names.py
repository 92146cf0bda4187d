"""Names of a sheet that look sound and are not: words for missing, invisible characters, two alike to the eye."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

MISSING = frozenset("na n/a nan null none nil missing #n/a <na> -nan 1.#ind 1.#qnan #na".split())
"""Words that tables have in place of a value, in lower case; readers take them for nothing."""
LONGEST = {"sample": 100, "donor": 200}
"""Characters of a name: samples become names of files, which have 255 bytes with their endings."""
ENDINGS = ("arm_cells", "arm_sums", "cells", "contamination", "rulers", "soup", "sums")
"""What results of a sample have after its name: another sample may not be called so."""
INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of characters that no eye sees."""


def why_not(kind: str, name: str) -> str:
    """Say why a name cannot be that of a sample or donor, and what to do; empty when it can be.

    Parameters
    ----------
    kind
        ``sample`` or ``donor``.
    name
        As the sheet has it.
    """
    if name.lower() in MISSING:
        return f"{name!r} is a word for a missing value, which tables lose. Write a name."
    if len(name) > LONGEST[kind]:
        return f"a name of {len(name):,} characters; {LONGEST[kind]} are the most. Shorten it."
    if kind == "donor" and name.startswith(("=", "+", "-", "@")):
        return (
            f"{name!r} begins with {name[0]!r}, which a spreadsheet takes for a formula. Write another name."
        )
    return invisible(name)


def invisible(text: str) -> str:
    """Say which character of a text cannot be seen, and what to do; empty when all can be."""
    for character in text:
        if unicodedata.category(character) in INVISIBLE:
            name = unicodedata.name(character, "a control character")
            return f"{text!r} holds U+{ord(character):04X} ({name}), which cannot be seen. Take it out."
    return ""


def look_alike(names: Iterable[str]) -> list[tuple[str, str]]:
    """Find pairs of different names that an eye takes for one: by case, form of accents, width or blanks."""
    seen: dict[str, str] = {}
    pairs = []
    for name in dict.fromkeys(names):
        plain = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
        if plain in seen:
            pairs.append((seen[plain], name))
        else:
            seen[plain] = name
    return pairs


def code_points(name: str, other: str) -> str:
    """Write the code points in which two names differ, where that is more than case."""
    if name.casefold() == other.casefold():
        return ""
    shown = [" ".join(f"U+{ord(c):04X}" for c in text) for text in (name, other)]
    return f" ({shown[0]} and {shown[1]})"


def shadows(samples: Iterable[str]) -> Mapping[str, str]:
    """Find samples whose results would have the names of another sample's: ``s1.cells`` beside ``s1``."""
    known = set(samples)
    ends = {f".{ending}" for ending in ENDINGS}
    return {
        sample: sample.removesuffix(end)
        for sample in known
        for end in ends
        if sample.removesuffix(end) in known - {sample}
    }


def shown(address: str) -> str:
    """Write an address without user, password and query, for messages, logs and results; a path as it is.

    ``https://me:secret@host/a.h5?token=1`` is ``https://host/a.h5``.
    """
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", address):
        return address
    try:
        parts = urlsplit(address)
    except ValueError:
        return re.sub(r"//[^/]*@", "//", address).split("?")[0]
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
