"""A sample sheet guessed from count files: who gave which sample at which visit, and how sure that is."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cd20scope.init.agree import ask_arms, keep_sound
from cd20scope.init.found import Found
from cd20scope.init.names import Guess, Parts, count, natural, safe_name, spellings, take_apart
from cd20scope.init.rows import UNKNOWN, Answers, Row, split_file
from cd20scope.init.visits import Visits, assign_visits
from cd20scope.study.levels import name_tissue
from cd20scope.study.names import look_alike


@dataclass(frozen=True, eq=False)
class Study:
    """What was guessed.

    Attributes
    ----------
    rows
        Samples, in the order of donors and visits.
    apart
        Copies of samples, which the sheet shows and leaves out.
    visits, donors
        For the configuration.
    guesses, todo, notes
        Guesses; what the user must fill in; what was left out, and what is worth knowing.
    """

    rows: list[Row]
    apart: list[Row]
    visits: Visits
    donors: dict[str, list[str]]
    guesses: list[Guess]
    todo: list[str]
    notes: list[str]


def guess_study(
    files: Sequence[Found],
    *,
    study: Mapping[str, Sequence[str]],
    answers: Answers,
    joined: Sequence[str] = (),
) -> Study:
    """Guess the sample sheet of count files.

    Parameters
    ----------
    files
        As :func:`cd20scope.init.files.find_files` finds them.
    study
        Visits of the hypotheses, with their usual other names.
    answers
        Columns and visits that the user gave.
    joined
        Tables that were joined to the files, for the notes; none by default.

    Raises
    ------
    ValueError
        When a column that the user names is not there.
    """
    every, by_file, aside = _split_files(files, answers)
    notes = [*joined, *aside]
    own, copies = ([row for row in every if bool(row.file.copy_of) == copied] for copied in (False, True))
    rows, found, todo = _read_names(own)
    guesses = _together(by_file) + found
    apart: list[Row] = []
    if copies:
        apart = _read_names(copies)[0]
        notes.append(
            f"{count(len(copies), 'row')} of files that hold the same cells as another one stand in the sheet behind a "
            "#, such as counts corrected by CellBender beside those of Cell Ranger. To use them, exchange the rows."
        )
    words = {row.visit: row.reads or row.visit for row in rows if row.visit not in ("", UNKNOWN)}
    words = dict(sorted(words.items(), key=lambda item: natural(item[1])))
    visits = assign_visits(words, by_donor=_visits_by_donor(rows), study=study, given=answers.visits)
    donors = spellings(_visits_by_donor(rows))
    todo += _ask_visits(visits) + _ask_donors(rows, donors)
    guesses += visits.guesses + [
        Guess(
            f"donor {first}", ", ".join(others), "check", "spelt alike, with no visit in common: one donor?"
        )
        for first, others in donors.items()
    ]
    raw = sum(row.file.raw is not None for row in rows)
    if raw:
        notes.append(f"{raw} unfiltered matrices stand in the column raw: they are no samples.")
    rows, guesses, refused = keep_sound(rows, visits, donors, guesses)
    notes += refused + _note_tissues(rows)
    todo += ask_arms(rows)
    rows = _libraries(rows, visits, donors, guesses)
    return Study(_named(rows), apart, visits, donors, guesses, todo, notes)


def _split_files(
    files: Sequence[Found], answers: Answers
) -> tuple[list[Row], list[tuple[Found, Guess]], list[str]]:
    """Split files into samples; give these, the guesses with their file, and notes on what is left out."""
    rows: list[Row] = []
    by_file: list[tuple[Found, Guess]] = []
    notes: list[str] = []
    for file in files:
        try:
            own, found, aside = split_file(file, answers)
        except ValueError as error:
            raise ValueError(f"{file.path}: {error}.") from error
        rows += own
        by_file += [(file, guess) for guess in found]
        notes += [f"{file.path.name}: {text}" if len(files) > 1 else text for text in aside]
    return rows, by_file, notes


def _ask_visits(visits: Visits) -> list[str]:
    """Ask for the visits that nothing tells."""
    if not visits.unknown:
        return []
    shown = _few([repr(word) for word in visits.unknown])
    answer = shlex.quote(f"{visits.unknown[0]}=month6")
    return [
        f"the visit that {shown} is. Write it into the brackets of one, under visits in the configuration; or run "
        f"this again with --visit {answer}, or whichever it is; or take its rows out of the sheet."
    ]


def _ask_donors(rows: Sequence[Row], donors: Mapping[str, Sequence[str]]) -> list[str]:
    """Ask for other names of donors who look alike and are two."""
    alike = [pair for pair in look_alike(row.donor for row in rows) if not _are_one(*pair, donors)]
    if not alike:
        return []
    shown = _few([f"{one!r} and {other!r}" for one, other in alike])
    return [f"donors that look alike and have a visit in common: {shown}. Write names that differ more."]


def _are_one(one: str, other: str, donors: Mapping[str, Sequence[str]]) -> bool:
    return any({one, other} <= {first, *others} for first, others in donors.items())


def _together(by_file: list[tuple[Found, Guess]]) -> list[Guess]:
    """Merge guesses that are alike in several files."""
    alike: dict[tuple[str, str, str], list[tuple[Found, Guess]]] = {}
    for file, guess in by_file:
        alike.setdefault((guess.what, guess.found, guess.sure), []).append((file, guess))
    merged = []
    for own in alike.values():
        file, first = own[0]
        text = f"in {len(own)} files, as in {file.path.name}: {first.why}" if len(own) > 1 else first.why
        merged.append(replace(first, why=text))
    return merged


def _visits_by_donor(rows: Sequence[Row]) -> dict[str, set[str]]:
    by_donor: dict[str, set[str]] = {}
    for row in rows:
        by_donor.setdefault(row.donor, set()).add(row.visit)
    return by_donor


def _read_names(rows: list[Row]) -> tuple[list[Row], list[Guess], list[str]]:
    """Read donors and visits off the names of samples where nothing else gives them."""
    lacking = [row for row in rows if not (row.donor and row.visit)]
    read = take_apart(dict.fromkeys(row.name for row in lacking if row.name))
    guesses, todo, done = [], [], []
    used = [row.name for row in lacking if row.name in read]
    if used:
        first = read[used[0]]
        text = f"{len(used)} of {len(lacking)} names; {used[0]!r} is {first.donor}, {first.visit}"
        guesses.append(Guess("donor and visit", "names of files and folders", "likely", text))
    for row in rows:
        parts = read.get(row.name, Parts("", ""))
        donor = row.donor or parts.donor or row.name or row.file.name
        visit = row.visit or parts.visit or UNKNOWN
        done.append(
            replace(
                row,
                donor=donor.replace(",", "_").replace(";", "_"),
                visit=visit,
                reads=row.reads or visit,
                library=row.library or parts.library,
                tissue=row.extras.get("tissue", "") or row.tissue or parts.tissue,
            )
        )
    nobody = [row.name or row.file.name for row in lacking if not (row.donor or row.name in read)]
    if nobody:
        todo.append(
            f"the donor of {_few(nobody)}. Nothing tells: the sheet has each as a donor of its own. Write the donors' "
            "names, alike in all rows of a donor."
        )
    no_visit = [row.name for row in done if row.visit == UNKNOWN]
    if no_visit:
        todo.append(
            f"the visit of {_few(no_visit)}. Write it over {UNKNOWN!r} in the column visit of the sheet."
        )
    return done, guesses, todo


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _note_tissues(rows: list[Row]) -> list[str]:
    """Say what becomes of several tissues."""
    counted = Counter(name_tissue(row.tissue) or "not given" for row in rows)
    if len(counted) < 2:
        return []
    shown = ", ".join(f"{name}: {n}" for name, n in counted.items())
    return [
        f"samples of several tissues ({shown}): a run answers its questions in one and tests the others apart, without "
        "verdicts. Name the one by tissue: in the configuration."
    ]


def _libraries(
    rows: list[Row], visits: Visits, donors: Mapping[str, list[str]], guesses: list[Guess]
) -> list[Row]:
    """Name the rows of one donor and visit as libraries; without such rows the column stays empty."""
    visit_of = {word: visit for visit, words in visits.names.items() for word in words}
    donor_of = {other: first for first, others in donors.items() for other in others}
    draws: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        donor, visit = donor_of.get(row.donor, row.donor), visit_of.get(row.visit, row.visit)
        draws.setdefault((donor, visit, name_tissue(row.tissue)), []).append(row)
    order = {visit: i for i, visit in enumerate(visits.names)}
    done = []
    keys = sorted(
        draws, key=lambda key: (natural(key[0]), order.get(key[1], len(order)), natural(key[1]), key[2])
    )
    for donor, visit, tissue in keys:
        own = draws[donor, visit, tissue]
        taken: set[str] = set()
        several = len(own) > 1 and visit != UNKNOWN
        done += [
            replace(row, library=safe_name(row.library or row.name or "library", taken) if several else "")
            for row in own
        ]
        if several:
            text = "several rows of one donor and visit; their cells are counted together"
            guesses.append(Guess(f"libraries of {donor}, {visit}", str(len(own)), "check", text))
    return done


def _named(rows: list[Row]) -> list[Row]:
    """Give each row a name that files can bear: its file's or folder's own, or that of donor and visit."""
    taken: set[str] = set()
    done = []
    several = len({row.tissue for row in rows}) > 1
    for row in rows:
        known = "_".join(filter(None, (row.donor, row.visit, row.tissue if several else "", row.library)))
        wanted = row.name if row.name and (not row.cells or row.visit == UNKNOWN) else known
        done.append(replace(row, sample=safe_name(wanted, taken)))
    return done
