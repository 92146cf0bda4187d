"""The sentences on the labels say what their tables hold, and nothing where there is nothing to say."""

import annotation_tables as made_up
import pandas as pd
import pytest
import report_tables

from cd20scope.report import required
from cd20scope.report.sections import labels as section
from cd20scope.schema import UNASSIGNED

VISITS = ["baseline", "week2"]


@pytest.fixture
def samples():
    rows = [("A_base", "A", "baseline", 100, 12, 50, 5), ("A_w2", "A", "week2", 300, 0, 150, 3)]
    columns = ["sample", "donor", "visit", "n_cells", "n_unassigned", "n_t_cells", "n_flagged"]
    table = pd.DataFrame(rows, columns=columns)
    table["unassigned"] = table["n_unassigned"] / table["n_cells"]
    return table.assign(soup=[0.04, 0.08], low=[0.03, 0.06], high=[0.05, 0.1], genes=["LYZ,IGKC", "LYZ,HBB"])


def test_unassigned_cells_are_told_in_numbers_by_visit_and_at_worst(samples):
    assert section.format_unassigned(samples, visits=VISITS) == (
        "3.0 % of the 400 kept cells could not be assigned to a population and are counted as unassigned: "
        "baseline 12 %, week 2 0 % in the median sample, at most 12 % (A_base)."
    )
    none = samples.assign(n_unassigned=0, unassigned=0.0)
    assert section.format_unassigned(none, visits=VISITS).startswith("Each of the 400 kept cells")
    assert section.format_unassigned(samples.head(0), visits=VISITS) == "No cell was kept."


def test_unsure_labels_are_counted_without_the_unassigned():
    rows = [("NK", 0.9, 90), ("NK", 0.5, 10), ("Treg", 0.95, 5), ("Treg", 0.85, 5), (UNASSIGNED, 0.3, 500)]
    table = pd.DataFrame(rows, columns=["population", "bin_low", "n_cells"])
    text = "14 % of the labels have a probability below 0.9, most often those of Treg (50 %)."
    assert section.format_probabilities(table) == text
    sure = table[table["bin_low"] >= 0.9]
    assert section.format_probabilities(sure) == "Every label has a probability of at least 0.9."
    assert section.format_probabilities(table[table["population"] == UNASSIGNED]) == ""


def test_populations_whose_markers_are_higher_elsewhere_are_named():
    tree, table = made_up.tree(), made_up.markers()
    assert section.format_markers(table, populations=tree) == (
        "For 15 of 15 populations the markers shown are, on average, highest in the population itself."
    )
    # cells called Treg that show the markers of NK cells, and the other way round
    swapped = table.replace({"population": {"NK": "Treg", "Treg": "NK"}})
    few = swapped.assign(n_cells=swapped["n_cells"].where(swapped["population"] != "DC", 4))
    text = section.format_markers(few, populations=tree)
    assert text.startswith("For 12 of 14 populations")
    assert "those of Treg are higher in NK" in text
    assert "those of NK are higher in Treg" in text
    assert text.endswith("Fewer than 10 cells, not shown: DC.")


def test_soup_is_told_with_its_range_and_commonest_genes(samples):
    assert section.format_soup(samples) == (
        "Of the molecules of a cell, an estimated 6.0 % are ambient RNA in the median sample (4.0 % to 8.0 %); "
        "markers among its commonest genes: LYZ, IGKC, HBB."
    )
    assert section.format_soup(samples.assign(soup=float("nan"))) == ""


def test_flagged_t_cells_are_told_per_visit(samples):
    assert section.format_cd20_t(samples, visits=VISITS) == (
        "T cells with MS4A1 and no other B-cell transcript: baseline 5 of 50 (10 %), week 2 3 of 150 (2.0 %)."
    )
    assert section.format_cd20_t(samples.head(0), visits=VISITS) == ""


def test_judges_are_told_with_what_they_part_over():
    made = made_up.agreement()
    assert section.format_agreement(**dict(zip(("pairs", "summary"), made.values(), strict=True))) == (
        "The judges markers and reference give the same population to 84 % of the 11,800 cells that both assign "
        "(kappa 0.81, adjusted Rand index 0.79); they differ most often in cells that are CD4 memory to the first "
        "and Treg to the second (120)."
    )
    none = made["agreement_summary"].assign(n_assigned=0, agree=float("nan"))
    assert "There is no cell" in section.format_agreement(made["agreement"], none)
    assert section.format_agreement(made["agreement"].head(0), made["agreement_summary"].head(0)) == ""


def test_gates_name_the_population_that_labels_find_least_of():
    assert section.format_gates(made_up.protein_gates()) == (
        "Of 200 cells in 2 protein gates, 85 % have the label of the gate, fewest in Treg (65 %, 95 % interval "
        "54 to 75 %)."
    )
    few = made_up.protein_gates().query("gate == 'CD8 naive'")
    assert section.format_gates(few) == ""
    assert section.tabulate_gates(few)["limits"].tolist() == [""]


def test_protein_is_told_by_samples_and_antibodies():
    text = "Surface protein was counted in 2 of 23 samples, with 5 antibodies."
    assert section.format_protein(made_up.protein(), n_samples=23) == text


def test_rulers_are_told_by_gene_with_what_they_show():
    text = section.format_rulers(made_up.rulers())
    n = 23
    inside, outside = (40 * n + 0.5) / (80 * n + 1), (20 * n + 0.5) / (820 * n + 1)
    assert f"Treg (FOXP3) 67 %, {inside / outside:.0f}-fold: told with attenuation; pDC (LILRA4) 67 %" in text
    assert section.format_rulers(made_up.rulers().head(0)) == ""


def test_a_number_stays_on_the_line_of_its_sign():
    told = section.format_section(made_up.every(), populations=made_up.tree(), visits=report_tables.VISITS)
    assert all(told.values())
    assert not any(" %" in text for text in told.values())
    assert any("\N{NO-BREAK SPACE}%" in text for text in told.values())


def test_tables_that_a_run_has_not_are_empty_and_a_missing_column_is_named():
    few = {name: table for name, table in made_up.every().items() if name in ("markers", "unassigned")}
    tables = required.complete(section.NEEDED, few, folder="annotate/")
    assert set(tables) == set(section.NEEDED)
    assert tables["protein"].empty
    with pytest.raises(ValueError, match=r"annotate/markers\.tsv: column\(s\) share_on missing"):
        required.complete(
            section.NEEDED, {"markers": few["markers"].drop(columns="share_on")}, folder="annotate/"
        )


def test_every_sample_is_listed_once_also_without_an_estimate_of_its_soup():
    made = made_up.every()
    table = section.by_sample(made | {"contamination": made["contamination"].head(3)})
    assert table["sample"].tolist() == made["unassigned"]["sample"].tolist()
    assert table["soup"].notna().sum() == 3
    assert table["n_flagged"].tolist() == made["cd20_t"]["n_flagged"].tolist()
