"""Tables that several figures draw."""

import pytest
import report_page
import report_tables


@pytest.fixture(scope="session")
def verdicts():
    return report_page.judged(report_page.tables(n_cells=20, n_genes=12)).verdicts


@pytest.fixture(scope="session")
def donors():
    return report_tables.donors()
