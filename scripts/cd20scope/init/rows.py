"""Samples of one count file, by the columns of its cells or by the names in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from cd20scope.init.columns import PATTERN, Column, Roles, bare_pattern, choose_roles, crossing, groups
from cd20scope.init.extras import find_extras, tissue_columns
from cd20scope.init.found import Found
from cd20scope.init.names import Guess, Parts, natural, read_visit, take_apart
from cd20scope.study.cell_choice import write_cells

UNKNOWN = "?"
"""What the sheet holds in place of a visit that was not found: the run names the row and stops."""


@dataclass(frozen=True)
class Answers:
    """Answers that the user gives beforehand: columns of donors and visits, and the visits of words."""

    donor_column: str = ""
    visit_column: str = ""
    visits: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Row:
    """A sample as far as it is known; ``reads`` is how its visit reads with the unit of its column."""

    file: Found
    name: str
    donor: str = ""
    visit: str = ""
    reads: str = ""
    cells: str = ""
    library: str = ""
    tissue: str = ""
    n_cells: int = 0
    extras: Mapping[str, str] = field(default_factory=dict)
    sample: str = ""


def split_file(file: Found, answers: Answers) -> tuple[list[Row], list[Guess], list[str]]:
    """Find the samples of one file by its columns: rows, what was guessed, and what is worth knowing.

    Rows lack donor or visit where no column gives them.
    """
    roles = choose_roles(file.columns, donor=answers.donor_column, visit=answers.visit_column)
    keys = _keys(roles)
    keys += [column for column in tissue_columns(file.columns, taken=keys) if keys and _parts(keys, column)][
        :1
    ]
    found = list(groups(keys)) if keys else []
    if not found:
        everything = [np.arange(file.n_cells)] if file.columns else []
        extras, found_guesses, notes = find_extras(file.columns, taken=(), rows=everything)
        return _with_extras([Row(file, file.name, n_cells=file.n_cells)], extras), found_guesses, notes
    guesses = list(roles.guesses)
    read, found_guesses = _read_sample_names(roles)
    guesses += found_guesses
    naming = _naming(file, keys, roles.sample, found)
    if naming and naming[0] not in keys:
        keys = [*keys, *naming]
        found = list(groups(keys))
    rows = [_row(file, roles, dict(zip(keys, values, strict=True)), naming, read) for values, _ in found]
    rows = [replace(row, n_cells=len(own)) for row, (_, own) in zip(rows, found, strict=True)]
    if len(rows) == 1 and rows[0].n_cells == max(file.n_cells, 1):
        rows = [replace(rows[0], cells="", name=file.name, n_cells=file.n_cells)]
    elif not naming:
        return (
            [Row(file, file.name, n_cells=file.n_cells)],
            guesses,
            [
                "a table beside the file tells its cells apart, and the sheet cannot refer to it. Write its columns "
                "into the cells of an h5ad file (Python: adata.obs = adata.obs.join(table)), and run this again."
            ],
        )
    taken = (roles.donor, roles.visit, roles.sample if roles.sample in keys else None)
    extras, found_guesses, notes = find_extras(
        file.columns, taken=taken, rows=[positions for _, positions in found]
    )
    left = file.n_cells - sum(row.n_cells for row in rows)
    if left:
        notes.append(
            f"{left:,} cells belong to nobody (doublets, unassigned, or empty) and are in no sample."
        )
    return _with_extras(rows, extras), guesses + found_guesses, notes


def _with_extras(rows: list[Row], extras: Mapping[str, list[str]]) -> list[Row]:
    return [
        replace(row, extras={name: values[i] for name, values in extras.items()})
        for i, row in enumerate(rows)
    ]


def _keys(roles: Roles) -> list[Column]:
    """Columns that together identify the samples."""
    donor, visit, sample = roles.donor, roles.visit, roles.sample
    if not (donor and visit):
        return [column for column in (donor, visit, sample) if column]
    if sample and _adds_libraries(donor, visit, sample):
        return [donor, visit, sample]
    return [donor, visit]


def _parts(keys: list[Column], column: Column) -> bool:
    """Whether a column parts the samples further: blood and fluid of one draw."""
    return len(list(groups([*keys, column]))) > len(list(groups(keys)))


def _adds_libraries(donor: Column, visit: Column, sample: Column) -> bool:
    """Whether the column of samples parts a donor's visit into libraries, each of one donor and visit."""
    parts = len(list(groups([donor, visit])))
    return parts < len(list(groups([sample]))) == len(list(groups([donor, visit, sample])))


def _naming(
    file: Found,
    keys: list[Column],
    sample: Column | None,
    found: list[tuple[tuple[str, ...], npt.NDArray[np.int64]]],
) -> list[Column]:
    """Choose the columns by which the sheet names the cells: of the file itself; none where these do not part them."""
    if sample in keys and sample is not None and not sample.joined and _says_all([sample], found):
        return [sample]
    own = [column for column in keys if not column.joined]
    if len(own) == len(keys) or (own and _says_all(own, found)):
        return own
    pattern = [column for column in file.columns if column.name == PATTERN]
    return pattern if pattern and _says_all(pattern, found) else []


def _says_all(columns: list[Column], found: list[tuple[tuple[str, ...], npt.NDArray[np.int64]]]) -> bool:
    """Whether columns alone part the cells as found, with no cell of nobody in their groups."""
    own = list(groups(columns))
    return [len(own), sum(len(rows) for _, rows in own)] == [len(found), sum(len(rows) for _, rows in found)]


def _read_sample_names(roles: Roles) -> tuple[dict[str, Parts], list[Guess]]:
    """Donor and visit from the names of samples, where a column for one of them is missing."""
    sample = roles.sample
    if sample is None or (roles.donor and roles.visit):
        return {}, []
    if roles.visit and not roles.donor:
        found, guesses = _donors_by_rest(sample, roles.visit)
        if found:
            return found, guesses
    bare = {value: bare_pattern(value) for value in sample.values}
    read = take_apart(bare.values())
    parts = {value: read[name] for value, name in bare.items() if name in read}
    if not parts and roles.visit is None:
        # the visit alone, as in ctrl_AAACCC and stim_AAACCC
        words = {value: word for value, name in bare.items() if (word := read_visit(name))}
        parts = {value: Parts("", word.text) for value, word in words.items()}
    shown = "the barcodes" if sample.name == PATTERN else f"column {sample.name!r}"
    if not parts:
        return {}, [Guess("samples", shown, "likely", f"{len(sample.values)} values")]
    example, first = next(iter(parts.items()))
    lacking = [] if roles.donor or not first.donor else ["donor"]
    lacking += [] if roles.visit else ["visit"]
    what = ", ".join(filter(None, (first.donor, first.visit)))
    text = f"{len(parts)} of {len(sample.values)} names; {example!r} is {what}"
    return parts, [Guess(" and ".join(lacking), f"names in {shown}", "likely", text)]


def _donors_by_rest(sample: Column, visit: Column) -> tuple[dict[str, Parts], list[Guess]]:
    """Donor as what is left of a sample's name without its visit; or the sample's name, where it has several visits."""
    if crossing(sample, visit):
        found = {value: Parts(value, "") for value in sample.values}
        return found, [Guess("donor", f"column {sample.name!r}", "check", "its values have several visits")]
    pairs = [pair for pair, _ in groups([sample, visit])]
    rests = {name: name.replace(word, "").strip("-_. ") for name, word in pairs if word in name}
    if len(rests) < len(pairs) or not all(rests.values()) or len(set(rests.values())) == len(rests):
        return {}, []
    text = f"what is left of names in {sample.name!r} without the visit"
    shown = sorted(set(rests.values()), key=natural)
    guess = Guess("donor", ", ".join(shown[:4]) + (", ..." if shown[4:] else ""), "check", text)
    return {name: Parts(rest, "") for name, rest in rests.items()}, [guess]


def _row(
    file: Found, roles: Roles, values: Mapping[Column, str], naming: list[Column], read: Mapping[str, Parts]
) -> Row:
    """Make the row of the cells with these values, named in the sheet by some of the columns."""
    of_roles = (roles.donor, roles.visit, roles.sample)
    donor, visit, sample = (values.get(column, "") if column else "" for column in of_roles)
    parts = read.get(sample, Parts("", ""))
    return Row(
        file,
        bare_pattern(sample) or (f"{file.name}_{sample.strip('*-.')}" if sample else ""),
        donor=donor or parts.donor,
        visit=visit or parts.visit,
        reads=roles.visit.reads(visit) if roles.visit else parts.visit,
        cells=write_cells(
            {"barcode" if column.name == PATTERN else column.name: values[column] for column in naming}
        ),
        library=parts.library or (sample if roles.donor and roles.visit else ""),
        tissue=parts.tissue,
    )
