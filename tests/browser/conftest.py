"""A browser, and the pages that it opens from disk."""

import os
from pathlib import Path

import pytest
import report_page
from evil import EVIL, with_evil

CHROMIUM = Path("/usr/bin/chromium")
SCREENSHOTS = Path(__file__).parent / "screenshots"
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser():
    """Chromium for one file of tests: its event loop must end before Snakemake plans in the same process."""
    if not CHROMIUM.exists():
        pytest.skip("needs Debian's chromium in /usr/bin (apt-get install chromium)")
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    SCREENSHOTS.mkdir(exist_ok=True)
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield opened
        opened.close()


class Seen:
    """What a page said, asked for and popped up since it was opened."""

    def __init__(self, page):
        self.errors, self.requests, self.dialogs = [], [], []
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda asked: self.requests.append(asked.url))
        page.on("dialog", lambda box: (self.dialogs.append(box.message), box.dismiss()))


@pytest.fixture
def opened(browser):
    """Open a file at a size; gives the page, with ``seen`` from before its first request."""
    pages = []

    def open_file(path, *, size=WIDE, query=""):
        page = browser.new_page(viewport=size)
        page.set_default_timeout(60_000)
        page.seen = Seen(page)
        page.goto(f"file://{path}{query}")
        pages.append(page)
        return page

    yield open_file
    for page in pages:
        page.close()


@pytest.fixture(scope="session")
def made_up(tmp_path_factory):
    """The page of the made-up tables, in which a sample, a donor and a hypothesis are called what breaks pages."""
    folder = tmp_path_factory.mktemp("made-up")
    path = folder / "report.html"
    path.write_text(
        report_page.render(with_evil(report_page.tables(n_cells=600, n_genes=60))), encoding="utf-8"
    )
    assert EVIL not in path.read_text(encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def demo(built_in):
    """The report of the built-in cohort."""
    return built_in / "results/report/report.html"
