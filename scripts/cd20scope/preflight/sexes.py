"""The sex of a sample, told from its cells: who was swapped with whom."""

import pandas as pd

from cd20scope.preflight.findings import Finding

MIN_SEX = 5
"""Molecules of XIST and the Y genes together below which a sample's sex is not told."""
CLEAR = 0.2
"""Ratio of the rarer to the commoner below which the commoner decides; soup and doublets stay under it."""

COLUMNS = ("sample", "donor", "visit", "sex_in_sheet", "sex_by_genes", "xist", "y_genes")
"""Columns of ``results/preflight/sexes.tsv``."""


def tell_sex(xist: int, y: int) -> str:
    """Tell the sex of a sample from its molecules of XIST and of genes of the Y chromosome.

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
    """Hold the sex of every sample against the sheet and against the donor's other samples.

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
        sex_by_genes=[tell_sex(xist, y) for xist, y in molecules.itertuples(index=False)],
        xist=molecules["xist"].to_numpy(),
        y_genes=molecules["y_genes"].to_numpy(),
    )
    findings = []
    for row in table.itertuples():
        said = str(row.sex_in_sheet).strip().upper()[:1]
        seen = f"{row.xist} molecules of XIST and {row.y_genes} of Y genes"
        if said in "FM" and said and row.sex_by_genes in ("F", "M") and said != row.sex_by_genes:
            findings.append(
                Finding(
                    "warning",
                    str(row.sample),
                    f"the sheet says {said}, its cells say {row.sex_by_genes!s} ({seen}): swapped samples? "
                    "Compare with the laboratory's records.",
                )
            )
        if row.sex_by_genes == "both":
            findings.append(
                Finding(
                    "warning", str(row.sample), f"cells of both sexes ({seen}): several people in one sample?"
                )
            )
    for donor, own in table[table["sex_by_genes"].isin(["F", "M"])].groupby("donor"):
        if len(set(own["sex_by_genes"])) > 1:
            told_as = zip(own["sample"], own["sex_by_genes"], strict=True)
            which = ", ".join(f"{sample}: {sex}" for sample, sex in told_as)
            findings.append(
                Finding(
                    "warning",
                    str(donor),
                    f"samples of one donor differ in sex ({which}): at least one is swapped.",
                )
            )
    return table, findings
