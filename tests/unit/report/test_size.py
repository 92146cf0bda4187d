"""The page of two hundred samples and the shipped number of hypotheses stays small enough to be sent by mail."""

import re

import annotation_tables
import pytest
import report_page
import report_tables

SHIPPED = 61
"""Questions of the shipped catalogue; sixteen are made up, and each weighs what its row and its evidence do."""


@pytest.fixture
def two_hundred(monkeypatch):
    """Tables of 67 donors at three visits and 50,000 embedded cells."""
    monkeypatch.setattr(report_tables, "DONORS", [f"D{number:02d}" for number in range(1, 68)])
    monkeypatch.setattr(annotation_tables, "N_CELLS", 120_000)
    return report_page.tables(n_cells=50_000, n_genes=2_000)


@pytest.mark.slow
def test_the_page_of_two_hundred_samples_fits(two_hundred):
    assert len(two_hundred["sheet"]) == 200
    page = report_page.render(two_hundred)
    section = page[page.index('<h2 id="questions"') : page.index('<h3 id="forest"')]
    made_up = len(re.findall(r'<article class="claim', section))
    assert made_up == 16
    size = len(page.encode()) + (SHIPPED / made_up - 1) * len(section.encode())
    assert size < 15_000_000
