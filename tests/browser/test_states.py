"""Cohorts that are hard to show, as whole pages at four widths, in dark and in print; look at them after a change."""

import pytest
import report_page
import report_states

from browser.conftest import PHONE, SCREENSHOTS

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore:Glyph")]
"""No font has a glyph of a control character."""
LARGE = {"width": 1400, "height": 900}
VIEWS = {
    "1400": LARGE,
    "1024": {"width": 1024, "height": 768},
    "390": PHONE,
    "200": {"width": 700, "height": 450},
}
"""Widths by name; 200 % of the letters on a screen is half of its width."""


@pytest.fixture(scope="module", params=report_states.STATES)
def state(request, tmp_path_factory):
    """Name of a cohort and the path of its page."""
    path = tmp_path_factory.mktemp("state") / "report.html"
    made = report_states.cohort(**report_states.STATES[request.param])
    path.write_text(report_page.render(made), encoding="utf-8")
    return request.param.replace(" ", "-"), path


@pytest.mark.parametrize("view", VIEWS)
def test_a_hard_cohort_fits_its_screen(opened, state, view):
    name, path = state
    page = opened(path, size=VIEWS[view])
    page.wait_for_load_state("networkidle")
    assert page.seen.errors == []
    assert page.evaluate("document.documentElement.scrollWidth") <= VIEWS[view]["width"]
    assert "nan" not in page.locator("main").inner_text().lower().split()
    page.screenshot(path=SCREENSHOTS / f"state-{name}-{view}.png", full_page=True)


def test_a_hard_cohort_is_printed_without_a_figure_beyond_its_page(opened, state):
    name, path = state
    page = opened(path, size={"width": 688, "height": 1002})
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    wide = page.evaluate(
        """() => [...document.querySelectorAll("figure")].map(e => [e.id, e.getBoundingClientRect()])
          .filter(([, box]) => box.height && (box.right > 690 || box.height > 1002)).map(([id]) => id)"""
    )
    assert wide == []
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.pdf(path=SCREENSHOTS / f"state-{name}.pdf", format="A4", prefer_css_page_size=True)
