"""The page in a browser: what can be clicked does what it says, and no name in the tables is taken for markup."""

import pytest
from evil import EVIL

from browser.conftest import PHONE, SCREENSHOTS, WIDE

pytestmark = pytest.mark.browser


def rows(page, table):
    return page.locator(f"#table-{table} tbody tr")


def column(page, table, heading):
    """Texts of a column as the page shows them."""
    heads = page.locator(f"#table-{table} thead th").all_inner_texts()
    number = next(place for place, text in enumerate(heads, start=1) if text.strip() == heading)
    return page.locator(f"#table-{table} tbody tr td:nth-child({number})").all_inner_texts()


def number(text):
    """A number as the page writes it: true minus, thousands, powers of ten."""
    text = text.replace("−", "-").replace(",", "").replace("%", "").strip()
    if "×" in text:
        digits, power = text.split("× 10")
        return float(digits) * 10.0 ** int(power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))
    return float(text)


def test_it_opens_without_an_error_and_asks_for_nothing(opened, made_up):
    page = opened(made_up)
    page.wait_for_load_state("networkidle")
    assert page.seen.errors == []
    assert [url for url in page.seen.requests if not url.startswith(("file://", "data:", "blob:"))] == []
    assert page.seen.requests[:1] == [f"file://{made_up}"]


def test_the_contents_jump_to_their_sections(opened, made_up):
    page = opened(made_up)
    links = page.locator("nav a")
    assert links.count() >= 8
    for link in links.all():
        link.click()
        target = page.locator(link.get_attribute("href"))
        top = target.bounding_box()["y"]
        end = page.evaluate("innerHeight + scrollY >= document.documentElement.scrollHeight - 2")
        assert -2 <= top < 60 or end, link.inner_text()


def test_a_click_on_a_heading_sorts_by_value_and_not_by_text(opened, made_up):
    page = opened(made_up)
    before = column(page, "abundance", "p")
    place = [text.strip() for text in page.locator("#table-abundance thead th").all_inner_texts()].index("p")
    sort = page.locator("#table-abundance thead th").nth(place)
    sort.click()
    page.wait_for_selector("#table-abundance th[aria-sort=ascending]")
    known = [number(text) for text in column(page, "abundance", "p") if text != "–"]
    assert known == sorted(known)
    assert len(known) > 10
    assert sorted(before) == sorted(column(page, "abundance", "p"))
    # the same by keyboard, the other way round
    sort.locator("[role=button]").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#table-abundance th[aria-sort=descending]")
    known = [number(text) for text in column(page, "abundance", "p") if text != "–"]
    assert known == sorted(known, reverse=True)


def test_a_filter_leaves_the_rows_that_hold_its_words(opened, made_up):
    page = opened(made_up)
    everything = rows(page, "hypotheses").count()
    page.locator("section[aria-labelledby=tables] details summary").first.click()
    box = page.get_by_role("region", name="Estimates of shares are log odds")
    field = page.locator("input[aria-controls=table-hypotheses]")
    field.fill("Treg share")
    left = rows(page, "hypotheses")
    assert 0 < left.count() < everything
    assert all("Treg share" in text for text in left.all_inner_texts())
    assert (
        f"{left.count()} of {everything} rows"
        in page.locator(".listed", has=box).locator("output").inner_text()
    )
    field.fill("")
    assert rows(page, "hypotheses").count() == everything


@pytest.mark.parametrize("name", ["T1", "E1"])
def test_a_click_on_a_row_of_the_forest_opens_its_evidence(opened, made_up, name):
    page = opened(made_up)
    evidence = page.locator(f"#claim-{name}")
    assert not evidence.locator("figure").is_visible()
    row = page.locator(f"section a[href='#claim-{name}']")
    svg = page.locator(f"figure svg a[href='#claim-{name}']").last
    assert row.count() >= 2
    svg.scroll_into_view_if_needed()
    box = svg.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 2)
    figure = evidence.locator("figure")
    figure.wait_for(state="visible")
    assert 0 <= evidence.bounding_box()["y"] < 60
    assert "Rule" in evidence.inner_text()
    evidence.screenshot(path=SCREENSHOTS / f"evidence-{name}.png")


def test_a_question_opens_by_keyboard_and_a_link_to_one_of_its_claims_opens_it(opened, made_up):
    page = opened(made_up)
    summary = page.locator("#claim-B1 > details > summary")
    summary.focus()
    page.keyboard.press("Enter")
    page.locator("#claim-B1 figure").wait_for(state="visible")
    page.keyboard.press("Space")
    assert not page.locator("#claim-B1 figure").is_visible()
    # R2 is a claim on the estimate of R1
    assert not page.locator("#claim-R2").is_visible()
    page.evaluate("location.hash = '#claim-R2'")
    page.locator("#claim-R2").wait_for(state="visible")
    assert page.locator("#claim-R1 > details[open]").count() == 1


def test_all_evidence_opens_and_closes_at_once(opened, made_up):
    page = opened(made_up)
    button = page.locator("button[data-open]")
    button.click()
    assert page.locator(".claim > details[open]").count() == page.locator(".claim").count() == 16
    button.click()
    assert page.locator(".claim > details[open]").count() == 0


def test_the_map_is_coloured_by_what_is_chosen_and_names_hide_their_cells(opened, made_up):
    page = opened(made_up)
    assert page.locator("#map-by option").all_inner_texts() == ["population", "visit", "donor", "batch"]
    picture = page.locator("#map")
    shots = {}
    for name in ("population", "visit", "donor", "batch"):
        page.select_option("#map-by", name)
        page.wait_for_timeout(150)
        shots[name] = picture.screenshot(path=SCREENSHOTS / f"map-{name}.png")
    assert len(set(shots.values())) == 4
    assert [text.split(" (")[0] for text in page.locator("#map-legend button").all_inner_texts()] == [
        EVIL,
        "run2",
    ]
    page.select_option("#map-by", "visit")
    first = page.locator("#map-legend button").first
    assert first.get_attribute("aria-pressed") == "true"
    first.click()
    page.wait_for_selector("#map-legend button[aria-pressed=false]")
    page.wait_for_timeout(150)
    assert picture.screenshot() != shots["visit"]
    # the visits side by side, below
    assert page.locator("#figure-embedding").is_visible()


def test_the_wheel_scrolls_the_page_over_the_map(opened, made_up):
    page = opened(made_up)
    page.locator("#map").scroll_into_view_if_needed()
    box = page.locator("#map").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    before = page.evaluate("scrollY")
    page.mouse.wheel(0, 240)
    page.wait_for_timeout(300)
    assert page.evaluate("scrollY") > before


@pytest.mark.parametrize(("kind", "start"), [("SVG", b"<svg"), ("PNG", b"\x89PNG")])
def test_a_figure_is_saved_from_its_caption(opened, made_up, tmp_path, kind, start):
    page = opened(made_up)
    with page.expect_download() as waiting:
        page.get_by_role("button", name=f"Save figure storyboard as {kind}").click()
    assert waiting.value.suggested_filename == f"storyboard.{kind.lower()}"
    waiting.value.save_as(tmp_path / "figure")
    assert (tmp_path / "figure").read_bytes().startswith(start)


def test_a_figure_is_printed_alone_under_its_name(opened, made_up):
    page = opened(made_up)
    page.evaluate("window.print = () => (window.asked = document.title)")
    page.get_by_role("button", name="Save figure shares as PDF").click()
    assert page.evaluate("asked") == "shares"
    page.emulate_media(media="print")
    assert page.locator("#figure-shares svg").is_visible()
    assert [one.get_attribute("id") for one in page.locator("figure").all() if one.is_visible()] == [
        "figure-shares"
    ]
    assert not page.locator("h1").is_visible()
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("body.single").count() == 0
    assert page.title() == f"Title {EVIL}"
    # every figure offers each kind, from this file or so
    kinds = page.locator("figure .save").all_text_contents()
    assert len(kinds) > 18
    assert all(kind in text for text in kinds for kind in ("SVG", "PNG", "PDF"))


def test_a_table_is_saved_as_a_file(opened, made_up, tmp_path):
    page = opened(made_up)
    with page.expect_download() as waiting:
        page.locator("a.get[href='#get-abundance']").click()
    waiting.value.save_as(tmp_path / "abundance.tsv")
    head = (tmp_path / "abundance.tsv").read_text(encoding="utf-8").splitlines()[0]
    assert head.startswith("population\tdenominator\tcontrast")


def test_a_name_that_is_markup_stays_text(opened, made_up):
    page = opened(made_up)
    page.locator("button[data-open]").click()
    page.evaluate("document.querySelectorAll('details').forEach(one => (one.open = true))")
    for heading in ("qc", "labelled", "arms"):
        page.locator(f"#table-{heading} thead th").first.click()
    page.select_option("#map-by", "donor")
    box = page.locator("#map").bounding_box()
    for step in range(12):  # over cells, which tell their donor
        page.mouse.move(
            box["x"] + box["width"] * (0.1 + step / 15), box["y"] + box["height"] * (0.2 + step / 20)
        )
        page.wait_for_timeout(30)
    assert page.seen.dialogs == []
    assert page.locator("img").count() == 0
    assert page.locator("h1").inner_text() == f"Title {EVIL}"
    assert EVIL in page.locator("#claim-B2 h5").inner_text()
    assert page.get_by_text(EVIL, exact=True).count() > 10
    assert page.seen.errors == []


@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "wide"])
def test_nothing_is_wider_than_the_screen(opened, made_up, size):
    page = opened(made_up, size=size)
    page.evaluate("document.querySelectorAll('details').forEach(one => (one.open = true))")
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    wide = page.evaluate(
        """() => [...document.querySelectorAll("body *")].filter(e => {
          const box = e.getBoundingClientRect();
          return box.width && box.right > innerWidth + 1 && !e.closest(".scroll, .plot, .skip, .unseen");
        }).map(e => e.tagName + "." + e.className + " " + e.textContent.slice(0, 40))"""
    )
    assert wide == []
