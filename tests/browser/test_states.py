"""Cohorts that are hard to show, as whole pages at four widths, in dark and in print; look at them after a change."""

import re

import pytest
import report_page
import report_states

from browser.conftest import PHONE, SCREENSHOTS

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore:Glyph")]
"""No font has a glyph of a control character."""
LARGE = {"width": 1400, "height": 900}
WIDEST = 1024
"""Width from which every table and figure fits the page."""
ALONE = """() => {
  const seen = e => e.getBoundingClientRect().height > 0;
  const parts = [...document.querySelectorAll("h2, h3, h4, .claim > details > summary, caption, thead")].filter(seen);
  const alone = parts.filter(e => getComputedStyle(e).breakAfter !== "avoid");
  const headings = [...document.querySelectorAll("main h2, main h3, main h4")].filter(seen);
  const empty = headings.filter(e => {
    let next = e.nextElementSibling;
    while (next && !seen(next)) next = next.nextElementSibling;
    return !next || (/^H[1-4]$/.test(next.tagName) && next.tagName <= e.tagName);
  });
  return [...alone, ...empty].map(e => e.tagName + " " + e.textContent.slice(0, 40));
}"""
"""Headings and heads of tables that could end a page alone, or that have nothing below them."""
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
    # the first letters, whatever the scripts do afterwards
    assert max(page.evaluate("performance.getEntriesByType('paint').map(one => one.startTime)")) < 2000
    assert page.evaluate("document.documentElement.scrollWidth") <= VIEWS[view]["width"]
    assert "nan" not in page.locator("main").inner_text().lower().split()
    page.screenshot(path=SCREENSHOTS / f"state-{name}-{view}.png", full_page=True)
    if VIEWS[view]["width"] >= WIDEST:
        page.evaluate("document.querySelectorAll('details').forEach(one => (one.open = true))")
        boxes = page.evaluate(
            """() => [...document.querySelectorAll(".scroll, .plot")].filter(e => e.scrollWidth > e.clientWidth + 1)
              .map(e => [e.getAttribute("aria-label"), e.scrollWidth])"""
        )
        assert boxes == []


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
    assert page.evaluate(ALONE) == []
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    data = page.pdf(path=SCREENSHOTS / f"state-{name}.pdf", format="A4", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", data)) <= 25
