"""The page is whole, loads nothing, and offers the tables that it says."""

import base64
import gzip
import hashlib
import io
import re
import xml.etree.ElementTree as ET
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import report_tables as made_up
import yaml
from report_page import FOLDER, SCRIPTS, render

from cd20scope.report import wording
from cd20scope.report.figures import named


def test_the_page_is_well_formed_and_its_ids_are_unique(page):
    assert page.open == []
    assert [name for name, n in Counter(page.ids).items() if n > 1] == []
    assert page.tags["h1"] == page.tags["main"] == page.tags["nav"] == 1


def test_visits_plurals_and_minus_signs_have_one_spelling(page, html):
    rows = re.findall(r"<summary>(.*?)</summary>", html, re.DOTALL)
    said = [" ".join(page.sections["answer"].split()), *(re.sub("<[^>]+>", " ", row) for row in rows)]
    for text in said:
        assert not re.search(r"\b1 (donors|samples|questions|pairs)\b", text)
        assert not re.search(r"[ (]-\d", text)
        assert not re.search(r"\b(week2|month6)\b", text)
    assert sum("week 2" in text for text in said) > 3


def test_the_first_screen_answers_in_three_sentences(tables, page):
    answer = " ".join(page.sections["answer"].split()).replace("\N{NO-BREAK SPACE}", " ")
    before = tables["abundance"].query("population == 'B cells' and contrast == 'week2-baseline'").iloc[0]
    row = tables["verdicts"].set_index("id").loc["B1"]
    odds = before["fraction_before"] / (1 - before["fraction_before"]) * np.exp(row["estimate"])
    low, high = (
        before["fraction_before"] / (1 - before["fraction_before"]) * np.exp(row[limit])
        for limit in ("decide_low", "decide_high")
    )
    assert (
        f"from {wording.percent(before['fraction_before'])} of PBMC at baseline to "
        f"{wording.percent(odds / (1 + odds))} at week 2 (90 % CI "
        f"{wording.share_interval(low / (1 + low), high / (1 + high))}; 7 donors)" in answer
    )
    for about in ("B cells", "T cells", "What cannot be said"):
        assert about in answer
    assert "D07 had repopulated by month 6" in answer
    assert "as every donor was treated; nor whether cell numbers changed" in answer


def test_nothing_is_loaded_and_only_dois_leave_the_page(page, html):
    for tag, target in page.links:
        inside = target.startswith(("#", "data:image/png;base64,")) or target in page.save.values()
        assert inside or (tag == "a" and target.startswith("https://doi.org/10.")), (tag, target)
    assert not re.search(r"url\(\s*['\"]?\s*(?:https?:)?//", html)
    assert "@import" not in html
    assert not {"link", "iframe", "img", "object"} & set(page.tags)
    assert page.tags["script"] == 2 + len(SCRIPTS)
    assert "default-src 'none'" in html


def test_the_libraries_are_those_that_were_published():
    stated = (FOLDER / "vendor/README.md").read_text(encoding="utf-8")
    for name in SCRIPTS:
        digest = hashlib.sha256((FOLDER / "vendor" / name).read_bytes()).hexdigest()
        assert f"`{name}`" in stated
        assert digest in stated
    assert "</script" not in "".join(SCRIPTS.values())


def test_each_download_is_the_table_that_it_says(tables, page):
    for name, table in (("verdicts", tables["verdicts"]), ("programs", tables["programs"])):
        saved = next(target for file, target in page.save.items() if file.startswith(f"{name}.tsv"))
        data = base64.b64decode(saved.partition(",")[2])
        text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        read = pd.read_csv(io.BytesIO(text), sep="\t")
        read, table = (rows.sort_values(list(rows.columns[:4]), ignore_index=True) for rows in (read, table))
        pd.testing.assert_series_equal(read["estimate"], table["estimate"], check_exact=False)
    settings = yaml.safe_load(base64.b64decode(page.save["config.yaml"].partition(",")[2]))
    assert settings["verdict"] == tables["config"]["verdict"]


def test_each_figure_offers_its_data_beside_it(tables, page, html):
    shown = re.findall(r'<figure id="figure-([^"]+)">(.*?)</figure>', html, re.DOTALL)
    names = [name for name, _ in shown if name != "map"]
    for name, text in shown:
        if name in names:
            assert f'download="figure-{name}.tsv' in text, name
    saved = {name: target for name, target in page.save.items() if name.startswith("figure-")}
    assert len(saved) == len(names)
    table = unpacked(saved["figure-donor_changes.tsv.gz"])
    assert set(table["donor"]) == set(made_up.DONORS)
    forest = unpacked(next(target for name, target in saved.items() if name.startswith("figure-forest.tsv")))
    own = tables["verdicts"][tables["verdicts"]["family"] == "confirmatory"].set_index("id")
    np.testing.assert_allclose(forest.set_index("id")["estimate"], own.loc[forest["id"], "estimate"])
    assert base64.b64decode(page.save["forest.pdf"].partition(",")[2]) == b"%PDF"


def unpacked(target):
    """Table of a data address."""
    data = base64.b64decode(target.partition(",")[2])
    text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    return pd.read_csv(io.BytesIO(text), sep="\t")


def test_the_provenance_of_the_run_stands_in_the_methods(tables, page):
    methods = " ".join(page.sections["methods"].split())
    asked, made = tables["asked"], tables["made"]
    for text in (
        f"Report written {made['written']}",
        f"Workflow cd20scope 0.1.0, code {made['code'][:12]}",
        f"Command {made['command']}",
        f"SHA-256 {asked['digest']}, first used {asked['first_used']}",
        "Setting Default This run verdict.alpha 0.05 0.01",
    ):
        assert text in methods


def test_inputs_stand_with_their_sums(tables, page):
    methods = page.sections["methods"]
    for digest in tables["inputs"]["sha256"]:
        assert digest in methods


def test_every_work_that_the_methods_cite_is_listed_once(html):
    section = html[html.index('id="methods"') : html.index('id="tables"')]
    cited = re.findall(r'href="#ref-(\w+)">(\d+)<', section)
    listed = re.findall(r'<li id="ref-(\w+)"', section)
    assert {key: listed.index(key) + 1 for key, _ in cited} == {key: int(n) for key, n in cited}
    assert {key for key, _ in cited} == set(listed)
    assert len(listed) == len(set(listed)) > 15


def test_a_swapped_sample_is_named(page):
    trust = " ".join(page.sections["trust"].split())
    assert "against the sheet: D03_week2; different within a donor: D03. Samples may be swapped." in trust


def test_the_contents_lead_to_every_section(page):
    targets = [target[1:] for tag, target in page.links if tag == "a" and target.startswith("#")]
    assert set(targets) <= set(page.ids)
    assert page.tags["section"] == 8
    assert set(page.sections) == {target for target in targets if target in page.sections}


def test_figures_carry_a_text_and_refer_to_themselves_only(tables, html):
    figures = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    # of the cohort and the families, and one per question
    assert len(figures) == 18 + tables["verdicts"]["question"].nunique()
    assert sum(text.count("url(#fig-") for text in figures) > 50
    for text in figures:
        svg = ET.fromstring(text)
        assert len(svg.get("aria-label", "")) > 30
        ids = {element.get("id") for element in svg.iter()}
        used = re.findall(r"url\(#([^)]+)\)", text)
        used += [e.get("href")[1:] for e in svg.iter() if e.get("href", "").startswith("#fig-")]
        assert set(used) <= ids


def test_figures_are_numbered_in_their_order(html):
    numbers = [int(n) for n in re.findall(r"<strong>Figure (\d+)\.</strong>", html)]
    assert numbers == list(range(1, len(numbers) + 1))
    evidence = len(re.findall('<figure id="figure-claim-', html))
    assert len(numbers) == len(re.findall("<svg", html)) - evidence == 18


@pytest.mark.slow
def test_equal_tables_give_equal_bytes_whether_from_memory_or_from_disk(tables, html):
    assert render(tables) == html


def test_quality_control_has_a_column_per_reason(html):
    table = html[html.index('id="table-qc"') :].split("</thead>")[0]
    for reason in ("few genes", "mitochondrial"):
        assert f"Dropped: {reason}" in table
    assert "Doublets" in table


def test_figures_show_a_population_in_its_usual_denominator_only():
    rows = [("Plasma", "PBMC", 0.01), ("Plasma", "B lineage", 0.9), ("Treg", "CD4 T", 0.1)]
    donors = pd.DataFrame(rows, columns=["population", "denominator", "fraction"])
    assert named.usual_shares(donors)["denominator"].tolist() == ["PBMC", "CD4 T"]
