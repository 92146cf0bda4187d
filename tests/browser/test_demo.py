"""The report of the built-in cohort in a browser: true to the tables, open to everyone, fit for paper."""

import json
import re
import zipfile

import pandas as pd
import pytest

from browser.conftest import PHONE, SCREENSHOTS, WIDE
from workflow.running import ROOT, ran, snakemake

pytestmark = pytest.mark.browser
SECTIONS = ("answer", "questions", "donors", "populations", "programmes", "trust", "methods", "tables")
PAGE = {"width": 688, "height": 1002}
"""What an A4 page leaves between its margins, in pixels of CSS."""


@pytest.fixture(scope="module")
def verdicts(built_in):
    return pd.read_csv(built_in / "results/verdict/verdicts.tsv", sep="\t")


def test_it_opens_without_an_error_and_asks_for_nothing(opened, demo):
    page = opened(demo)
    page.wait_for_load_state("networkidle")
    assert page.seen.errors == []
    assert [url for url in page.seen.requests if not url.startswith(("file://", "data:", "blob:"))] == []


def test_the_numbers_are_those_of_the_table(opened, demo, verdicts):
    page = opened(demo)
    page.locator("button[data-open]").click()
    for row in verdicts.itertuples():
        evidence, asked = (
            page.locator("#claim-" + re.sub(r"[^A-Za-z0-9]+", "-", name)) for name in (row.id, row.question)
        )
        assert row.verdict in evidence.locator(".badge").first.inner_text().split(" ", 1)[1]
        assert row.statement in evidence.inner_text()
        told = asked.inner_text().replace("−", "-")
        if not pd.isna(row.estimate):
            assert f"{row.estimate:.2f} " in told
        for limit in (row.ci_low, row.ci_high):
            assert pd.isna(limit) or f"{limit:.2f}" in told
        exact = [one.text_content() for one in evidence.locator("dl.exact dd").all()]
        assert row.id in exact
        if not pd.isna(row.arms_asked):
            held = f"{row.arms_held:.0f} of {row.arms_asked:.0f} sensitivity analyses"
            assert f"unchanged in {held}" in evidence.inner_text()
    leads = verdicts["id"] == verdicts["question"]
    counted = verdicts.loc[leads & (verdicts["family"] == "confirmatory"), "verdict"].value_counts()
    tally = page.locator(".tally").inner_text()
    assert all(f"{n} {verdict}" in tally for verdict, n in counted.items())


def test_the_first_screen_has_the_answer_and_the_picture(opened, demo):
    page = opened(demo, size={"width": 1400, "height": 900})
    for found in (page.locator(".said").last, page.locator("#figure-storyboard svg")):
        box = found.bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 900


def test_text_and_json_say_the_same(built_in, verdicts):
    told = json.loads((built_in / "results/report/verdicts.json").read_text(encoding="utf-8"))
    said = {row["id"]: row for row in told["hypotheses"]}
    text = (built_in / "results/report/summary.md").read_text(encoding="utf-8").replace("\\_", "_")
    assert set(said) == set(verdicts["id"])
    for row in verdicts.itertuples():
        assert said[row.id]["verdict"] == row.verdict
        assert said[row.id]["estimate"] == (None if pd.isna(row.estimate) else pytest.approx(row.estimate))
        assert f"**{said[row.id]['shown']}** ({row.id})" in text
    for part in told["answer"]:
        assert part["text"] in text.replace("\\", "")


def test_the_saved_table_is_the_table(opened, demo, verdicts, tmp_path):
    page = opened(demo)
    with page.expect_download() as waiting:
        page.locator("#get-verdicts").click()
    # compressed where it is large
    path = tmp_path / waiting.value.suggested_filename
    assert path.name.startswith("verdicts.tsv")
    waiting.value.save_as(path)
    saved = pd.read_csv(path, sep="\t").set_index("id").loc[verdicts["id"]]
    pd.testing.assert_frame_equal(saved.reset_index(), verdicts, check_exact=False)


@pytest.mark.parametrize(
    ("size", "scheme"), [(WIDE, "light"), (PHONE, "light"), (WIDE, "dark")], ids=["wide", "phone", "dark"]
)
def test_axe_finds_no_serious_violation(opened, demo, size, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = opened(demo, size=size)
    page.emulate_media(color_scheme=scheme)
    page.locator("#claim-B-total-w2 > details > summary").click()
    found = Axe().run(page).response["violations"]
    serious = [
        (one["id"], one["help"], [node["html"][:200] for node in one["nodes"][:3]])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_figures_have_a_text_and_a_caption(opened, demo):
    page = opened(demo)
    for figure in page.locator("figure").all():
        assert figure.locator("figcaption").text_content().strip()
        picture = figure.locator("svg, #map").first
        assert len(picture.get_attribute("aria-label")) > 30


def test_it_prints_to_pages_without_a_cut_figure(opened, demo, tmp_path):
    page = opened(demo, size=PAGE)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    figures = page.evaluate(
        """() => [...document.querySelectorAll("figure")].filter(e => e.getBoundingClientRect().height).map(e => {
          const box = e.getBoundingClientRect();
          return [e.id, box.height, box.right, getComputedStyle(e).breakInside];
        })"""
    )
    confirmatory = page.locator(".claim.confirmatory").count()
    assert len(figures) >= 14 + confirmatory
    assert confirmatory > 8
    # what may not be broken and fits on a page is never cut
    assert [one for one in figures if one[1] > PAGE["height"] or one[3] != "avoid"] == []
    assert [one for one in figures if one[2] > PAGE["width"] + 1] == []
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    file = SCREENSHOTS / "report.pdf"
    page.pdf(path=file, format="A4", prefer_css_page_size=True)
    data = file.read_bytes()
    assert 10 < len(re.findall(rb"/Type\s*/Page\b", data)) <= 25


@pytest.mark.parametrize(("size", "name"), [(WIDE, "wide"), (PHONE, "phone")])
def test_pictures_are_taken(opened, demo, size, name):
    page = opened(demo, size=size)
    page.wait_for_timeout(300)
    page.screenshot(path=SCREENSHOTS / f"{name}-first.png")
    for section in SECTIONS:
        found = page.locator(f"section[aria-labelledby={section}]")
        found.screenshot(path=SCREENSHOTS / f"{name}-{section}.png")
        assert found.bounding_box()["width"] <= size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_the_page_stays_within_its_size(demo):
    assert demo.stat().st_size < 6_000_000


def test_snakemake_makes_its_own_report_and_every_category_of_it_opens(built_in, opened, tmp_path):
    target = tmp_path / "report.zip"
    ran(snakemake("--report", str(target), directory=built_in, config=ROOT / "config/demo.yaml"))
    with zipfile.ZipFile(target) as archive:
        names = "\n".join(archive.namelist())
        archive.extractall(tmp_path)
    for name in ("report.html", "verdicts.tsv", "summary.md", "forest.png"):
        assert name in names
    whole = tmp_path / "report" / "report.html"
    categories = opened(whole).evaluate("Object.keys(categories)")
    assert len(categories) >= 3
    for category in categories:
        page = opened(whole)
        page.get_by_text(category, exact=True).last.click()
        page.locator("table tbody tr").first.wait_for()
        # no param of a rule may end the script that holds the results
        assert "{%" not in page.locator("body").inner_text()
        assert page.seen.errors == []
