"""The page says what the tables say, runs nothing that stands in them, and needs no network."""

import base64
import gzip
import hashlib
import io
import re
import xml.etree.ElementTree as ET
from collections import Counter
from html.parser import HTMLParser

import annotation_tables
import numpy as np
import pandas as pd
import pytest
import report_tables as made_up
import statistics_tables
import yaml
from report_page import FOLDER, SCRIPTS, render
from scipy import stats

from cd20scope.report import hypothesis_words, wording
from cd20scope.report.figures import named
from cd20scope.report.tables import listings
from cd20scope.schema import VERDICTS
from cd20scope.study import nouns

EVIL = "<img src=x onerror=alert(1)>"
VOID = {"meta", "br", "hr", "img", "input", "link", "col"}


class Page(HTMLParser):
    """Elements, ids, references and text of a page; complains about tags that do not match."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.ids, self.links, self.text, self.claims = [], Counter(), [], [], [], {}
        self.sections, self.save = {}, {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags[tag] += 1
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.links += [(tag, attrs[key]) for key in ("href", "src") if key in attrs]
        if "download" in attrs:
            self.save[attrs["download"]] = attrs["href"]
        if tag not in VOID:
            self.open.append((tag, attrs.get("id") or attrs.get("aria-labelledby", "")))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        opened, _ = self.open.pop()
        assert opened == tag, f"</{tag}> closes <{opened}> at {self.getpos()}"

    def handle_data(self, data):
        if self.open and self.open[-1][0] in ("script", "style"):
            return
        self.text.append(data)
        for tag, name in self.open:
            if tag == "article":
                self.claims[name] = f"{self.claims.get(name, '')} {data.strip()}"
            if tag == "section":
                self.sections[name] = f"{self.sections.get(name, '')} {data.strip()}"


@pytest.fixture(scope="module")
def tables():
    """Every table; genes of two populations only, since a volcano plot costs more than it shows here."""
    made = made_up.tables(n_cells=300, n_genes=40)
    genes = made["expression"]
    shown = {"expression": genes[genes["population"].isin(["Treg", "NK"])]}
    return made | annotation_tables.arguments() | shown | {"statistics": statistics_tables.every()}


def from_disk(table):
    """Table as the workflow reads it, where an empty text is a missing value."""
    return pd.read_csv(io.StringIO(table.to_csv(sep="\t", index=False)), sep="\t")


@pytest.fixture(scope="module")
def html(tables):
    read = {key: from_disk(table) for key, table in tables.items() if isinstance(table, pd.DataFrame)}
    for part in ("annotation", "statistics"):
        read[part] = {key: from_disk(table) for key, table in tables[part].items()}
    return render(tables | read)


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


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


def test_every_hypothesis_has_its_verdict_numbers_and_donors(tables, page):
    for row in tables["verdicts"].to_dict("records"):
        claim = " ".join(page.claims[f"claim-{row['id']}"].split())
        asked = " ".join(page.claims[f"claim-{row['question']}"].split())
        assert row["statement"] in claim
        assert row["verdict"] in claim
        assert nouns.visits_in(row["reason"][1:], made_up.VISITS) in claim
        assert nouns.visits_in(row["dropped"], made_up.VISITS) in asked
        assert f"{row['estimate']:.2f}".replace("-", "−") in asked
        if row["verdict"] != "not testable":
            assert wording.p_value(row["p_adjusted"]) in claim
            assert f"{row['n_pairs']} of 8 enter" in asked
            held = f"{row['arms_held']:.0f} of {row['arms_asked']:.0f} sensitivity analyses"
            assert f"Verdict unchanged in {held}" in claim


def test_the_first_hypothesis_reads_as_computed_by_hand(tables, page):
    row = tables["verdicts"].set_index("id").loc["B1"]
    claim = " ".join(page.claims["claim-B1"].split())
    fit = made_up.abundance().query("population == 'B cells' and contrast == 'week2-baseline'").iloc[0]
    t = stats.t.ppf(0.95, fit["df"])  # a strong claim: one-sided at 0.05
    low, high = row["estimate"] - t * fit["se"], row["estimate"] + t * fit["se"]
    text = f"{row['estimate']:.2f} log odds (90 % CI {low:.2f} to {high:.2f}; 95 % CI {row['ci_low']:.2f} to "
    assert text.replace("-", "−") in claim
    assert (
        "Tested Fall of at least 80 % (5-fold in the odds) from baseline to week 2, judged by the confidence limit."
        in claim
    )
    assert "p against the margin, adjusted" in claim


def test_a_one_sided_interval_and_a_described_effect_are_told_as_such(tables, page):
    high = tables["verdicts"].set_index("id").loc["B3", "ci_high"]
    claim = " ".join(page.claims["claim-B3"].split())
    assert f"upper 95 % confidence limit {high:.2f}".replace("-", "−") in claim
    assert "to near the detection limit by week 2 (upper" in claim
    assert "(described only)" in page.claims["claim-A4"]


def test_what_a_verdict_hangs_on_stands_beside_it(page):
    claim = " ".join(page.claims["claim-T1"].split())
    assert (
        "Verdict unchanged in 4 of 6 sensitivity analyses (changes: leave one donor out; adjusted for steroid score)."
        in claim
    )
    assert (
        "Steroid and handling scores Glucocorticoid −0.31 SD (−0.62 to −0.00); Handling stress +0.10 SD"
        in claim
    )
    assert "Caution" not in claim
    treg = " ".join(page.claims["claim-R3"].split())
    assert (
        "(!) Caution. Possible steroid effect: the steroid score of the same cells changed by −0.31 SD"
        in treg
    )
    untested = " ".join(page.claims["claim-A4"].split())
    assert "unchanged" not in untested
    assert "Minimum detectable" not in untested


def test_the_smallest_effect_is_told_in_the_unit_of_the_claim(tables, page):
    ends = tables["verdicts"].set_index("id")[["smallest_effect_low", "smallest_effect_high"]]
    odds = "- to ".join(f"{end:.2g}" for end in np.exp(ends.loc["B1"]))
    told = {name: " ".join(page.claims[f"claim-{name}"].split()) for name in ("B1", "T1", "R4")}
    assert f"Minimum detectable effect (80 % power) fall of {odds}-fold in the odds" in told["B1"]
    sd = " to ".join(f"{end:.2g}" for end in ends.loc["T1"])
    assert f"Minimum detectable effect (80 % power) fall of {sd} baseline SD" in told["T1"]
    reach = tables["verdicts"].set_index("id").loc["T1", "reach"]
    assert f"Exact test p 0.0078 against no change, by all sign flips of the donors. {reach}" in told["T1"]
    assert (
        "No change by 1.2-fold in the odds or more, in either direction, from baseline to month 6"
        in told["R4"]
    )


def test_each_donor_has_its_change_or_the_reason_why_not(tables, page):
    ledger = tables["statistics"]["ledger"]
    claim = " ".join(page.claims["claim-B1"].split())
    for row in ledger[ledger["id"] == "B1"].itertuples():
        told = f"{row.donor} {wording.number(row.change)} "
        reason = nouns.visits_in(row.reason, made_up.VISITS)
        assert told + ("yes" if row.enters == "yes" else f"no: {reason}") in claim
    order = " ".join(page.claims["claim-P1"].split())
    heads = ("cells, week 2 vs baseline, log odds", "programme, month 6 vs baseline, baseline SD")
    assert all(head in order for head in heads)
    for part in tables["statistics"]["parts"].itertuples():
        assert f"{part.statement} {part.holds} {wording.number(part.estimate)}" in order


def test_each_question_is_one_row_with_every_claim_on_its_estimate(tables, html):
    """The badge is the question's, and the claims that it refutes stand beside those that it bears out."""
    rows = tables["verdicts"]
    summaries = dict(
        re.findall(
            r'<article class="claim[^"]*" id="claim-([^"]+)">\s*<details>\s*<summary>(.*?)</summary>',
            html,
            re.DOTALL,
        )
    )
    assert set(summaries) == set(rows.loc[rows["id"] == rows["question"], "id"])
    for name, text in summaries.items():
        own = rows[rows["question"] == name]
        (stated,) = re.findall(r'<span class="stated">(.*?)</span>\n', text, re.DOTALL)
        for verdict, n in own["verdict"].value_counts().items():
            assert stated.count(f": {verdict}") == n
    shown = " ".join(re.sub("<[^>]+>", " ", summaries["R1"]).split())
    assert "What became of Treg?" in shown
    for change in (
        "rise of at least 20 %",
        "fall of at least 16.7 %",
        "no change by 1.2-fold in the odds or more",
    ):
        assert change in shown


def test_every_hypothesis_has_its_evidence(tables, page):
    assert set(page.claims) == {f"claim-{name}" for name in tables["verdicts"]["id"]}
    shown = " ".join(page.claims["claim-R1"].split())
    for heading in (
        "Rule",
        "Test",
        "Donors",
        "Source",
        "Sensitivity analyses",
        "Technique",
        "Row of verdicts.tsv",
    ):
        assert heading in shown
    assert "Claims on this estimate; at most one can be supported" in shown
    assert "Author R2 2021" in shown  # the source of the other side


def test_the_first_screen_answers_in_three_sentences(tables, page):
    answer = " ".join(page.sections["answer"].split()).replace("\N{NO-BREAK SPACE}", " ")
    before = tables["abundance"].query("population == 'B cells' and contrast == 'week2-baseline'").iloc[0]
    row = tables["verdicts"].set_index("id").loc["B1"]
    odds = before["fraction_before"] / (1 - before["fraction_before"]) * np.exp(row["estimate"])
    assert (
        f"from {wording.percent(before['fraction_before'])} of PBMC at baseline to "
        f"{wording.percent(odds / (1 + odds))} at week 2 (7 donors)" in answer
    )
    for about in ("B cells", "T cells", "What cannot be said"):
        assert about in answer
    assert "D07 had repopulated by month 6" in answer
    assert "as every donor was treated; nor whether cell numbers changed" in answer


def test_exploratory_hypotheses_are_in_the_table_at_the_end(tables, html):
    end = html[html.index('id="table-hypotheses"') :]
    for statement in tables["verdicts"]["statement"]:
        assert statement in end


def test_the_tally_counts_every_question_once_and_those_of_a_possible_steroid_effect_apart(tables, page):
    rows = tables["verdicts"]
    leads = rows[rows["id"] == rows["question"]]  # T4, R2 and R4 read the estimates of T3 and R1
    text = " ".join("".join(page.text).split())
    for family in ("confirmatory", "exploratory"):
        own = leads[leads["family"] == family]
        shown = own["verdict"] + np.where(own["caution"] != "", " (steroids?)", "")
        order = [f"{verdict}{mark}" for verdict in VERDICTS for mark in ("", " (steroids?)")]
        found = Counter(shown)
        told = ", ".join(f"{found[name]} {name}" for name in order if found[name])
        start = (
            f"{len(own)} confirmatory questions" if family == "confirmatory" else f"{len(own)} exploratory"
        )
        assert f"{start}: {told}." in text
    assert "1 supported (steroids?)" in text


def test_questions_that_were_changed_after_verdicts_are_told_above_the_answer(tables, page):
    used = "first used 2026-01-05T09:00:00+00:00"
    assert used in " ".join("".join(page.text).split())
    changed = render(tables | {"asked": made_up.asked(after_verdicts=True)})
    warning = "The questions were changed after verdicts had been made"
    assert warning in changed[changed.index('id="answer"') : changed.index('class="said"')]
    assert "questions were changed" not in render(tables)


THEMED = ("depletion", "presentation", "helper", "treg", "order", "innate")


def test_claims_follow_the_story(page):
    order = [name for name in page.ids if name.startswith("theme-")]
    assert order == [f"theme-{name}" for name in THEMED]


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
    assert len(figures) == 16 + tables["verdicts"]["question"].nunique()
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
    assert len(numbers) == len(re.findall("<svg", html)) - evidence == 16


def test_equal_tables_give_equal_bytes_whether_from_memory_or_from_disk(tables, html):
    assert render(tables) == html


EVIL_COLUMNS = {
    "arms": ["arm", "detail"],
    "ledger": ["reason"],
    "repopulation": ["donor", "statement"],
    "absolute": ["population", "reason"],
    "random_sets": ["program"],
    "gene_flips": ["population"],
    "enrichment": ["gene_set"],
}


def test_what_stands_in_a_table_stays_text(tables):
    """Names of samples and donors, texts of catalogues, reasons, paths, settings, gene names, title."""
    evil = {key: table.copy() for key, table in tables.items() if hasattr(table, "columns")}
    for key in ("donors", "scores", "embedding", "qc_summary"):
        for column in {"sample", "donor", "population"} & set(evil[key].columns):
            evil[key][column] = evil[key][column].replace({"D01": EVIL, "Treg": EVIL, "D01_week2": EVIL})
    labels = {key: table.copy() for key, table in tables["annotation"].items()}
    for key, column in (("unassigned", "donor"), ("contamination", "genes"), ("agreement", "judge_b")):
        labels[key][column] = EVIL
    labels["agreement_summary"]["judge_b"] = EVIL
    labels["protein"] = labels["protein"].replace({"protein": {"CD4": EVIL}})
    evil["verdicts"].loc[0, ["id", "statement", "effect", "reason", "donors", "test", "source", "note"]] = (
        EVIL
    )
    evil["verdicts"].loc[1, ["population", "denominator", "contrast"]] = EVIL
    evil["verdicts"].loc[2, ["caution", "beside", "arms_against", "dropped"]] = EVIL
    statistics = {key: table.copy() for key, table in tables["statistics"].items()}
    for key, columns in EVIL_COLUMNS.items():
        statistics[key].loc[0, columns] = EVIL
    statistics["ledger"]["donor"] = statistics["ledger"]["donor"].replace({"D01": EVIL})
    evil["inputs"].loc[0, ["sample", "path"]] = EVIL
    evil["qc_summary"] = evil["qc_summary"].rename(columns={"mitochondrial": EVIL})
    for key in ("abundance", "programs", "expression_populations"):
        evil[key].loc[0, ["donors", "dropped", "reason"]] = EVIL
    evil["expression"] = evil["expression"].replace({"gene": {"FOXP3": EVIL}})
    rest = {
        "config": tables["config"] | {"samples": EVIL, "report": {"title": EVIL}},
        "versions": {"cd20scope": EVIL, EVIL: EVIL},
    }
    evil["sheet"]["donor"] = evil["sheet"]["donor"].replace({"D01": EVIL})
    evil["sexes"].loc[0, ["sample", "donor", "sex_in_sheet"]] = EVIL
    html = render(tables | evil | rest | {"annotation": labels, "statistics": statistics})
    page = Page(html)
    assert EVIL not in html
    assert page.tags["img"] == 0
    assert "".join(page.text).count(EVIL) >= 15
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", name) for name in page.ids)


def test_simulated_data_are_called_that(tables, html):
    assert "Simulated data" not in html
    config = tables["config"] | {"simulate": {"plan": "treated", "donors": 8}}
    rows = {name: tables[name].head(0) for name in ("expression", "embedding", "programs", "scores")}
    other = render(tables | rows | {"config": config, "statistics": {}})
    assert "Simulated data" in other
    # without a table of arms, flips or donors the page still stands, and says that there is none
    assert Page(other).open == []
    for name in ("arms", "calibration", "ledger", "repopulation", "absolute", "enrichment", "gene_flips"):
        table = other[other.index(f'id="table-{name}"') :].split("</table>")[0]
        assert ">None.<" in table, name


def test_what_a_run_has_not_is_not_told(tables, html):
    """No second judge, no protein, no estimate of the soup; and labels that did not come from the markers."""
    few = {"agreement", "agreement_summary", "protein", "contamination"}
    labels = {name: table for name, table in tables["annotation"].items() if name not in few}
    rows = {name: tables[name].head(0) for name in ("expression", "embedding", "programs", "scores")}
    annotate = tables["config"]["annotate"] | {"method": ["reference"]}
    rest = {"annotation": labels, "config": tables["config"] | {"annotate": annotate}}
    other = render(tables | rows | rest)
    section = other[other.index('id="annotation"') : other.index('aria-labelledby="methods"')]
    figures = len(re.findall("<svg", html)) - len(re.findall("<svg", other))
    assert figures == 2
    for word in (
        "second opinion",
        "Surface protein",
        "kappa",
        "Ambient RNA, with",
        "come from profiles of sorted cells",
    ):
        assert word in html
        assert word not in section
    assert "given by the judge “reference”" in section


def test_quality_control_has_a_column_per_reason(html):
    table = html[html.index('id="table-qc"') :].split("</thead>")[0]
    for reason in ("few genes", "mitochondrial"):
        assert f"Dropped: {reason}" in table
    assert "Doublets" in table


def test_who_entered_and_who_did_not(tables):
    ledger = listings.entered(tables["abundance"], tables["programs"], tables["expression_populations"])
    early = ledger[ledger["contrast"] == "week2-baseline"].iloc[0]
    assert (early["n"], early["dropped"]) == (7, "D05: no week2")
    assert "D05" not in early["donors"]
    assert {"shares", "programmes", "genes"} <= set(re.findall(r"(\w+):", early["tests"]))


def test_everything_that_was_not_testable_is_listed_with_its_reason(tables):
    names = ("verdicts", "abundance", "programs", "expression_populations")
    listed = listings.not_testable(*(tables[name] for name in names))
    assert listed["what"].tolist() == [
        "Hypothesis A4: MHC class II falls within DC",
        "Share of HSPC in non-B PBMC",
        "Programme MHC class II in DC",
        "Genes in B memory",
    ]
    assert listed["reason"].str.len().gt(10).all()


def test_a_missing_column_is_named(tables):
    with pytest.raises(ValueError, match=r"verdicts\.tsv: column\(s\) beside missing"):
        render(tables | {"verdicts": tables["verdicts"].drop(columns="beside")})


def test_margins_are_on_the_scale_of_the_estimate():
    row = {"endpoint": "abundance", "program": "", "margin": 5.0, "direction": "down"}
    assert hypothesis_words.margin_of(row) == pytest.approx(np.log(0.2))
    row = {"endpoint": "biphasic", "program": "Th17", "margin": 0.5, "direction": "up"}
    assert hypothesis_words.margin_of(row) == 0.5


def test_figures_show_a_population_in_its_usual_denominator_only():
    rows = [("Plasma", "PBMC", 0.01), ("Plasma", "B lineage", 0.9), ("Treg", "CD4 T", 0.1)]
    donors = pd.DataFrame(rows, columns=["population", "denominator", "fraction"])
    assert named.usual_shares(donors)["denominator"].tolist() == ["PBMC", "CD4 T"]


def test_a_run_in_which_no_gene_could_be_tested_has_its_page(tables):
    # an empty table that was read from disk has no numbers in it
    nothing = from_disk(tables["expression"].iloc[:0])
    assert nothing["p_value"].dtype == object
    assert "Answer" in render(tables | {"expression": nothing})


def test_a_verdict_that_technique_explains_is_told_with_its_reason(tables):
    verdicts = tables["verdicts"].copy()
    reason = "supported as measured, inconclusive in the analysis “B-cell RNA subtracted”: week2 has less"
    verdicts.loc[verdicts["id"] == "T1", ["verdict", "technical", "reason"]] = ["inconclusive", "yes", reason]
    page = Page(render(tables | {"verdicts": verdicts}))
    claim = " ".join(page.claims["claim-T1"].split())
    assert "inconclusive (technical)" in claim
    assert (
        "Supported as measured, inconclusive in the analysis “B-cell RNA subtracted”: week 2 has less."
        in claim
    )
    assert "Verdict as measured unchanged in 4 of 6 sensitivity analyses" in claim
    assert "inconclusive (technical)" not in " ".join(page.claims["claim-B1"].split())
