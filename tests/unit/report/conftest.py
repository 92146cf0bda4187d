"""The page of the made-up tables, which tests of its parts read."""

import pandas as pd
import pytest
import report_page
from parsed_page import Page


@pytest.fixture(scope="session")
def tables():
    """Every table; genes of two populations only, since a volcano plot costs more than it shows here."""
    made = report_page.tables(n_cells=300, n_genes=40)
    genes = made["expression"]
    return made | {"expression": genes[genes["population"].isin(["Treg", "NK"])]}


@pytest.fixture(scope="session")
def html(tables):
    read = {
        key: report_page.from_disk(table) for key, table in tables.items() if isinstance(table, pd.DataFrame)
    }
    for part in ("annotation", "statistics"):
        read[part] = {key: report_page.from_disk(table) for key, table in tables[part].items()}
    return report_page.render(tables | read)


@pytest.fixture(scope="session")
def page(html):
    return Page(html)
