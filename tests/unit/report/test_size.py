"""Pages of many donors and the shipped number of hypotheses stay small enough to be sent by mail."""

import re

import annotation_tables
import pytest
import report_page
import report_tables

from cd20scope.embed import layout

SHIPPED = 61
"""Questions of the shipped catalogue; sixteen are made up, and each weighs what its row and its evidence do."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("donors", "cells", "most"),
    [(40, layout.MAX_CELLS, 10_000_000), (67, 50_000, 15_000_000)],
    ids=["forty donors", "two hundred samples"],
)
def test_the_page_of_many_donors_fits(monkeypatch, donors, cells, most):
    monkeypatch.setattr(report_tables, "DONORS", [f"D{number:02d}" for number in range(1, donors + 1)])
    monkeypatch.setattr(annotation_tables, "N_CELLS", 120_000)
    made = report_page.tables(n_cells=cells, n_genes=2_000)
    assert len(made["sheet"]) == 3 * donors - 1  # one donor lacks a visit
    page = report_page.render(made)
    section = page[page.index('<h2 id="questions"') : page.index('<h3 id="forest"')]
    made_up = len(re.findall(r'<article class="claim', section))
    assert made_up == 16
    size = len(page.encode()) + (SHIPPED / made_up - 1) * len(section.encode())
    assert size < most
