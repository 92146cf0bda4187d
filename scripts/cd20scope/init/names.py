"""Names of samples taken apart: which part is the visit, which is the donor."""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cd20scope.study.times import DAYS, UNITS

type Sureness = str
"""``sure``, ``likely`` or ``check``."""

_UNIT = "|".join(sorted(UNITS, key=len, reverse=True))
_NUMBER = r"\d{1,3}(?:\.\d+)?"
_OF_TREATMENT = (
    r"(?:[-_. ]?(?:treatment|treat|tx|rx|therapy|dose|infusion|depletion|ocr|ocrelizumab|rituximab|rtx|"
    r"ofatumumab|anti[-_. ]?cd20))?"
)
_WORDS = rf"""
    (?<![a-z]) (?:tp?)?(?P<unit>{_UNIT})[-_. ]?(?P<number>{_NUMBER}) (?![a-z0-9])
    | (?<![a-z0-9]) t?(?P<number_first>{_NUMBER})(?P<gap>[-_ ])?(?P<unit_last>{_UNIT})
      (?(gap)(?![-_. ]?\d)) (?![a-z0-9])
    | (?<![a-z]) (?P<baseline>tbase|baseline|base|bl|before|screening[-_ ]baseline|pre{_OF_TREATMENT}) (?![a-z0-9])
    | (?<![a-z]) (?P<untreated>untreated|ctrl|control) (?![a-z0-9])
    | (?<![a-z]) (?P<series>visit|v|time[-_. ]?point|time|tp|t)[-_. ]?(?P<rank>\d{{1,2}}) (?![a-z0-9])
    | (?<![a-z]) (?P<later>(?:post{_OF_TREATMENT}|after|follow[-_ ]?up|fu|treated|on[-_ ]?treatment|stim)\d*)
      (?![a-z0-9])
    """
WORDS = re.compile(_WORDS, flags=re.VERBOSE | re.IGNORECASE)
"""A visit as labs write it: a time, a word for the baseline, a number in a series, a word for some later time."""
WHOLE = re.compile(_WORDS.replace(_NUMBER, r"\d{1,3}"), flags=re.VERBOSE | re.IGNORECASE)
"""The same without decimals, for names whose parts are joined by points."""

LIBRARY = re.compile(
    r"[-_. ]((?:lib|library|lane|rep|replicate|chip|channel|l)[-_]?\d+)$", flags=re.IGNORECASE
)
SEQUENCER = re.compile(r"_S\d+_L\d{3}(_R\d)?(_001)?$")
ACCESSION = re.compile(r"^(GSM|SRR|SRX|SRS|ERR|ERX|ERS|SAMN|SAMEA)\d+[-_.]?", flags=re.IGNORECASE)
DATE = re.compile(r"(?<!\d)20\d{2}[-_.]?(0[1-9]|1[0-2])[-_.]?([0-2]\d|3[01])(?!\d)")
TISSUES = re.compile(r"(?<![a-z0-9])(pbmcs?|blood|csf)(?![a-z0-9])", flags=re.IGNORECASE)
GENERIC = re.compile(
    r"(?<![a-z0-9])(gex|sc?rna(seq)?|scrna[-_]?seq|10x|5p|3p|citeseq|counts?|matrix|cellranger|raw|filtered|dense|umis?|"
    r"dge|expression|starsolo|cellbender|soupx|decontx|rsec|dbec|molspercell|genefull)(?![a-z0-9])",
    flags=re.IGNORECASE,
)


@dataclass(frozen=True)
class Guess:
    """One thing that was guessed.

    Attributes
    ----------
    what, found
        The question and the answer.
    sure
        ``sure``, ``likely`` or ``check``: the last the user must look at.
    why
        What speaks for it, and what else could have been meant.
    """

    what: str
    found: str
    sure: Sureness
    why: str


@dataclass(frozen=True)
class Word:
    """A visit read off a name: its text and kind, its time in days where it states one, its place in a series."""

    text: str
    kind: str
    days: float | None = None
    own_name: str = ""
    rank: int = 0


@dataclass(frozen=True)
class Parts:
    """A sample's name taken apart; ``tissue`` and ``library`` are empty where it has none."""

    donor: str
    visit: str
    library: str = ""
    tissue: str = ""


def find_visits(name: str, *, words: re.Pattern[str] = WORDS) -> list[tuple[int, int, Word]]:
    """Find all that may be a visit in a name: start, end, and the word."""
    return [(*match.span(), _word(match)) for match in words.finditer(name)]


def _word(match: re.Match[str]) -> Word:
    part, text = match.groupdict(), match.group()
    number = part["number"] or part["number_first"]
    if number is not None:
        unit = UNITS[(part["unit"] or part["unit_last"]).lower()]
        days = float(number) * DAYS[unit]
        name = f"{unit}{int(float(number))}" if float(number).is_integer() else f"day{round(days)}"
        return Word(text, "timed", days, name)
    if part["baseline"]:
        return Word(text, "baseline", 0.0)
    if part["untreated"]:
        return Word(text, "untreated")
    if part["series"]:
        return Word(text, "series", rank=int(part["rank"]))
    return Word(text, "later")


def read_visit(text: str) -> Word | None:
    """Read a value that should be a visit, such as ``6 months post``; None where it is none.

    A time ranks above a word for the baseline, that above a number in a series.
    """
    order = ("timed", "baseline", "series", "untreated", "later")
    found = [word for _, _, word in find_visits(text.strip())]
    return min(found, key=lambda word: order.index(word.kind), default=None)


def take_apart(names: Iterable[str]) -> dict[str, Parts]:
    """Read donor and visit off the names of samples, in the same way in all of them.

    Where names hold several words that may be visits (``D1_D14``, or ``P1.0M``, which could be 1.0 months of P), the
    reading is taken that gives most samples a visit, a baseline among them, most donors two visits, and the fewest
    visits.

    Returns
    -------
    By name, those that could be read.
    """
    found = {name: _without_ballast(name) for name in names}
    best: dict[str, Parts] = {}
    best_score: tuple[float, ...] = ()
    for words, place in itertools.product((WORDS, WHOLE), (-1, 0, 1)):
        read = {}
        for name, (stem, tissue) in found.items():
            matches = find_visits(stem, words=words)
            if -len(matches) <= place < len(matches):
                start, end, word = matches[place]
                donor, library = _donor(stem[:start], stem[end:])
                if donor:
                    read[name] = Parts(donor, word.text, library, tissue)
        if read and _score(read) > best_score:
            best, best_score = read, _score(read)
    return best


def _score(read: Mapping[str, Parts]) -> tuple[float, ...]:
    by_donor: dict[str, set[str]] = {}
    for parts in read.values():
        by_donor.setdefault(parts.donor.casefold(), set()).add(parts.visit.casefold())
    visits = set().union(*by_donor.values())
    words = [word for word in map(read_visit, visits) if word]
    starts = any(word.kind == "baseline" or word.days == 0 for word in words)
    pairs = sum(len(own) > 1 for own in by_donor.values()) / len(by_donor)
    return (len(read), starts, pairs, -len(visits))


def _without_ballast(name: str) -> tuple[str, str]:
    """Leave out accessions, dates, sequencer's lanes and words that all labs write; find the tissue."""
    stem = DATE.sub("", SEQUENCER.sub("", ACCESSION.sub("", name)))
    tissue = TISSUES.search(stem)
    shown = "" if not tissue else "CSF" if tissue.group().lower() == "csf" else "blood"
    stem = GENERIC.sub("", TISSUES.sub("", stem))
    return re.sub(r"([-_. ])[-_. ]+", r"\1", stem).strip("-_. "), shown


def _donor(before: str, after: str) -> tuple[str, str]:
    rest = f"{before.rstrip('-_. ')}_{after.lstrip('-_. ')}".strip("-_. ")
    library = LIBRARY.search(rest)
    if library:
        return rest[: library.start()].strip("-_. "), library[1]
    return re.sub(r"[,;\t]+", "_", rest), ""


def count(n: int, noun: str) -> str:
    """Write a number of things: 1 donor, 2 donors."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def natural(text: str) -> list[tuple[bool, int, str]]:
    """Key to sort by, in which P2 comes before P10, and a number before a word."""
    parts = re.findall(r"\d+|\D+", text.casefold())
    return [(False, int(part), "") if part.isdecimal() else (True, 0, part) for part in parts]


def safe_name(text: str, taken: set[str]) -> str:
    """Make a name that files and rules can bear, unlike those taken (on some systems files differ by more than case).

    The name is added to ``taken``.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", plain).strip("-._") or "sample"
    name, number = plain, 1
    while name.casefold() in taken:
        number += 1
        name = f"{plain}_{number}"
    taken.add(name.casefold())
    return name


def spellings(by_donor: Mapping[str, set[str]]) -> dict[str, list[str]]:
    """Find donors that are written in several ways, as ``MS-03`` and ``ms3``.

    Parameters
    ----------
    by_donor
        Visits of each donor as written. Two donors that have a visit in common are two.

    Returns
    -------
    Donors with their other spellings.
    """
    groups: dict[str, list[str]] = {}
    for donor in by_donor:
        key = re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"[\W_]+", "", donor.casefold()))
        groups.setdefault(key, []).append(donor)
    alike = {}
    for first, *others in groups.values():
        own = [by_donor[name] for name in (first, *others)]
        if others and sum(map(len, own)) == len(set().union(*own)):
            alike[first] = others
    return alike
