"""Columns of a table of cells: which holds donors, which visits, which samples, and what else a sheet can use."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cd20scope.counts.matrix import LONGEST_NAME, Strings
from cd20scope.init.names import Guess, count, find_visits, natural, read_visit, take_apart

MOST_VALUES = 500
"""A column with more different values names cells, or measures them."""
MOST_VISITS = 20
FIRST_CELLS = 20_000
"""Cells that are read first, to find columns with too many values."""
WEAK = 0.8
"""Score of a visit's column below which neither its name nor its values give visits."""
TIE = 0.3
"""Scores nearer than this are as good as equal."""

JUNK = re.compile(
    r"cluster|cell_?types?|leiden|louvain|annotation|label|snn_res|doublet|multiplet|predicted|percent|pct|mito|"
    r"^n_?(counts?|genes?|features?|umis?)|^total_counts|barcode$|^adt|^hto_|score|phase|lineage|subset"
)
ABOUT_DONORS = re.compile(
    r"age|sex|gender|bmi|race|ethnic|status|disease|diagnos|type|group|prob|number|count"
)
DONORS = (
    (
        1.0,
        re.compile(
            r"^(donor|patient|subject|individual|participant|person|case)(_?(ids?|names?|nr|no|code|key))?$"
        ),
    ),
    (0.8, re.compile(r"(^|_)(donors?|patient|subject|individual|participant|ind|pt|pid|ptid)(_|$)")),
)
VISITS = (
    (1.0, re.compile(r"^(visit|time_?point|time|tp)(_?(ids?|names?|nr|no|label))?$")),
    (0.9, re.compile(r"time_?point|visit")),
    (0.8, re.compile(r"^(days?|weeks?|months?)(_(post|after|since).*)?$")),
    (0.5, re.compile(r"treat|condition|^stim|stage|^group|^arm$|pre_?post|therapy|^state$")),
)
SAMPLES = (
    (1.0, re.compile(r"^(sample|specimen)(_?(ids?|names?|nr|no|key))?$")),
    (0.8, re.compile(r"^orig_ident$|library|sample")),
    (0.5, re.compile(r"dataset|channel|gem|hash|well|hto|pool|batch|lane|^run")),
    (0.3, re.compile(r"^barcode_pattern$")),
)
NOBODY = re.compile(
    r"|nan|n/?a|none|null|unassigned|not[ _]assigned|unknown|undetermined|doublets?|multiplets?|negative|"
    r"ambiguous|ambs?",
    flags=re.IGNORECASE,
)
"""Values of demultiplexing for cells without a donor."""
PATTERN = "barcode_pattern"
"""The column that is made of the barcodes, with ``*`` for the bases."""


@dataclass(frozen=True, eq=False)
class Column:
    """A column of a table of cells: its different values, and which of them each cell has.

    ``joined`` says that it is of a table beside the count file, to which a sheet cannot refer.
    """

    name: str
    values: list[str]
    codes: npt.NDArray[np.int64]
    joined: bool = False

    @property
    def plain(self) -> str:
        """The name in small letters, its words joined by ``_``."""
        return re.sub(r"[\W_]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.name)).strip("_").lower()

    @property
    def someone(self) -> npt.NDArray[np.bool_]:
        """Which values are someone's or something's."""
        return np.array([not NOBODY.fullmatch(value.strip()) for value in self.values], dtype=bool)

    def reads(self, value: str) -> str:
        """How a value reads with the unit in the column's name: 14 of ``day`` is day14."""
        unit = re.match(r"(day|week|month)", self.plain)
        return f"{unit[1]}{value}" if unit and re.fullmatch(r"\d+(\.\d+)?", value) else value


@dataclass(frozen=True, eq=False)
class Roles:
    """Columns by what they hold; None where there is no such column. ``guesses`` states how that was found."""

    donor: Column | None
    visit: Column | None
    sample: Column | None
    guesses: list[Guess]


def read_columns(columns: Mapping[str, Callable[[], Strings]], barcodes: Strings) -> list[Column]:
    """Read the columns that can identify samples: few different values, which a sample sheet can name.

    The barcodes make one more, where something stands before or behind the bases that is not the same in all.
    """
    found = []
    for name, read in columns.items():
        if re.search(r"[=;\t\r\n]", name) or name != name.strip() or name == "barcode":
            continue
        try:
            values = read()
        except ValueError:  # no text, or longer than any name: it tells no sample
            continue
        if len(set(values[:FIRST_CELLS].tolist())) <= MOST_VALUES:
            found.append(make_column(name, values))
    bare = [re.sub(r"[ACGTN]{8,}", "*", barcode) for barcode in barcodes[:FIRST_CELLS].tolist()]
    if 1 < len(set(bare)) <= MOST_VALUES:
        bare += [re.sub(r"[ACGTN]{8,}", "*", barcode) for barcode in barcodes[FIRST_CELLS:].tolist()]
        found.append(make_column(PATTERN, np.array(bare, dtype=np.str_)))
    return [column for column in found if len(column.values) <= MOST_VALUES and _can_be_named(column)]


def make_column(name: str, values: Strings) -> Column:
    """Make a column of one value per cell."""
    codes, different = pd.factorize(np.asarray(values, dtype=object))
    return Column(name, [str(value) for value in different], np.asarray(codes, dtype=np.int64))


def _can_be_named(column: Column) -> bool:
    """Whether the sheet's column ``cells`` can name every value that matters."""
    odd = r"[\t\r\n\[\]?]" if column.name == PATTERN else r"[\t\r\n]"
    some = [value for value, kept in zip(column.values, column.someone, strict=True) if kept]
    return bool(some) and all(0 < len(name) <= LONGEST_NAME and not re.search(odd, name) for name in some)


def choose_roles(columns: list[Column], *, donor: str = "", visit: str = "") -> Roles:
    """Choose the columns of donors, visits and samples.

    Each pair of a donor's and a visit's column is judged by its names, by the words that read like visits, and by the
    part of donors that have several visits.

    Parameters
    ----------
    columns
        As :func:`read_columns` gives them.
    donor, visit
        Columns that the user names; empty (default) to look for them.

    Raises
    ------
    ValueError
        When there is no such column.
    """
    by_name = {column.name: column for column in columns}
    for name in filter(None, (donor, visit)):
        if name not in by_name:
            known = ", ".join(by_name) or "none"
            raise ValueError(f"no column {name!r} with at most {MOST_VALUES} values; found {known}")
    donors = _named(columns, donor, lambda column: _donor_score(column))
    visits = _named(columns, visit, lambda column: _visit_score(column))
    pairs: list[tuple[float, Column | None, Column | None]] = [
        (one + two + crossing(first, second), first, second)
        for first, one in donors
        for second, two in visits
        # a condition that no donor has twice, as patients and controls, is no visit
        if first is not second and (two >= WEAK or crossing(first, second) > 0)
    ]
    pairs += [(one, first, None) for first, one in donors]
    pairs += [(two, None, second) for second, two in visits]
    # a pair beats a column alone; among equals the first of the table
    pairs.sort(key=lambda item: (item[1] is None or item[2] is None, -item[0]))
    _, first, second = pairs[0] if pairs else (0.0, None, None)
    guesses = []
    for what, column, chosen, scored, given_by_user, most in (
        ("donor", first, second, donors, donor, 1.0),
        ("visit", second, first, visits, visit, 2.0),
    ):
        if column is not None:
            others = _rivals(column, scored, chosen=chosen)
            score = next(score for other, score in scored if other is column)
            sure = _sureness(score, others, given_by_user=bool(given_by_user), best=most)
            guesses.append(_guess(what, column, sure=sure, others=others))
    return Roles(first, second, _sample(columns, (first, second)), guesses)


def _named(columns: list[Column], name: str, score: Callable[[Column], float]) -> list[tuple[Column, float]]:
    if name:
        return [(column, 9.0) for column in columns if column.name == name]
    return [(column, found) for column in columns if (found := score(column)) > 0]


def _by_name(column: Column, names: tuple[tuple[float, re.Pattern[str]], ...]) -> float:
    if JUNK.search(column.plain) and column.name != PATTERN:
        return 0.0
    return next((score for score, pattern in names if pattern.search(column.plain)), 0.0)


def _donor_score(column: Column) -> float:
    score = _by_name(column, DONORS)
    return 0.0 if score < 1 and ABOUT_DONORS.search(column.plain) else score


def _visit_score(column: Column) -> float:
    values = [value for value, kept in zip(column.values, column.someone, strict=True) if kept]
    if len(values) > MOST_VISITS or JUNK.search(column.plain):
        return 0.0
    named = _by_name(column, VISITS)
    if _by_name(column, DONORS) or (not named and column.name == PATTERN):
        return 0.0
    readable = sum(read_visit(column.reads(value)) is not None for value in values) / len(values)
    if named < 0.8 and (re.fullmatch(r"[\d.\s]*", "".join(values)) or _name_samples(values, named)):
        return 0.0
    return named + readable if named >= 0.8 or readable >= 0.5 or (named and len(values) > 1) else 0.0


def _name_samples(values: list[str], named: float) -> bool:
    """Whether values name a donor beside the visit, as P01_W2 does; one alone where the column's name has none."""
    donors = {parts.donor for parts in take_apart(values).values()}
    return len(donors) > (1 if named else 0) and any(re.search(r"\d", name) for name in donors)


def crossing(donor: Column, visit: Column) -> float:
    """Part of donors that have cells at two visits or more."""
    table = pd.DataFrame({"donor": donor.codes, "visit": visit.codes})
    kept = donor.someone[donor.codes] & visit.someone[visit.codes]
    visits = table[kept].groupby("donor")["visit"].nunique()
    return float((visits > 1).mean()) if len(visits) else 0.0


def _rivals(column: Column, scored: list[tuple[Column, float]], *, chosen: Column | None) -> list[Column]:
    """Columns that score as high as the one chosen and hold other values."""
    best = next(score for other, score in scored if other is column)
    return [
        other
        for other, score in scored
        if other is not column
        and other is not chosen
        and score > best - TIE
        and not same_groups(column, other)
    ]


def same_groups(first: Column, second: Column) -> bool:
    """Whether two columns part the cells alike."""
    pairs = len(pd.DataFrame({"first": first.codes, "second": second.codes}).drop_duplicates())
    return pairs == len(first.values) == len(second.values)


def _sureness(score: float, others: list[Column], *, given_by_user: bool, best: float) -> str:
    """Rate how sure a column is, by its score and the best there can be."""
    if given_by_user:
        return "sure"
    return "check" if others or score < 0.5 * best else "sure" if score >= 0.9 * best else "likely"


def _guess(what: str, column: Column, *, sure: str, others: list[Column]) -> Guess:
    values = [value for value, kept in zip(column.values, column.someone, strict=True) if kept]
    shown = ", ".join(sorted(values, key=natural)[:4]) + (", ..." if len(values) > 4 else "")
    text = f"{count(len(values), 'value')} ({shown})"
    if others:
        text += f"; as likely: {', '.join(repr(other.name) for other in others)}"
    return Guess(what, f"column {column.name!r}", sure, text)


def _sample(columns: list[Column], taken: tuple[Column | None, ...]) -> Column | None:
    """Column whose names give the most: donor and visit, or at least samples."""
    scored = []
    for column in columns:
        named = _by_name(column, SAMPLES)
        values = [value for value, kept in zip(column.values, column.someone, strict=True) if kept]
        if any(column is one for one in taken) or (JUNK.search(column.plain) and not named):
            continue
        bare = [bare_pattern(value) for value in values]
        apart = take_apart(bare)
        read = max(len(apart), sum(bool(find_visits(name)) for name in bare)) / len(values)
        plain_suffix = all(re.fullmatch(r"\*[-.]\d+", value) for value in values)
        # a column of another name is one of samples where its values, a few, all name donor and visit
        few = 5 * len(values) <= len(column.codes) and not column.joined
        other = not named and not (few and len(apart) == len(values))
        alone = len(values) < 2 and not (named >= 0.8 and apart)
        if other or alone or (column.name == PATTERN and not (read or plain_suffix)):
            continue
        scored.append((named + 2 * read, column))
    return max(scored, key=lambda item: item[0], default=(0.0, None))[1]


def bare_pattern(value: str) -> str:
    """Give a pattern of barcodes without the barcode: ``P01_W2_*-1`` is P01_W2."""
    return re.sub(r"[-_. ]?\*([-.]\d+)?|^\*[-_. ]?", "", value) if "*" in value else value


def groups(columns: list[Column]) -> Iterator[tuple[tuple[str, ...], npt.NDArray[np.int64]]]:
    """Cells that agree in these columns, leaving out those of nobody: the values, and the cells' positions."""
    kept = np.ones(len(columns[0].codes), dtype=bool)
    for column in columns:
        kept &= column.someone[column.codes]
    table = pd.DataFrame({str(i): column.codes for i, column in enumerate(columns)})
    for codes, rows in table[kept].groupby(list(table), sort=True).indices.items():
        each = codes if isinstance(codes, tuple) else (codes,)
        values = tuple(column.values[code] for column, code in zip(columns, each, strict=True))
        yield values, np.flatnonzero(kept)[rows]
