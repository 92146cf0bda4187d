"""Every figure is a file too: at the size of a page, with its title, the same each time."""

import matplotlib.image as mpimg
import numpy as np
import pandas as pd
import pytest

import report_page
from cd20scope import cell_map, evidence_figures, gallery, pictures, svg
from cd20scope.drawing import WIDTH, Drawing, say_nothing


@pytest.fixture(scope="module")
def run():
    return report_page.complete(report_page.tables(n_cells=60, n_genes=20))


def test_a_figure_is_saved_twice_with_its_title_and_the_same_bytes(tmp_path):
    drawings = {
        "forest": Drawing(say_nothing("No hypothesis."), "Every hypothesis", "nothing to see in this figure"),
        "claim-B1": Drawing(say_nothing("No donor."), "B cells", "nothing to see in this figure"),
    }
    written = gallery.save_all(drawings, tmp_path / "figures")
    names = sorted(path.relative_to(tmp_path / "figures").as_posix() for path in written)
    assert names == ["evidence.pdf", "evidence/B1.png", "forest.pdf", "forest.png"]
    assert drawings["forest"].figure.get_suptitle() == "Every hypothesis"
    width = mpimg.imread(tmp_path / "figures/forest.png").shape[1]
    assert width == pytest.approx(WIDTH * gallery.DPI, abs=2)
    assert (tmp_path / "figures/evidence.pdf").read_bytes().startswith(b"%PDF")
    again = gallery.save_all(drawings, tmp_path / "again")
    for one, other in zip(written, again, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_every_hypothesis_has_a_figure_of_its_donors(run):
    drawn = pictures.draw_evidence(run)
    assert set(drawn) == {f"claim-{name}" for name in run.verdicts["id"]}
    words = [text.get_text() for text in drawn["claim-B1"].figure.findobj(lambda a: hasattr(a, "get_text"))]
    entered = run.verdicts.set_index("id").loc["B1", "n_pairs"]
    assert f"log odds (n = {entered})" in words
    assert "% of PBMC: B cells" in words
    assert "(D05)" in words  # has no week 2 and does not enter


def test_the_changes_drawn_are_those_of_the_ledger(run):
    row = run.verdicts.set_index("id", drop=False).loc["T1"].to_dict()
    ledger = run.statistics["ledger"].query("id == 'T1'")
    figure = evidence_figures.evidence(
        row, values=[], ledger=ledger, visits=["baseline", "month6"], donors=run.donor_names
    )
    (ax,) = figure.axes
    drawn = [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == "None"]
    known = ledger.sort_values("donor")["change"]
    np.testing.assert_allclose(drawn[: len(known)], known)


def test_a_figure_with_links_leads_out_of_itself_and_says_so(run):
    forest = pictures.draw_verdicts(run)["forest"]
    text = svg.inline(forest.figure, name="fig-forest", alt=forest.alt)
    own = run.verdicts[run.verdicts["family"] == "confirmatory"]
    for name in own["id"]:
        assert text.count(f'href="#claim-{name}"') == 2  # its name, and the whole row for the mouse
    assert text.count('tabindex="-1"') == len(own)
    assert 'role="group"' in text
    assert "_blank" not in text


def test_the_map_holds_the_cells_that_were_embedded(run):
    packed = cell_map.pack(run.embedding, run.sheet.assign(batch="one"), visits=run.visits)
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
    packed = cell_map.pack(nothing, pd.DataFrame(columns=["sample", "donor", "visit"]), visits=["baseline"])
    assert packed["n"] == 0
