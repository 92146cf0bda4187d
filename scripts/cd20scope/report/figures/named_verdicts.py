"""Figures of the hypotheses, by name: each with its title, its data, and its text for those who cannot see it.

They are drawn in parts, side by side: one per family, and beside the first what shows all.
"""

from collections.abc import Sequence

from cd20scope import schema
from cd20scope.report import hypothesis_words
from cd20scope.report.claims import leads
from cd20scope.report.figures import changes, evidence, shown, storyboard, verdicts
from cd20scope.report.figures.style import Drawing
from cd20scope.report.results import Judged
from cd20scope.report.wording import Row
from cd20scope.schema import FAMILIES
from cd20scope.study.nouns import visit

FORESTS = {"confirmatory": "forest", "exploratory": "forest_exploratory"}
"""Figure of all hypotheses of a family."""


def draw_family(run: Judged, *, family: str) -> dict[str, Drawing]:
    """Draw the figures of the hypotheses of a family; beside the first, those that show the study and all arms.

    Those of a single hypothesis are named after its place on the page.
    """
    drawn = draw_forest(run, family=family) | draw_evidence(run, family=family)
    if family != FAMILIES[0]:
        return drawn
    return drawn | draw_changes(run) | draw_arms(run) | draw_story(run)


def draw_story(run: Judged) -> dict[str, Drawing]:
    """Draw the study in one picture."""
    return {
        "storyboard": Drawing(
            storyboard.storyboard(run),
            "B cells and T cells of every donor over time",
            "B cells as a percentage of PBMC, T-cell activation and regulatory T cells over the visits: donors in "
            "grey, their mean with the interval that decides; the first sentences of the report state the numbers.",
            shown.story(run),
        )
    }


def draw_changes(run: Judged) -> dict[str, Drawing]:
    """Every donor in every confirmatory question."""
    return {
        "donor_changes": Drawing(
            changes.donor_changes(run),
            "Change of every donor in every confirmatory question",
            "Heat map of the change of each donor (columns) in each confirmatory question (rows), over the typical "
            "change of all donors; the table beside it has the numbers.",
            changes.standardised(run),
        )
    }


def draw_forest(run: Judged, *, family: str) -> dict[str, Drawing]:
    """Figure of the verdicts of a family."""
    own = run.verdicts[run.verdicts["family"] == family]
    found = "; ".join(f"{row.id} {row.verdict}" for row in own.itertuples())
    return {
        FORESTS[family]: Drawing(
            verdicts.forest(own),
            f"{family.capitalize()} hypotheses",
            f"Forest plot of the {family} hypotheses: estimate and 95 % interval of each against its margin. {found}.",
            shown.columns(own, shown.FOREST),
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
            run.statistics["arms"],
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
        values = evidence.values_of(
            row, donors=run.donors, scores=run.scores, depletion=depletion, visits=visits
        )
        own = ledger.get(str(row["id"]), nothing)
        figure = evidence.evidence(row, values=values, ledger=own, visits=visits, donors=run.donor_names)
        alt = (
            f"{row['id']}: values of each donor at {', '.join(map(visit, visits))}, and the change of each; "
            "the table below has the numbers."
        )
        drawn[schema.anchor(row["id"])] = Drawing(
            figure, str(row["label"]), alt, shown.of_hypothesis(row, values, own)
        )
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
