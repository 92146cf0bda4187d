"""Every figure of the report by its name, each with its title and its text for those who cannot see it.

They are drawn in parts, side by side: what the cohort shows as a whole, and the hypotheses of each family.
"""

from collections.abc import Sequence

import pandas as pd

from cd20scope import schema
from cd20scope.report import hypothesis_words
from cd20scope.report.claims import leads
from cd20scope.report.colours import population_colours
from cd20scope.report.figures import agreement, cohort, evidence, labels, storyboard, verdicts
from cd20scope.report.figures import donors as donor_figures
from cd20scope.report.figures.style import Drawing
from cd20scope.report.marker_panel import MIN_CELLS, choose_panel
from cd20scope.report.results import Cohort, Judged
from cd20scope.report.sections import labels as annotation_section
from cd20scope.report.wording import Row
from cd20scope.schema import FAMILIES
from cd20scope.study import catalogue, roles
from cd20scope.study.nouns import contrast, visit

FORESTS = {"confirmatory": "forest", "exploratory": "forest_exploratory"}
"""Figure of all hypotheses of a family."""


def draw_cohort(run: Cohort) -> dict[str, Drawing]:
    """Draw the figures of the cohort as a whole."""
    return draw_donors(run) | draw_tests(run) | draw_annotation(run)


def draw_family(run: Judged, *, family: str) -> dict[str, Drawing]:
    """Draw the figures of the hypotheses of a family; beside the first, the one of the arms, which shows them all.

    Those of a single hypothesis are named after its place on the page.
    """
    drawn = draw_forest(run, family=family) | draw_evidence(run, family=family)
    return drawn | draw_arms(run) | draw_story(run) if family == FAMILIES[0] else drawn


def draw_story(run: Judged) -> dict[str, Drawing]:
    """Draw the study in one picture."""
    return {
        "storyboard": Drawing(
            storyboard.storyboard(run),
            "B cells and T cells of every donor over time",
            "B cells as a percentage of PBMC, T-cell activation and regulatory T cells over the visits: donors in "
            "grey, their mean with the interval that decides; the first sentences of the report state the numbers.",
        )
    }


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
    return {
        "b_shares": Drawing(
            donor_figures.donor_shares(donors, visits=run.visits, populations=b_lineage, log=True),
            "B cells and plasma cells of each donor",
            f"Share of B cells, naive and memory, and of plasma cells per donor at {when}, logarithmic axis.",
        ),
        "t_shares": Drawing(
            donor_figures.donor_shares(donors, visits=run.visits, populations=cd4, log=False),
            "CD4 T cells of each donor",
            f"Share of naive, memory and regulatory cells among CD4 T cells per donor at {when}.",
        ),
        "scores": Drawing(
            donor_figures.programme_scores(run.scores, visits=run.visits, pairs=run.scored),
            "Programmes of each donor",
            f"Mean programme score per donor at {when}: "
            + "; ".join(f"{program} in {population}" for population, program in run.scored),
        ),
    }


def draw_tests(run: Cohort) -> dict[str, Drawing]:
    """Figures of all populations, programmes and genes."""
    order = list(catalogue.lineage_of(run.populations))
    whole = roles.set_with(run.populations, roles.B_CELLS)
    return {
        "shares": Drawing(
            cohort.shares(
                usual_shares(run.donors), visits=run.visits, order=[*([whole] if whole else []), *order]
            ),
            "Share of each population",
            "Share of each population in its denominator, one dot per sample, by visit; numbers below.",
        ),
        "programmes": Drawing(
            cohort.programme_changes(run.programs, contrasts=run.contrast_names),
            "Change of gene programmes",
            "Heat map of the change of each programme by population and contrast; numbers at the end.",
        ),
        "volcanoes": Drawing(
            cohort.volcanoes(run.expression, contrast=run.latest, alpha=run.alpha, order=order),
            f"Genes that change, {contrast(run.latest)}",
            f"Volcano plot per population for {contrast(run.latest)}; the genes with the smallest p-values are in the "
            "table below.",
        ),
    }


def draw_annotation(run: Cohort) -> dict[str, Drawing]:
    """Figures of the labels; none of what the run has not."""
    tables, order = run.annotation, catalogue.rows_of(run.populations)
    shown = tables["markers"][tables["markers"]["n_cells"] >= MIN_CELLS]
    drawn = {
        "embedding": Drawing(
            cohort.embedding(run.embedding, visits=run.visits, colours=population_colours(run.populations)),
            "Cells by similarity of expression",
            f"Two-dimensional map of {len(run.embedding):,} cells, coloured by population, then by visit.",
        ),
        "markers": Drawing(
            labels.marker_dots(shown, panel=choose_panel(run.populations, shown)),
            "Markers by label",
            "Dot plot of the first markers of each population against the cells that carry its label.",
        ),
        "probabilities": Drawing(
            labels.probabilities(tables["probabilities"]),
            "Probability of the labels",
            "Bars of the cells of each population, split by the probability of their label.",
        ),
        "samples": Drawing(
            labels.by_sample(annotation_section.by_sample(tables), visits=run.visits),
            "Quality of the labels, by sample",
            "Per sample and visit: share of cells left unassigned, of ambient RNA, and of T cells flagged as CD20+.",
        ),
    }
    if len(tables["agreement"]):
        drawn["agreement"] = Drawing(
            agreement.agreement(tables["agreement"], tables["agreement_summary"], order=order),
            "Labels of two judges",
            "Heat map of the labels of one judge against those of another.",
        )
    if len(tables["protein"]):
        drawn["protein"] = Drawing(
            agreement.protein_means(tables["protein"], order=order),
            "Surface protein by label",
            "Heat map of the mean of each surface protein by population.",
        )
    return drawn


def draw_forest(run: Judged, *, family: str) -> dict[str, Drawing]:
    """Figure of the verdicts of a family."""
    own = run.verdicts[run.verdicts["family"] == family]
    found = "; ".join(f"{row.id} {row.verdict}" for row in own.itertuples())
    return {
        FORESTS[family]: Drawing(
            verdicts.forest(own),
            f"{family.capitalize()} hypotheses",
            f"Forest plot of the {family} hypotheses: estimate and 95 % interval of each against its margin. {found}.",
        )
    }


def draw_arms(run: Judged) -> dict[str, Drawing]:
    """Figure of all verdicts in all sensitivity analyses."""
    texts = (
        (row["id"], hypothesis_words.arms_text({**row, "arms_against": ""}).removeprefix("verdict "))
        for row in run.verdicts.to_dict("records")
    )
    held = "; ".join(f"{name} {text}" for name, text in texts if text)
    return {
        "arms": Drawing(
            verdicts.arm_grid(run.verdicts, run.statistics["arms"]),
            "Verdicts in sensitivity analyses",
            f"Grid of hypotheses and sensitivity analyses: {held}. The table is at the end.",
        )
    }


def draw_evidence(run: Judged, *, family: str) -> dict[str, Drawing]:
    """One figure per question of a family: its donors, their values and their changes."""
    ledger = {str(name): rows for name, rows in run.statistics["ledger"].groupby("id", sort=False)}
    nothing = run.statistics["ledger"].iloc[:0]
    drawn = {}
    for row in run.verdicts[(run.verdicts["family"] == family) & leads(run.verdicts)].to_dict("records"):
        depletion = run.depletions.get(str(row["id"]))
        visits = visits_of(row, run.visits, depletion=depletion, contrasts=run.contrasts)
        figure = evidence.evidence(
            row,
            values=evidence.values_of(
                row, donors=run.donors, scores=run.scores, depletion=depletion, visits=visits
            ),
            ledger=ledger.get(str(row["id"]), nothing),
            visits=visits,
            donors=run.donor_names,
        )
        alt = (
            f"{row['id']}: values of each donor at {', '.join(map(visit, visits))}, and the change of each; "
            "the table below has the numbers."
        )
        drawn[schema.anchor(row["id"])] = Drawing(figure, str(row["label"]), alt)
    return drawn


def visits_of(
    row: Row,
    visits: Sequence[str],
    *,
    depletion: tuple[str, str] | None,
    contrasts: Sequence[tuple[str, str]],
) -> list[str]:
    """Visits that a hypothesis compares, in the order of time; all of them for a claim on the order of events."""
    if depletion:
        return list(visits)
    own = {schema.contrast_name(contrast): contrast for contrast in contrasts}.get(row["contrast"], ())
    return [visit for visit in visits if visit in own] or list(visits)
