"""Every figure is a file too: at the size of a page, with its title, the same each time."""

import dataclasses
import io
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import annotation_tables
import matplotlib as mpl
import matplotlib.image as mpimg
import numpy as np
import pandas as pd
import pytest
import report_page
import report_tables
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cd20scope import schema
from cd20scope.report import read as result_files
from cd20scope.report.colours import population_colours
from cd20scope.report.figures import evidence, named, named_verdicts, save, shown, svg
from cd20scope.report.figures import verdicts as verdict_figures
from cd20scope.report.figures.style import WIDTH, Drawing, message_figure, settle
from cd20scope.report.sections import cell_map

COLOURS = population_colours(annotation_tables.tree())
ROOT = Path(__file__).parents[4]
NONE = pd.DataFrame({"id": ["B1"], "value": [0.5]})


@pytest.fixture(scope="module")
def run():
    return report_page.complete(report_page.tables(n_cells=60, n_genes=20))


def nothing():
    return {
        "forest": Drawing(
            message_figure("No hypothesis."), "Every hypothesis", "nothing to see in this figure", NONE
        ),
        "claim-B1": Drawing(message_figure("No donor."), "B cells", "nothing to see in this figure", NONE),
    }


def test_a_figure_is_saved_three_times_with_the_same_bytes_each_time(tmp_path):
    written = save.save_all(nothing(), tmp_path / "figures")
    names = sorted(path.relative_to(tmp_path / "figures").as_posix() for path in written)
    assert names == [
        *("evidence.pdf", "evidence/B1.png", "evidence/B1.svg"),
        *("forest.pdf", "forest.png", "forest.svg"),
    ]
    width = mpimg.imread(tmp_path / "figures/forest.png").shape[1]
    assert width == pytest.approx(WIDTH * save.DPI, abs=2)
    assert (tmp_path / "figures/evidence.pdf").read_bytes().startswith(b"%PDF")
    again = save.save_all(nothing(), tmp_path / "again")
    for one, other in zip(written, again, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_the_data_of_each_figure_are_a_table_of_its_name(tmp_path):
    written = save.save_data(nothing(), tmp_path / "tables")
    names = sorted(path.relative_to(tmp_path / "tables").as_posix() for path in written)
    assert names == ["evidence/B1.tsv", "forest.tsv"]
    for path in written:
        pd.testing.assert_frame_equal(pd.read_csv(path, sep="\t"), NONE)
    tables, pdfs = result_files.read_saved([tmp_path / "tables"], [])
    assert set(tables) == {"forest", "claim-B1"}
    assert pdfs == {}


def test_every_figure_has_its_data(run):
    for name, drawn in (
        named.draw_cohort(run)
        | named_verdicts.draw_family(run, family="confirmatory")
        | named_verdicts.draw_family(run, family="exploratory")
    ).items():
        assert len(drawn.data) > 0, name
        assert drawn.data.columns.is_unique, name
        assert len(drawn.data.drop_duplicates()) == len(drawn.data), name


def test_pairs_that_come_from_json_are_lists():
    scores = report_tables.scores()
    pairs = [["Treg", "Treg suppression"]]
    assert len(shown.scores(scores, pairs, "baseline")) == len(report_tables.sheet())


def test_the_evidence_of_a_question_has_its_values_and_changes(run):
    table = named_verdicts.draw_evidence(run, family="confirmatory")["claim-B1"].data
    changes = table[table["shows"] == "change"].set_index("donor")["value"]
    ledger = run.statistics["ledger"].query("id == 'B1'").set_index("donor")["change"]
    pd.testing.assert_series_equal(changes, ledger, check_names=False)
    own = run.donors.query("population == 'B cells' and visit in ('baseline', 'week2')")
    values = table[table["shows"] == "value"]
    np.testing.assert_allclose(sorted(values["value"]), sorted(100 * own["fraction"]))


def test_the_data_of_the_storyboard_are_its_lines(run):
    table = named_verdicts.draw_story(run)["storyboard"].data
    own = table[(table["population"] == "B cells") & (table["visit"] == "baseline")]
    drawn = run.donors.query("population == 'B cells' and visit == 'baseline'")
    np.testing.assert_allclose(
        sorted(own.loc[own["donor"] != "mean", "value"]), sorted(100 * drawn["fraction"])
    )
    (mean,) = own.loc[own["donor"] == "mean", "value"]
    assert mean == pytest.approx(100 / (1 + np.exp(-drawn["logit"].mean())), rel=1e-6)


def test_only_pdfs_of_confirmatory_figures_enter_the_page(tmp_path):
    for part in schema.FAMILIES:
        save.save_all(nothing(), tmp_path / part)
    _, pdfs = result_files.read_saved([], [tmp_path / part for part in schema.FAMILIES])
    assert {name: data[:4] for name, data in pdfs.items()} == {"forest": b"%PDF", "evidence": b"%PDF"}


def test_a_table_of_every_gene_stays_beside_the_page(tmp_path):
    many = nothing()["forest"]
    data = pd.DataFrame({"gene": [f"GENE{number:07d}" for number in range(50_000)]})
    save.save_data({"volcanoes": dataclasses.replace(many, data=data)}, tmp_path)
    assert result_files.read_saved([tmp_path], []) == ({}, {})


def test_the_title_stands_above_the_figure_of_the_page(tmp_path, run):
    """The same picture in all files: nothing moves for the title, and it does not reach into the figure."""
    forest = named_verdicts.draw_forest(run, family="confirmatory")["forest"]
    plain = io.BytesIO()
    settle(forest.figure)
    with mpl.rc_context(save.SETTINGS):
        forest.figure.savefig(plain, dpi=save.DPI)
    plain.seek(0)
    drawn = mpimg.imread(plain)
    save.save_all({"forest": forest}, tmp_path)
    whole = mpimg.imread(tmp_path / "forest.png")
    strip = len(whole) - len(drawn)
    assert strip == pytest.approx(save.TITLE_HEIGHT * save.DPI, abs=2)
    assert (whole[:strip, :, :3] < 0.5).any()
    # but for what is half a pixel off
    assert np.abs(whole[strip:, :, :3] - drawn[:, :, :3]).mean() < 0.002
    assert forest.title not in (tmp_path / "forest.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("n_pairs", [8, 15, 1150])
def test_numbers_of_donors_leave_room_for_the_verdicts(run, n_pairs):
    """However many donors, and however narrow long names make the panel."""
    verdicts = run.verdicts.assign(
        n_pairs=n_pairs, label="A claim with quite a long name, about month6-baseline"
    )
    for figure in (
        verdict_figures.forest(verdicts),
        verdict_figures.arm_grid(verdicts, run.statistics["arms"]),
    ):
        settle(figure)
        drawn = FigureCanvasAgg(figure).get_renderer()
        for ax in figure.axes:
            beside = [text for text in ax.texts if len(text.get_text()) > 1]
            assert beside
            for number, verdict in zip(beside[::2], beside[1::2], strict=True):
                assert number.get_window_extent(drawn).x1 < verdict.get_window_extent(drawn).x0
                assert verdict.get_window_extent(drawn).x1 < figure.bbox.width


def test_no_label_is_cut_at_the_edge_of_a_figure(run):
    for part in ("confirmatory", "exploratory"):
        ((_, forest),) = named_verdicts.draw_forest(run, family=part).items()
        settle(forest.figure)
        forest.figure.dpi = save.DPI
        drawn = FigureCanvasAgg(forest.figure).get_renderer()
        width = forest.figure.bbox.width
        for ax in forest.figure.axes:
            boxes = [label.get_window_extent(drawn) for label in ax.get_yticklabels()]
            assert min(box.x0 for box in boxes) > 0
            assert max(text.get_window_extent(drawn).x1 for text in ax.texts) < width


def test_a_title_longer_than_its_figure_is_not_cut(tmp_path):
    narrow = Figure(figsize=(2, 1))
    save.save_all(
        {"narrow": Drawing(narrow, "T activation in CD4 memory, month6-baseline", "", NONE)}, tmp_path
    )
    drawn = mpimg.imread(tmp_path / "narrow.png")[:, :, :3]
    assert drawn.shape[1] > 3 * save.DPI
    assert (drawn[:, -10:] == 1).all()
    assert (drawn[:, 2 * save.DPI :] < 0.5).any()


def test_the_page_gets_its_figures_by_name(tmp_path):
    save.save_all(nothing(), tmp_path)
    page = result_files.read_figures([tmp_path])
    assert list(page) == ["claim-B1", "forest"]
    root = ET.fromstring(page["forest"])  # whole by itself, too
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("aria-label") == "nothing to see in this figure"


def test_a_family_without_a_hypothesis_has_a_figure_that_says_so(tmp_path, run):
    alone = dataclasses.replace(run, verdicts=run.verdicts[run.verdicts["family"] == "confirmatory"])
    written = save.save_all(named_verdicts.draw_family(alone, family="exploratory"), tmp_path)
    assert [path.name for path in written] == [f"forest_exploratory.{kind}" for kind in ("svg", "png", "pdf")]
    assert "No hypothesis to show." in result_files.read_figures([tmp_path])["forest_exploratory"]


def test_a_title_is_text_and_no_formula(tmp_path):
    drawn = Drawing(message_figure("nothing"), "Genes that change, $frac{-baseline$", "", NONE)
    assert all(path.exists() for path in save.save_all({"volcanoes": drawn}, tmp_path))


def test_the_page_is_written_without_a_plotting_library():
    """The last job of a run, which everything waits for: matplotlib and seaborn take a second to import."""
    names = re.findall(
        r"^from cd20scope.* import .*$", (ROOT / "scripts/report/write_report.py").read_text(), flags=re.M
    )
    asked = "\n".join(["import sys", *names, "print({'matplotlib', 'seaborn'} & set(sys.modules))"])
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts")}
    said = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, env=environment
    )
    assert said.stdout.strip() == "set()"


def test_every_figure_is_drawn_in_one_part(run):
    families = [set(named_verdicts.draw_family(run, family=family)) for family in schema.FAMILIES]
    parts = [set(named.draw_cohort(run)), *families]
    assert sum(map(len, parts)) == len(set.union(*parts))
    for part, own in zip(parts, ("embedding", "arms", "forest_exploratory"), strict=True):
        assert own in part
    assert {f"claim-{name}" for name in run.verdicts["question"]} <= set.union(*parts)


def test_every_question_has_a_figure_of_its_donors(run):
    drawn = named_verdicts.draw_evidence(run, family="confirmatory")
    assert set(drawn) == {
        f"claim-{name}" for name in run.verdicts.loc[run.verdicts["family"] == "confirmatory", "question"]
    }
    words = [text.get_text() for text in drawn["claim-B1"].figure.findobj(lambda a: hasattr(a, "get_text"))]
    entered = run.verdicts.set_index("id").loc["B1", "n_pairs"]
    assert f"log odds (n = {entered})" in words
    assert "% of PBMC: B cells" in words
    assert "(D05)" in words  # has no week 2 and does not enter


def test_the_changes_drawn_are_those_of_the_ledger(run):
    row = run.verdicts.set_index("id", drop=False).loc["T1"].to_dict()
    ledger = run.statistics["ledger"].query("id == 'T1'")
    figure = evidence.evidence(
        row, values=[], ledger=ledger, visits=["baseline", "month6"], donors=run.donor_names
    )
    (ax,) = figure.axes
    drawn = [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == "None"]
    known = ledger.sort_values("donor")["change"]
    np.testing.assert_allclose(drawn[: len(known)], known)


def test_a_figure_with_links_leads_out_of_itself_and_says_so(run):
    forest = named_verdicts.draw_forest(run, family="confirmatory")["forest"]
    text = svg.inline(forest.figure, name="fig-forest", alt=forest.alt)
    own = run.verdicts[run.verdicts["family"] == "confirmatory"]
    lines = {
        name: len(verdict_figures.two_lines(label).split("\n"))
        for name, label in own[["id", "label"]].to_numpy()
    }
    for name, n in lines.items():
        assert text.count(f'href="#claim-{name}"') == n + 1  # its name, and the whole row for the mouse
    # one stop of the keyboard each
    assert text.count('tabindex="-1"') == sum(lines.values())
    assert max(lines.values()) == 2
    assert 'role="group"' in text
    assert "_blank" not in text


def test_the_map_holds_the_cells_that_were_embedded(run):
    packed = cell_map.pack(
        run.embedding, run.sheet.assign(batch="one"), visits=run.visits, populations=COLOURS
    )
    assert packed["n"] == len(run.embedding)
    assert list(packed["by"]) == ["population", "visit", "donor"]  # one batch colours nothing

    def read(text):
        return np.frombuffer(__import__("base64").b64decode(text), dtype="<u2")

    x = read(packed["x"]).astype(float)
    known = run.embedding["x"].to_numpy()
    np.testing.assert_allclose(np.corrcoef(x, known)[0, 1], 1, atol=1e-6)
    visits = packed["by"]["visit"]
    assert visits["names"] == list(run.visits)
    told = [visits["names"][code] for code in read(visits["codes"])]
    assert told == run.embedding["visit"].tolist()


def test_a_map_without_a_cell_is_empty():
    nothing = pd.DataFrame(columns=["sample", "x", "y", "population"])
    packed = cell_map.pack(
        nothing, pd.DataFrame(columns=["sample", "donor", "visit"]), visits=["baseline"], populations=COLOURS
    )
    assert packed["n"] == 0
