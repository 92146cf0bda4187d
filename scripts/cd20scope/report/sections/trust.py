"""Section of the report on how far to trust the verdicts: tables of the steps in, listings and sentences out."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cd20scope.report import claims, hypothesis_words, wording
from cd20scope.report.components import whole_changes
from cd20scope.report.sections import donors, samples, studies, technique
from cd20scope.schema import FAMILIES
from cd20scope.verdict.endpoints.catalogue import endpoint_of

NEEDED: dict[str, tuple[str, ...]] = {
    "arms": ("id", "arm", "verdict", "holds"),
    "flips": ("id", "family", "verdict", "n_flips", "supported_flipped"),
    "ledger": ("id", "part", "contrast", "donor", "enters", "change", "unit", "reason"),
    "parts": ("id", "part", "statement", "estimate", "limit", "margin", "unit", "p_value", "holds"),
    "technique": (
        *("contrast", "quantity", "n_pairs", "earlier", "later"),
        *("change", "ci_low", "ci_high", "moved", "statement"),
    ),
    "absolute": ("population", "contrast", "n_pairs", "ci_low", "ci_high", "status", "reason"),
    "repopulation": ("donor", "population", "visit", "ratio", "ci_low", "ci_high", "call", "statement"),
    "random_sets": ("population", "program", "contrast", "t", "t_random_low", "t_random_high", "p_random"),
    "gene_flips": (
        *("population", "contrast", "n_flips", "n_genes"),
        *("called_linear", "called_flipped", "below_005_flipped"),
    ),
    "enrichment": ("population", "contrast", "gene_set", "score", "p_value", "p_flipped", "status"),
    **studies.NEEDED,
}
"""Tables that the report reads, by name, with the columns it needs."""


def chosen(
    tables: Mapping[str, pd.DataFrame], *, verdicts: pd.DataFrame, programs: pd.DataFrame, contrast: str
) -> dict[str, pd.DataFrame]:
    """Pick the rows of every listing of the section, by its name.

    Parameters
    ----------
    tables
        From :func:`complete`.
    verdicts
        In story order, with their labels.
    programs
        ``programs/programs.tsv``, with what :func:`add_random` adds.
    contrast
        The one whose programmes and gene sets are shown.
    """
    followed, absolute = tables["repopulation"], tables["absolute"]
    shares = zip(followed["ci_low"], followed["ci_high"], strict=True)
    followed = followed.assign(
        call=followed["call"].replace(donors.CALLED),
        limits=[wording.share_interval(*pair) for pair in shares],
        seen=[str(text).partition("; ")[2] or str(text) for text in followed["statement"]],
    )
    folds = (np.exp(absolute[limit].astype(float)) for limit in ("ci_low", "ci_high"))
    shown = programs[
        (programs["contrast"] == contrast)
        & (programs["role"] == "endpoint")
        & whole_changes(programs)
        & (programs["status"] == "tested")
    ]
    return {
        "repopulation": followed[followed["population"] == donors.first_followed(followed)],
        "all_repopulation": followed,
        "absolute": absolute.assign(limits=[wording.interval(*pair) for pair in zip(*folds, strict=True)]),
        "programmes": shown.sort_values("p_value", kind="stable"),
        "enrichment": top_sets(tables["enrichment"], contrast=contrast),
        "calibration": calibration(tables["flips"]),
        "gene_flips": tables["gene_flips"],
        "sensitivity": sensitivity(verdicts, tables["flips"]),
        "arms": tables["arms"],
        "technique": technique.in_words(tables["technique"]),
    }


def add_random(programs: pd.DataFrame, random_sets: pd.DataFrame) -> pd.DataFrame:
    """Add to each tested programme what random gene sets of its size and expression do: ``p_random``, ``middle``."""
    key = ["population", "program", "contrast"]
    found = random_sets.drop_duplicates(key).astype({"p_random": float})
    numbers = zip(found["t"], found["t_random_low"], found["t_random_high"], strict=True)
    found = found.assign(
        middle=[f"{wording.number(t)}; {wording.interval(low, high)}" for t, low, high in numbers]
    )
    whole = whole_changes(programs).to_numpy()
    beside = programs.merge(found[[*key, "p_random", "middle"]], on=key, how="left")
    # random sets are of the whole change, not of its parts
    return beside.assign(
        p_random=beside["p_random"].where(whole),
        middle=beside["middle"].astype(object).where(whole).fillna(wording.NOTHING),
    )


def top_sets(enrichment: pd.DataFrame, *, contrast: str, most: int = 5) -> pd.DataFrame:
    """Gene sets of each population with the smallest p-values under permuted visits, then by size of the score."""
    own = enrichment[(enrichment["contrast"] == contrast) & (enrichment["status"] == "tested")]
    size = own["score"].astype(float).abs()
    ranked = own.assign(size=-size).sort_values(["population", "p_flipped", "size"], kind="stable")
    return ranked.groupby("population").head(most)


def calibration(flips: pd.DataFrame) -> pd.DataFrame:
    """Put what is called of each family with the real visits beside flipped ones."""
    rows = []
    for family in FAMILIES:
        own = flips[(flips["family"] == family) & (flips["id"] != f"any {family}")]
        for total in flips[(flips["id"] == f"any {family}") & (flips["n_flips"] > 0)].to_dict("records"):
            rate = wording.percent(total["supported_flipped"])
            rows.append(
                {
                    "what": f"{family.capitalize()} hypotheses",
                    "n_tests": int((own["n_flips"] > 0).sum()),
                    "called": str(total["verdict"]),
                    "flipped": f"any supported in {rate} of permutations",
                    "n_flips": total["n_flips"],
                }
            )
    return pd.DataFrame(rows, columns=["what", "n_tests", "called", "flipped", "n_flips"])


def sensitivity(verdicts: pd.DataFrame, flips: pd.DataFrame) -> pd.DataFrame:
    """Smallest effect that each decided hypothesis could have shown, beside what it found."""
    decided = verdicts[verdicts["smallest_effect_low"].notna()]
    rows = decided.to_dict("records")
    by_chance = flips.drop_duplicates("id").set_index("id")["supported_flipped"]
    return decided.assign(
        found=[f"{wording.number(row['estimate'])} {endpoint_of(row).unit.name}" for row in rows],
        margin_size=[hypothesis_words.short_size(abs(hypothesis_words.margin_of(row)), row) for row in rows],
        smallest=[
            hypothesis_words.range_text(
                row["smallest_effect_low"], row["smallest_effect_high"], row, short=True
            )
            for row in rows
        ],
        supported_flipped=decided["id"].map(by_chance),
    )


def format_section(
    tables: Mapping[str, pd.DataFrame],
    *,
    verdicts: pd.DataFrame,
    visits: Sequence[str],
    fraction: float,
) -> dict[str, str]:
    """Write the sentences of the section by the name of their part; empty where the tables have nothing.

    ``fraction`` is the part of the share at baseline below which a donor is depleted.
    """
    texts = {
        "arms": format_arms(verdicts),
        "flips": format_flips(tables["flips"]),
        "gene_flips": format_gene_flips(tables["gene_flips"]),
        "repopulation": donors.format_repopulation(tables["repopulation"], visits=visits, fraction=fraction),
        "sensitivity": format_sensitivity(verdicts),
        "absolute": donors.format_absolute(tables["absolute"]),
    }
    return {name: wording.unbroken(text) for name, text in texts.items()}


def format_arms(verdicts: pd.DataFrame) -> str:
    """How many verdicts hold in all arms, and which of the confirmatory ones in the fewest."""
    decided = verdicts[verdicts["arms_asked"].fillna(0) > 0]
    if decided.empty:
        return ""
    whole = decided["arms_held"] == decided["arms_asked"]
    text = (
        f"{int(whole.sum())} of {len(decided)} decided verdicts are unchanged in every sensitivity analysis"
    )
    rest = decided[~whole & (decided["family"] == "confirmatory")]
    if rest.empty:
        return f"{text}, including every confirmatory one."
    share = (rest["arms_held"] / rest["arms_asked"]).astype(float)
    least = rest.iloc[int(share.argmin())]
    held = f"{least['arms_held']:.0f} of {least['arms_asked']:.0f}"
    return f"{text}. Of the confirmatory ones, {least['label']} is unchanged in the fewest, {held}."


def arm_names(arms: pd.DataFrame) -> str:
    """List the sensitivity analyses of the run, all other denominators as one; empty where it has none."""
    names = arms["arm"].astype(str)
    return "; ".join(dict.fromkeys(names.mask(names.str.startswith("denominator "), "other denominators")))


def permuted(flips: pd.DataFrame, *, most: int) -> str:
    """Write over how many permutations the verdicts were decided again; empty where over none.

    ``most`` is the number above which they are drawn at random.
    """
    n = int(flips["n_flips"].max()) if len(flips) else 0
    if not n:
        return ""
    return (
        f"in {wording.count(n)} random permutations"
        if n >= most
        else f"in all {wording.count(n)} permutations"
    )


def format_flips(flips: pd.DataFrame) -> str:
    """How often any hypothesis is supported under permuted visits, and how many are with the true ones."""
    parts = []
    for family in FAMILIES:
        for row in flips[(flips["id"] == f"any {family}") & (flips["n_flips"] > 0)].to_dict("records"):
            if not pd.isna(row["supported_flipped"]):
                rate = wording.percent(row["supported_flipped"])
                parts.append(
                    f"at least one {family} hypothesis was supported in {rate} of permutations; with the true labels, "
                    f"{str(row['verdict']).replace(' supported', '')} were"
                )
    if not parts:
        return ""
    n = int(flips["n_flips"].max())
    return (
        f"With visit labels swapped within donors ({wording.plural(n, 'permutation')}), {'. '.join(parts)}. "
        "Permutations near the true labels support a true effect as well."
    )


def format_gene_flips(table: pd.DataFrame) -> str:
    """How many genes the linear model calls over all populations, with the real visits and with flipped ones."""
    if table.empty:
        return ""
    called = wording.count(table["called_linear"].sum())
    by_chance = wording.number(table["called_flipped"].sum(), digits=1)
    below = float(np.average(table["below_005_flipped"], weights=table["n_genes"]))
    return (
        f"Over all populations and contrasts the linear model calls {called} genes with the true visit labels and "
        f"{by_chance} on average with permuted ones, with which {wording.percent(below)} of the genes have p below "
        "0.05."
    )


def format_sensitivity(verdicts: pd.DataFrame) -> str:
    """How many inconclusive questions had power only for effects beyond twice the margin."""
    open_ones = verdicts[claims.leads(verdicts) & (verdicts["verdict"] == "inconclusive")]
    known = open_ones[open_ones["smallest_effect_low"].notna()]
    if known.empty:
        return ""
    margins = np.array([abs(hypothesis_words.margin_of(row)) for row in known.to_dict("records")])
    blunt = int((known["smallest_effect_low"].to_numpy(dtype=float) > 2 * margins).sum())
    unknown = len(open_ones) - len(known)
    rest = f"; of {unknown}, the power is not known" if unknown else ""
    return (
        f"Of {wording.plural(len(open_ones), 'inconclusive question')}, {blunt} had 80 % power only for effects of "
        f"more than twice the margin (odds on the logarithmic scale){rest}."
    )


def format_sexes(sexes: pd.DataFrame) -> str:
    """Whether the sex by the genes fits the sheet and the donor's other samples."""
    known = sexes[sexes["sex_by_genes"].isin(["F", "M"])]
    if known.empty:
        return (
            "The sex of the samples could not be inferred from XIST and genes of the Y chromosome: too few of their "
            "molecules were found. Swapped samples would not be noticed this way."
        )
    text = f"XIST and genes of the Y chromosome give the sex of {len(known)} of {len(sexes)} samples"
    if wrong := samples.format_swaps(sexes):
        return f"{text}; {wrong}. Samples may be swapped."
    return f"{text}; none differs from the sheet or from the donor’s other samples."
