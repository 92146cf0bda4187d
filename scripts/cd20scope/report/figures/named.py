"""Figures of the cohort as a whole, by name: each with its title, its data, and its text for those who cannot see it.

:mod:`cd20scope.report.figures.named_verdicts` has those of the hypotheses.
"""

import pandas as pd

from cd20scope.report.colours import population_colours
from cd20scope.report.figures import agreement, cohort, composition, labels, shown, volcanoes
from cd20scope.report.figures import donors as donor_figures
from cd20scope.report.figures.style import Drawing
from cd20scope.report.marker_panel import MIN_CELLS, choose_panel
from cd20scope.report.results import Cohort
from cd20scope.report.sections import labels as annotation_section
from cd20scope.study import catalogue, roles
from cd20scope.study.nouns import contrast, visit


def draw_cohort(run: Cohort) -> dict[str, Drawing]:
    """Draw the figures of the cohort as a whole."""
    return draw_donors(run) | draw_tests(run) | draw_annotation(run)


def usual_shares(donors: pd.DataFrame) -> pd.DataFrame:
    """Shares of each population in its usual denominator, the first that the table has; figures show no other."""
    usual = donors.drop_duplicates("population")[["population", "denominator"]]
    return donors.merge(usual, on=["population", "denominator"])


def draw_donors(run: Cohort) -> dict[str, Drawing]:
    """Lines of the donors over the visits."""
    donors, when = usual_shares(run.donors), ", ".join(map(visit, run.visits))
    whole = roles.set_with(run.populations, roles.B_CELLS)
    b_lineage = [*([whole] if whole else []), *roles.populations_of(run.populations, roles.B)]
    cd4 = roles.populations_of(run.populations, "CD4 T")
    return draw_composition(run) | {
        "b_shares": Drawing(
            donor_figures.donor_shares(donors, visits=run.visits, populations=b_lineage, log=True),
            "B cells and plasma cells of each donor",
            f"Share of B cells, naive and memory, and of plasma cells per donor at {when}, logarithmic axis.",
            shown.shares(donors, b_lineage),
        ),
        "t_shares": Drawing(
            donor_figures.donor_shares(donors, visits=run.visits, populations=cd4, log=False),
            "CD4 T cells of each donor",
            f"Share of naive, memory and regulatory cells among CD4 T cells per donor at {when}.",
            shown.shares(donors, cd4),
        ),
        "scores": Drawing(
            donor_figures.programme_scores(run.scores, visits=run.visits, pairs=run.scored),
            "Programmes of each donor",
            f"Mean programme score per donor at {when}, in SD between donors at {visit(run.visits[0])}: "
            + "; ".join(f"{program} in {population}" for population, program in run.scored),
            shown.scores(run.scores, run.scored, run.visits[0]),
        ),
    }


def draw_composition(run: Cohort) -> dict[str, Drawing]:
    """All cells of every donor by population, before and after."""
    whole = roles.set_with(run.populations, roles.MONONUCLEAR) or ""
    order = list(catalogue.lineage_of(run.populations))
    table = composition.composition(run.donors, whole=whole, order=order, visits=run.visits)
    colours = population_colours(run.populations)
    return {
        "composition": Drawing(
            composition.stacked(table, whole=whole, visits=run.visits, colours=colours),
            "Cells of every donor by population",
            f"Stacked bars of the populations among {whole}, the median over donors and each donor, one row per visit: "
            + ", ".join(map(visit, run.visits)),
            table,
        )
    }


def draw_tests(run: Cohort) -> dict[str, Drawing]:
    """Figures of all populations, programmes and genes."""
    order = list(catalogue.lineage_of(run.populations))
    whole = roles.set_with(run.populations, roles.B_CELLS)
    rows, donors = [*([whole] if whole else []), *order], usual_shares(run.donors)
    tested = run.expression[(run.expression["contrast"] == run.latest) & run.expression["p_value"].notna()]
    return {
        "shares": Drawing(
            cohort.shares(donors, visits=run.visits, order=rows),
            "Share of each population",
            "Share of each population in its denominator, one dot per sample, by visit; numbers below.",
            shown.shares(donors, rows),
        ),
        "programmes": Drawing(
            cohort.programme_changes(run.programs, contrasts=run.contrast_names),
            "Change of gene programmes",
            "Heat map of the change of each programme by population and contrast; numbers at the end.",
            shown.columns(run.programs, shown.PROGRAMMES),
        ),
        "volcanoes": Drawing(
            volcanoes.volcanoes(run.expression, contrast=run.latest, alpha=run.alpha, order=order),
            f"Genes that change, {contrast(run.latest)}",
            f"Volcano plot per population for {contrast(run.latest)}; the genes with the smallest p-values are in the "
            "table below.",
            shown.columns(tested, shown.GENES),
        ),
    }


def draw_annotation(run: Cohort) -> dict[str, Drawing]:
    """Figures of the labels; none of what the run has not."""
    tables, order = run.annotation, catalogue.rows_of(run.populations)
    markers = tables["markers"][tables["markers"]["n_cells"] >= MIN_CELLS]
    panel, by_sample = choose_panel(run.populations, markers), annotation_section.by_sample(tables)
    drawn = {
        "embedding": Drawing(
            cohort.embedding(run.embedding, visits=run.visits, colours=population_colours(run.populations)),
            "Cells by similarity of expression",
            f"Two-dimensional map of {len(run.embedding):,} cells, coloured by population, then by visit.",
            shown.columns(run.embedding, shown.CELLS),
        ),
        "markers": Drawing(
            labels.marker_dots(markers, panel=panel),
            "Markers by label",
            "Dot plot of the first markers of each population against the cells that carry its label.",
            markers[markers["gene"].isin([gene for genes in panel.values() for gene in genes])],
        ),
        "probabilities": Drawing(
            labels.probabilities(tables["probabilities"]),
            "Probability of the labels",
            "Bars of the cells of each population, split by the probability of their label.",
            tables["probabilities"],
        ),
        "samples": Drawing(
            labels.by_sample(by_sample, visits=run.visits),
            "Quality of the labels, by sample",
            "Per sample and visit: share of cells left unassigned, of ambient RNA, and of T cells flagged as CD20+.",
            by_sample,
        ),
    }
    if len(tables["agreement"]):
        drawn["agreement"] = Drawing(
            agreement.agreement(tables["agreement"], tables["agreement_summary"], order=order),
            "Labels of two judges",
            "Heat map of the labels of one judge against those of another.",
            tables["agreement"],
        )
    if len(tables["protein"]):
        drawn["protein"] = Drawing(
            agreement.protein_means(tables["protein"], order=order),
            "Surface protein by label",
            "Heat map of the mean of each surface protein by population.",
            tables["protein"],
        )
    return drawn
