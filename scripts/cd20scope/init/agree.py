"""Further columns that the sheet could not hold: those whose values contradict each other within a donor."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from cd20scope.init.names import Guess
from cd20scope.init.rows import UNKNOWN, Row
from cd20scope.init.visits import Visits
from cd20scope.study.arms import read_arms
from cd20scope.study.sheet_checks import Problems, check_cells
from cd20scope.study.sheet_donors import check_donors
from cd20scope.study.sheet_numbers import check_numbers
from cd20scope.study.strict_yaml import ConfigError


def ask_arms(rows: list[Row]) -> list[str]:
    """Ask which arm is the treated one, where no usual word tells."""
    levels = dict.fromkeys(row.extras.get("arm", "") for row in rows)
    table = pd.DataFrame({"donor": list(levels), "arm": list(levels)})
    try:
        read_arms(table, column="arm", treated="", controls=[])
    except ConfigError:
        shown = ", ".join(filter(None, levels))
        return [
            f"the treated arm: the column arm has the levels {shown}. Write one of them under arm: treated."
        ]
    return []


def keep_sound(
    rows: list[Row], visits: Visits, donors: Mapping[str, Sequence[str]], guesses: list[Guess]
) -> tuple[list[Row], list[Guess], list[str]]:
    """Leave out further columns that a run would refuse.

    Parameters
    ----------
    rows, visits, donors, guesses
        As guessed.

    Returns
    -------
    Rows and guesses without these columns, and a note on each.
    """
    visit_of = {word: visit for visit, words in visits.names.items() for word in words}
    donor_of = {other: first for first, others in donors.items() for other in others}
    table = pd.DataFrame(
        {
            "donor": [donor_of.get(row.donor, row.donor) for row in rows],
            "visit": [visit_of.get(row.visit, UNKNOWN) for row in rows],
        }
    )
    notes, refused = [], set()
    for name in dict.fromkeys(name for row in rows for name in row.extras):
        problems = Problems(Path("sheet"))
        own = table.assign(**{name: [row.extras.get(name, "") for row in rows]}).astype(str)
        check_cells(own, problems, arm="arm")
        check_numbers(own, problems)
        check_donors(own, problems, visits=visits.names, arm="arm")
        # donors and visits have checks of their own
        found = [
            text.partition(f"column {name}: ")[2] for _, text in problems.found if f"column {name}: " in text
        ]
        if found:
            refused.add(name)
            notes.append(
                f"a column that looks like {name} was left out, since a run would refuse it: {found[0]}"
            )
    kept = [
        replace(
            row,
            extras={name: value for name, value in row.extras.items() if name not in refused},
            tissue="" if "tissue" in refused else row.tissue,
        )
        for row in rows
    ]
    return kept, [guess for guess in guesses if guess.what not in refused], notes
