"""How the report writes p-values, numbers, shares and DOIs."""

import re

import numpy as np
import pytest

from cd20scope.report import wording


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0, "< 10⁻³⁰⁰"),
        (1.2e-17, "1.2 × 10⁻¹⁷"),
        (9.96e-4, "0.001"),
        (0.0009949, "9.9 × 10⁻⁴"),
        (0.0416, "0.042"),
        (0.0999, "0.10"),
        (0.5, "0.50"),
        (1.0, "1.00"),
        (np.nan, "–"),
    ],
)
def test_p_values(p, text):
    assert wording.p_value(p) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(-1.234, "−1.23"), (-0.001, "0.00"), (1234.5, "1,234.50"), (np.nan, "–"), (np.inf, "∞")],
)
def test_numbers(value, text):
    assert wording.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [("2584.8561685", "2,585"), (0.01234567, "0.0123"), ("v3", "v3"), (3.9e-6, "3.9e-06")]
)
def test_cells_of_numbers_or_names(value, text):
    assert wording.short(value) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0 %"), (0.00036, "0.036 %"), (0.021, "2.1 %"), (0.47, "47 %"), (1.0, "100 %")]
)
def test_shares(share, text):
    assert wording.percent(share) == text


def test_dois_become_links_and_the_rest_stays_text():
    text = 'A 2019, doi:10.3390/cells8010012; B (doi:10.1016/S0140-6736(10)60001-1). "<b>"'
    html = str(wording.link_dois(text))
    links = re.findall(r'href="https://doi\.org/([^"]+)"', html)
    assert links == ["10.3390/cells8010012", "10.1016/S0140-6736(10)60001-1"]
    assert html.endswith("). &#34;&lt;b&gt;&#34;")
