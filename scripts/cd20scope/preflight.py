"""What can be told of a study in its first minute, from the names and the first cells of every sample.

Findings are errors, which stop the run, or warnings, which go with it into the report.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from cd20scope.counts import Strings
from cd20scope.embed import integrable
from cd20scope.gene_names import FEMALE, MALE

MIN_SEX = 5
"""Molecules of XIST and the Y genes together below which a sample's sex is not told."""
CLEAR = 0.2
"""Ratio of the rarer to the commoner below which the commoner decides; soup and doublets stay under it."""
SHARED = 0.5
"""Part of a sample's barcodes in another above which their counts are compared; by chance it is one in a hundred."""
STEROID_HOURS = 48.0
"""Hours after a steroid in which lymphocytes are known to be moved."""
POWER = 0.8
FEW_CELLS = 500


@dataclass(frozen=True, eq=False)
class Look:
    """What a first look at a sample shows.

    Attributes
    ----------
    sample
        Its name.
    barcodes
        Of all its cells.
    genes
        Symbols, in the order of the columns of ``cells``.
    cells
        Counts of its first few hundred cells, cells x genes.
    """

    sample: str
    barcodes: Strings
    genes: Strings
    cells: sparse.csr_matrix


@dataclass(frozen=True)
class Finding:
    """One thing to know: ``level`` is error or warning, ``about`` a sample, donor, contrast or gene list."""

    level: str
    about: str
    text: str


def tell_sex(look: Look) -> tuple[str, int, int]:
    """Tell the sex of a sample's cells from XIST and genes of the Y chromosome.

    Returns
    -------
    ``F``, ``M``, ``both`` (cells of several people?) or ``unknown``; molecules of XIST; molecules of the Y genes.
    """
    total = [int(look.cells[:, np.flatnonzero(np.isin(look.genes, names))].sum()) for names in (FEMALE, MALE)]
    xist, y = total
    if xist + y < MIN_SEX:
        return "unknown", xist, y
    if min(xist, y) < CLEAR * max(xist, y):
        return ("F" if xist > y else "M"), xist, y
    return "both", xist, y


def check_sexes(looks: Sequence[Look], sheet: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
    """Hold the sex of every sample against the sheet and against the donor's other samples.

    Returns
    -------
    ``sample donor visit sex_in_sheet sex_by_genes xist y_genes``, and a warning for each that does not fit.
    """
    told = {look.sample: tell_sex(look) for look in looks}
    stated = sheet["sex"] if "sex" in sheet else pd.Series("", index=sheet.index)
    table = sheet[["sample", "donor", "visit"]].assign(
        sex_in_sheet=stated.to_numpy(),
        sex_by_genes=[told[sample][0] for sample in sheet["sample"]],
        xist=[told[sample][1] for sample in sheet["sample"]],
        y_genes=[told[sample][2] for sample in sheet["sample"]],
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


def find_copies(looks: Sequence[Look]) -> list[Finding]:
    """Find samples that are the same library: shared barcodes, and equal counts in the cells that both show."""
    findings = []
    sets = {look.sample: set(look.barcodes.tolist()) for look in looks}
    for one, other in combinations(looks, 2):
        shared = len(sets[one.sample] & sets[other.sample]) / min(
            len(sets[one.sample]), len(sets[other.sample])
        )
        if shared < SHARED or not _equal(one, other):
            continue
        findings.append(
            Finding(
                "error",
                f"{one.sample}, {other.sample}",
                f"the same library twice: {shared:.0%} of the barcodes are in both, with the same counts. Correct the "
                "path of one in the sample sheet.",
            )
        )
    return findings


def _equal(one: Look, other: Look) -> bool:
    """Whether the first cells of both that have the same barcode have the same counts, of the genes of both."""
    first = {barcode: row for row, barcode in enumerate(one.barcodes[: one.cells.shape[0]].tolist())}
    found = {barcode: row for row, barcode in enumerate(other.barcodes[: other.cells.shape[0]].tolist())}
    common = [barcode for barcode in first if barcode in found]
    genes = np.intersect1d(one.genes, other.genes)
    if not common or not genes.size:
        return False
    sums = []
    for look, rows in ((one, first), (other, found)):
        columns = pd.Index(look.genes.astype(object)).get_indexer(genes.astype(object))
        sums.append(np.asarray(look.cells[[rows[barcode] for barcode in common]][:, columns].sum(axis=1)))
    return bool(np.array_equal(sums[0], sums[1]) and sums[0].sum() > 0)


def check_genes(
    looks: Sequence[Look], *, populations: Mapping[str, Any], programs: Mapping[str, Any], min_coverage: float
) -> tuple[pd.DataFrame, list[Finding]]:
    """Count the genes of every marker panel and programme that all samples have.

    Returns
    -------
    ``kind name n_genes n_found missing``, and warnings.
    """
    have = [set(look.genes.tolist()) for look in looks]
    everywhere, anywhere = set.intersection(*have), set.union(*have)
    rows, findings = [], []
    panels = [("markers", node["name"], node["markers"]) for node in populations["nodes"] if node["markers"]]
    panels += [("programme", entry["name"], entry["genes"]) for entry in programs["programs"]]
    for kind, name, genes in panels:
        missing = sorted(set(genes) - everywhere)
        rows.append((kind, name, len(genes), len(genes) - len(missing), ", ".join(missing)))
        if len(missing) > (1 - min_coverage) * len(genes):
            findings.append(
                Finding(
                    "warning", name, f"{kind}: {len(missing)} of {len(genes)} genes are not in all samples."
                )
            )
    table = pd.DataFrame(rows, columns=["kind", "name", "n_genes", "n_found", "missing"])
    if len(everywhere) < 0.9 * len(anywhere):
        fewest = min(looks, key=lambda look: len(look.genes))
        findings.append(
            Finding(
                "warning",
                fewest.sample,
                f"samples differ in their genes: {len(anywhere):,} in any, {len(everywhere):,} in all, "
                f"{len(fewest.genes):,} here. Only genes of all samples are compared. Were genes without counts left "
                "out of the files? Then a gene that falls silent seems not to be measured: give the unfiltered genes.",
            )
        )
    return table, findings


def check_contrasts(
    sheet: pd.DataFrame, *, contrasts: Sequence[Sequence[str]], min_pairs: int, alpha: float
) -> tuple[pd.DataFrame, list[Finding]]:
    """Count the donors of each contrast, and say what so many can show.

    Returns
    -------
    ``contrast n_pairs donors smallest_effect``, the last in standard deviations of the donors' changes: what a
    two-sided paired t-test at ``alpha`` finds with 80 % power; and warnings.
    """
    from statsmodels.stats.power import TTestPower

    visits = sheet.groupby("donor")["visit"].agg(set)
    rows, findings = [], []
    for later, earlier in contrasts:
        donors = sorted(str(donor) for donor, seen in visits.items() if {later, earlier} <= seen)
        name, n = f"{later}-{earlier}", len(donors)
        effect = TTestPower().solve_power(nobs=n, alpha=alpha, power=POWER) if n >= 2 else np.nan
        rows.append((name, n, ", ".join(donors), float(np.squeeze(effect))))
        if n < min_pairs:
            findings.append(
                Finding(
                    "warning",
                    name,
                    f"{n} donors have both visits and a verdict needs {min_pairs}: its hypotheses will be "
                    "not testable.",
                )
            )
    return pd.DataFrame(rows, columns=["contrast", "n_pairs", "donors", "smallest_effect"]), findings


def check_sheet(sheet: pd.DataFrame, *, integrate_over: str) -> list[Finding]:
    """Find draws soon after a steroid, batches that equal a visit, and several libraries of one visit."""
    findings = []
    if "hours_since_steroid" in sheet:
        hours = pd.to_numeric(sheet["hours_since_steroid"], errors="coerce")
        findings += [
            Finding(
                "warning", sample, f"drawn {hour:g} hours after a steroid, which moves lymphocytes by itself."
            )
            for sample, hour in zip(sheet["sample"], hours, strict=True)
            if hour < STEROID_HOURS
        ]
    if (
        integrate_over in sheet
        and len(set(sheet[integrate_over])) > 1
        and not integrable(sheet, integrate_over)
    ):
        findings.append(
            Finding(
                "warning",
                integrate_over,
                "has a value that occurs at one visit alone, or is not known for all samples: batch and treatment "
                "cannot be told apart, and the embedding is not integrated over it.",
            )
        )
    for (donor, visit), own in sheet.groupby(["donor", "visit"]):
        if len(own) > 1:
            which = ", ".join(own["sample"].astype(str))
            findings.append(
                Finding(
                    "warning", str(donor), f"{visit}: {len(own)} libraries are counted together ({which})."
                )
            )
    return findings


def check_cells(looks: Iterable[Look]) -> list[Finding]:
    """Find samples of so few cells that rare populations cannot be seen in them."""
    return [
        Finding(
            "warning", look.sample, f"{len(look.barcodes)} cells: small populations will be below detection."
        )
        for look in looks
        if len(look.barcodes) < FEW_CELLS
    ]


def grid(sheet: pd.DataFrame, cells: Mapping[str, int], *, visits: Sequence[str]) -> pd.DataFrame:
    """Cells per donor (rows) and visit (columns); empty where there is no sample."""
    numbers = sheet.assign(n=[cells[sample] for sample in sheet["sample"]])
    table = numbers.pivot_table(index="donor", columns="visit", values="n", aggfunc="sum")
    return table.reindex(columns=list(visits)).reset_index()


def forecast(n_cells: Sequence[int], n_genes: int, *, sketch_cells: int) -> pd.DataFrame:
    """Memory and time of the heavy steps, from runs on two cores: rough, for planning.

    Returns
    -------
    ``step jobs memory_gb minutes``; minutes of one core for all jobs of the step.
    """
    total, largest = sum(n_cells), max(n_cells)
    scale = n_genes / 20_000
    sketch = min(total, sketch_cells)
    rows = [
        (
            "ingest, qc, labels per sample",
            len(n_cells),
            0.2 + 2.5e-5 * largest * scale,
            0.05 * len(n_cells) + 6e-5 * total,
        ),
        ("annotation model", 1, 0.5 + 4.5e-5 * sketch, 0.1 + 1.5e-5 * sketch),
        ("embedding", 1, 0.5 + 1e-5 * sketch, 0.3 + 1e-5 * sketch),
        ("expression", 1, 0.8 + 0.01 * len(n_cells) * scale, 0.8 * scale + 0.2),
    ]
    return pd.DataFrame(rows, columns=["step", "jobs", "memory_gb", "minutes"])


def check_hypotheses(
    contrasts: pd.DataFrame,
    genes: pd.DataFrame,
    *,
    hypotheses: Mapping[str, Any],
    min_pairs: int,
    min_coverage: float,
) -> pd.DataFrame:
    """Say of every hypothesis whether pairs and genes allow a test: ``id contrast n_pairs testable``."""
    pairs = contrasts.set_index("contrast")["n_pairs"]
    found = genes[genes["kind"] == "programme"].set_index("name")
    rows = []
    for entry in hypotheses["hypotheses"]:
        n = int(pairs.get(entry["contrast"], 0))
        program = entry.get("program")
        reason = "" if n >= min_pairs else f"no: {n} pairs, {min_pairs} are needed"
        if not reason and program in found.index:
            part = found.loc[program]
            if part["n_found"] < min_coverage * part["n_genes"]:
                reason = f"no: {part['n_found']} of {part['n_genes']} genes"
        rows.append((entry["id"], entry["contrast"], n, reason or "yes"))
    return pd.DataFrame(rows, columns=["id", "contrast", "n_pairs", "testable"])


def examine(
    looks: Sequence[Look],
    sheet: pd.DataFrame,
    *,
    cells: Mapping[str, int],
    config: Mapping[str, Any],
    populations: Mapping[str, Any],
    programs: Mapping[str, Any],
    hypotheses: Mapping[str, Any],
) -> tuple[dict[str, pd.DataFrame], list[Finding]]:
    """Put all checks together: tables as :mod:`cd20scope.preflight_page` names them, and findings, errors first."""
    bounds = {"min_pairs": config["verdict"]["min_pairs"]}
    coverage = {"min_coverage": config["programs"]["min_coverage"]}
    sexes, of_sex = check_sexes(looks, sheet)
    genes, of_genes = check_genes(looks, populations=populations, programs=programs, **coverage)
    contrasts, of_contrasts = check_contrasts(
        sheet, contrasts=config["contrasts"], alpha=config["verdict"]["alpha"], **bounds
    )
    findings = [
        *find_copies(looks),
        *of_sex,
        *of_contrasts,
        *check_sheet(sheet, integrate_over=config["embed"]["integrate_over"]),
        *of_genes,
        *check_cells(looks),
    ]
    n_genes = max(len(look.genes) for look in looks)
    tables = {
        "Donors and visits": grid(sheet, cells, visits=list(config["visits"])),
        "Contrasts": contrasts,
        "Hypotheses": check_hypotheses(contrasts, genes, hypotheses=hypotheses, **bounds, **coverage),
        "Sex": sexes,
        "Genes": genes,
        "Forecast": forecast(list(cells.values()), n_genes, sketch_cells=config["annotate"]["sketch_cells"]),
    }
    return tables, sorted(findings, key=lambda finding: finding.level != "error")
