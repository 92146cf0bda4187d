"""Sex of each sample by its genes, compared with the sheet and the donor's other samples, to find swaps."""

import pandas as pd

from cd20scope.preflight.findings import Finding

MIN_SEX = 5
"""Molecules of XIST and the Y genes together below which a sample's sex is unknown."""
CLEAR = 0.2
"""Ratio of the rarer to the commoner below which the commoner decides; soup and doublets stay under it."""

COLUMNS = ("sample", "donor", "visit", "sex_in_sheet", "sex_by_genes", "xist", "y_genes")
"""Columns of ``results/preflight/sexes.tsv``."""


def infer_sex(xist: int, y: int) -> str:
    """Infer the sex of a sample from its molecules of XIST and of genes of the Y chromosome.

    Returns
    -------
    ``F``, ``M``, ``both`` (cells of several people?) or ``unknown``.
    """
    if xist + y < MIN_SEX:
        return "unknown"
    if min(xist, y) < CLEAR * max(xist, y):
        return "F" if xist > y else "M"
    return "both"


def check_sexes(samples: pd.DataFrame, sheet: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
    """Compare the sex of every sample with the sheet and with the donor's other samples.

    Parameters
    ----------
    samples
        ``sample xist y_genes``, molecules in the first cells.
    sheet
        ``sample donor visit``, and ``sex`` where the sheet has it; the same samples.

    Returns
    -------
    :data:`COLUMNS`, and a warning for each that does not fit.
    """
    stated = sheet["sex"] if "sex" in sheet else pd.Series("", index=sheet.index)
    molecules = samples.set_index("sample").loc[sheet["sample"], ["xist", "y_genes"]]
    table = sheet[["sample", "donor", "visit"]].assign(
        sex_in_sheet=stated.to_numpy(),
        sex_by_genes=[infer_sex(xist, y) for xist, y in molecules.itertuples(index=False)],
        xist=molecules["xist"].to_numpy(),
        y_genes=molecules["y_genes"].to_numpy(),
    )
    findings = []
    for row in table.itertuples():
        in_sheet = str(row.sex_in_sheet).strip().upper()[:1]
        counts = f"{row.xist} molecules of XIST and {row.y_genes} of Y genes"
        if in_sheet in "FM" and in_sheet and row.sex_by_genes in ("F", "M") and in_sheet != row.sex_by_genes:
            findings.append(
                Finding(
                    "warning",
                    str(row.sample),
                    f"the sheet says {in_sheet}, its cells say {row.sex_by_genes!s} ({counts}): swapped samples? "
                    "Compare with the laboratory's records.",
                )
            )
        if row.sex_by_genes == "both":
            findings.append(
                Finding(
                    "warning",
                    str(row.sample),
                    f"cells of both sexes ({counts}): several people in one sample?",
                )
            )
    for donor, own in table[table["sex_by_genes"].isin(["F", "M"])].groupby("donor"):
        if len(set(own["sex_by_genes"])) > 1:
            named = zip(own["sample"], own["sex_by_genes"], strict=True)
            which = ", ".join(f"{sample}: {sex}" for sample, sex in named)
            findings.append(
                Finding(
                    "warning",
                    str(donor),
                    f"samples of one donor differ in sex ({which}): at least one is swapped.",
                )
            )
    return table, findings
