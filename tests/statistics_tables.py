"""The tables on how far to trust the verdicts of the made-up cohort of ``report_tables``, as the report reads them."""

import numpy as np
import pandas as pd

import report_tables as made_up

ARMS = (
    "leave one donor out",
    "stricter labels",
    "denominator T cells",
    "denominator naive T cells",
    "adjusted for steroid score",
    "against random gene sets",
)
LATER = ("week2", "month6")


def arms() -> pd.DataFrame:
    """Arms that agree with the counts of ``report_tables.verdicts``, and one for each that could not be asked."""
    rows = []
    for made in made_up.verdicts().dropna(subset=["arms_asked"]).itertuples():
        against = made.arms_against.split("; ")
        for number, arm in enumerate(ARMS):
            asked = number < made.arms_asked
            other = "contradicted" if made.verdict == "inconclusive" else "inconclusive"
            said = other if arm in against else made.verdict
            holds = ("no" if arm in against else "yes") if asked else ""
            rows.append(
                (made.id, arm, said if asked else "not testable", holds, made.n_pairs, f"detail of {arm}")
            )
    return pd.DataFrame(rows, columns=["id", "arm", "verdict", "holds", "n_pairs", "detail"])


def flips() -> pd.DataFrame:
    rows = []
    verdicts = made_up.verdicts()
    for made in verdicts.itertuples():
        n = 0 if made.verdict == "not testable" else 256
        rows.append((made.id, made.family, made.verdict, n, 0.0078 if n else np.nan))
    for family, rate in (("confirmatory", 0.0156), ("exploratory", 0.0469)):
        own = verdicts[(verdicts["family"] == family) & (verdicts["direction"] != "none")]
        said = f"{(own['verdict'] == 'supported').sum()} of {len(own)} supported"
        rows.append((f"any {family}", family, said, 256, rate))
    return pd.DataFrame(rows, columns=["id", "family", "verdict", "n_flips", "supported_flipped"])


def ledger() -> pd.DataFrame:
    """Every donor of each hypothesis; P1 has three parts, of A4 no donor enters."""
    rng = np.random.default_rng(7)
    rows = []
    for made in made_up.verdicts().to_dict("records"):
        parts = {"main": made["contrast"]}
        if made["endpoint"] == "biphasic":
            parts = {"first": "week2-baseline", "then": "month6-week2", "late": "month6-week2"}
        entered = made["donors"].split(", ") if made["donors"] else []
        for part, contrast in parts.items():
            unit = (
                "log odds" if made["endpoint"] == "abundance" or part in ("first", "then") else "baseline SD"
            )
            for donor in made_up.DONORS:
                enters = donor in entered
                reason = (
                    "" if enters else "no week2" if donor == made_up.MISSING[0] else "week2 has only 4 cells"
                )
                value = rng.normal() if enters else np.nan
                rows.append(
                    (made["id"], part, contrast, donor, "yes" if enters else "no", value, unit, reason)
                )
    columns = ["id", "part", "contrast", "donor", "enters", "change", "unit", "reason"]
    return pd.DataFrame(rows, columns=columns)


def repopulation() -> pd.DataFrame:
    """B cells are gone in all donors but D07, who repopulates; D05 has no week 2."""
    rows = []
    for population in ("B cells", "B naive", "B memory"):
        for donor in made_up.DONORS:
            for visit in LATER:
                back = donor == "D07" and visit == "month6"
                ratio = 0.45 if back else 0.02
                call, seen = "depleted", "0 of 612 cells: below 0.49 %, 95 % upper bound"
                if back:
                    call, seen = (
                        "repopulated early",
                        "25 of 600 cells: 4.2 %, at most 5.7 % (95 % upper bound)",
                    )
                if (donor, visit) == made_up.MISSING:
                    ratio, call, seen = np.nan, "not measured", ""
                said = f"{visit}: {100 * ratio:.2g} % of baseline; {seen}" if seen else "no cells at week2"
                rows.append((donor, population, visit, ratio, ratio / 2, ratio * 2, call, said))
    columns = ["donor", "population", "visit", "ratio", "ci_low", "ci_high", "call", "statement"]
    return pd.DataFrame(rows, columns=columns)


def absolute(*, counted: bool = False) -> pd.DataFrame:
    """Numbers of cells: tested where the lymphocytes were ``counted``, else one reason for all."""
    rows = []
    for population in ("B naive", "Treg"):
        row = {"population": population, "contrast": "week2-baseline", "n_pairs": 7, "status": "tested"}
        row |= {
            "reason": "",
            "fold_change": 0.5,
            "ci_low": np.log(0.4),
            "ci_high": np.log(0.625),
            "p_value": 0.01,
        }
        if not counted:
            nothing = dict.fromkeys(("fold_change", "ci_low", "ci_high", "p_value"), np.nan)
            reason = "fractions alone cannot show a change in number: give lymphocytes_per_ul"
            row |= nothing | {"n_pairs": 0, "status": "not testable", "reason": reason}
        rows.append(row)
    return pd.DataFrame(rows)


def random_sets() -> pd.DataFrame:
    rows = [
        (population, program, f"{later}-{earlier}", 3.1, -2.2, 2.4, 0.012 if program == "Th17" else 0.4)
        for population, component, program, role, *_ in made_up.PROGRAMS
        for later, earlier in made_up.CONTRASTS
        if role == "endpoint" and component == "total"
    ]
    columns = ["population", "program", "contrast", "t", "t_random_low", "t_random_high", "p_random"]
    return pd.DataFrame(rows, columns=columns)


def gene_flips() -> pd.DataFrame:
    """12 genes of 300 called in Treg at month 6, next to none under flips."""
    rows = []
    for population in ("CD4 memory", "Treg"):
        found = 12 if population == "Treg" else 0
        row = {"population": population, "contrast": "month6-baseline", "n_pairs": 8, "n_flips": 100}
        row |= {"n_genes": 300, "called": found, "called_linear": found, "called_flipped": 0.15}
        rows.append(row | {"any_flipped": 0.04, "below_005": 0.09, "below_005_flipped": 0.048})
    return pd.DataFrame(rows)


def enrichment() -> pd.DataFrame:
    """Six sets in two populations and two contrasts, one of them with too few genes."""
    rng = np.random.default_rng(8)
    rows = []
    for population in ("CD4 memory", "Treg"):
        for contrast in ("week2-baseline", "month6-baseline"):
            for number, name in enumerate(
                ("Th1", "Th17", "Treg suppression", "IL-2", "MHC", "Steroid", "Small")
            ):
                row = {"population": population, "contrast": contrast, "collection": "programmes"}
                row |= {"gene_set": name, "role": "confounder" if name == "Steroid" else "endpoint"}
                row |= {"n_genes": 12, "score": rng.normal(0, 3), "p_value": 1e-5, "p_adjusted": 1e-4}
                row |= {"p_flipped": (number + 1) / 64, "status": "tested", "reason": ""}
                if name == "Small":
                    row |= dict.fromkeys(("score", "p_value", "p_adjusted", "p_flipped"), np.nan)
                    row |= {"n_genes": 3, "status": "not testable", "reason": "3 measured genes, 5 needed"}
                rows.append(row)
    return pd.DataFrame(rows)


def every() -> dict[str, pd.DataFrame]:
    """All tables of the section."""
    return {
        "arms": arms(),
        "flips": flips(),
        "ledger": ledger(),
        "repopulation": repopulation(),
        "absolute": absolute(),
        "random_sets": random_sets(),
        "gene_flips": gene_flips(),
        "enrichment": enrichment(),
    }
