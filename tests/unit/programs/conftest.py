"""What the tests of programmes share."""

import pytest
from program_cells import cells, score


@pytest.fixture(scope="module")
def cohort():
    table = cells()
    return table, *score(table)
