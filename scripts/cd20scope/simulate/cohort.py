"""The built-in cohort: donor-paired blood cells drawn from profiles of sorted cells, with planted effects.

It exists to show the workflow and to test it from end to end. Its cells are drawn from the profiles that label them,
so that labels are easier than in real blood; what the labels and tests are worth is measured on real cells.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cd20scope.simulate import cells as cellmodel
from cd20scope.simulate.cells import Sample
from cd20scope.simulate.gene_families import SEX
from cd20scope.simulate.leaves import leaf_levels

Array = npt.NDArray[Any]

DEPLETION = (0.04, 0.06)
"""What is left of the B cells, plasma cells apart, at the visits after baseline: at the first, and at later ones."""
REPOPULATION = {"naive B": 0.3}
"""The same at the last visit of the one donor whose B cells come back early, by role of the population: naive first."""
REPOPULATION_OTHERS = 0.08
"""The same for B cells of any other role."""
EXPANSION = {"Treg": 1.8}
"""Factor on the number of cells at the last visit, by role of the population."""
REPROGRAMMING = {
    "memory CD4": {"T activation": 0.5, "Th1": 0.5, "Th17": 0.5},
    "Treg": {"Treg suppressive": 1.8},
}
"""Factor on the programme genes' expression at the last visit, by role of the population."""

SD_DONOR, SD_BATCH, SD_SAMPLE = 0.12, 0.08, 0.04
"""Log-scale deviations of a gene between donors, between runs, and between samples of one donor."""
SD_PROGRAM_DONOR, SD_PROGRAM_SAMPLE = 0.12, 0.06
"""The same for all genes of a programme together: programmes differ between people as wholes."""
PLACEBO = "placebo"
"""Arm of the donors who are not treated."""
CSF = "CSF"
"""Tissue of the further samples of the treated."""
CSF_CELLS = 0.3
"""Cells of a CSF sample, of those of a blood sample; real ones have hundreds to a few thousand."""
CSF_SHARES = {"B": 0.5, "CD4 T": 1.6, "CD8 T": 0.8, "NK": 0.4, "Myeloid": 0.2}
"""Factor on the number of cells in CSF, by role of the lineage: mostly CD4 T cells, few B cells and monocytes
(Schafflick 2020, doi:10.1038/s41467-019-14118-w)."""
SILENT = -30.0
"""Log factor on a gene of the other sex."""
SD_SHARE, SD_RESPONSE = 0.2, 0.12
"""Log-scale deviations of a share between donors, and between samples of one donor."""


def cohort_layout(
    donors: int, *, visits: Sequence[str], controls: int = 0, csf: int = 0, folder: str = "results/simulate"
) -> pd.DataFrame:
    """Lay out the samples: every donor at every visit, but the last donor's last visit when there are four or more.

    Files alternate between 10x HDF5 and 10x MTX, so that both readers are exercised.

    Parameters
    ----------
    donors
        Number of treated donors.
    visits
        Visits in order; the first is the baseline.
    controls
        Number of donors on placebo, P01 and so on; with some, the sheet has a column ``arm``.
    csf
        Number of treated donors with CSF at the first and the last visit; their rows come last.
    folder
        Where the count files go.

    Returns
    -------
    pandas.DataFrame
        A sample sheet.
    """
    rows: list[dict[str, str]] = []
    numbered = [("D", "ocrelizumab", number) for number in range(1, donors + 1)]
    numbered += [("P", PLACEBO, number) for number in range(1, controls + 1)]
    for letter, arm, number in numbered:
        for visit in visits:
            if arm != PLACEBO and number == donors >= 4 and visit == visits[-1]:
                continue
            sample = f"{letter}{number:02d}_{visit}"
            rows.append(
                {
                    "sample": sample,
                    "donor": f"{letter}{number:02d}",
                    "visit": visit,
                    "path": f"{folder}/{sample}" + ("" if len(rows) % 2 else ".h5"),
                    "tissue": "blood" if csf else "PBMC",
                    "batch": f"run{1 + number % 2}",
                    "sex": "FM"[number % 2],
                    "age": str(24 + 3 * number % 60),
                }
                | ({"arm": arm} if controls else {})
            )
    tapped = {f"D{number:02d}" for number in range(1, csf + 1)}
    for row in [row for row in rows if row["donor"] in tapped and row["visit"] in (visits[0], visits[-1])]:
        sample = f"{row['sample']}_csf"
        rows.append(row | {"sample": sample, "path": f"{folder}/{sample}.h5", "tissue": CSF})
    return pd.DataFrame(rows)


def simulate_cohort(
    sheet: pd.DataFrame,
    *,
    visits: Sequence[str],
    plan: str,
    cells: int,
    seed: int,
    populations: Mapping[str, Any],
    programs: Mapping[str, Any],
    table: pd.DataFrame,
    profiles_of: Mapping[str, Sequence[str]],
) -> tuple[list[str], dict[str, Sample]]:
    """Draw every sample of a cohort.

    Parameters
    ----------
    sheet
        ``sample``, ``donor``, ``visit``, ``batch``, ``sex``, ``tissue`` and, with a placebo arm, ``arm``.
    visits
        Visits in order.
    plan
        ``treated`` plants :data:`DEPLETION`, :data:`EXPANSION` and :data:`REPROGRAMMING` in donors who are treated;
        ``time`` the depletion in these, and the other two in all donors alike; ``untreated`` plants nothing.
    cells
        Mean number of cells per blood sample.
    seed
        Seed of the whole cohort.
    populations, programs
        The catalogues whose populations, markers and programme genes are drawn. Effects are planted in the populations
        that have the roles; a tree or list of programmes without one goes without that effect.
    table, profiles_of
        Profiles of sorted cells (genes x profiles, transcripts per million), and those of each population.

    Returns
    -------
    list of str, dict of Sample
        Gene symbols, and the samples by name.
    """
    rng = np.random.default_rng(seed)
    genes, names, log_mean = leaf_levels(populations, programs, table, profiles_of, rng)
    at = {gene: position for position, gene in enumerate(genes)}
    mitochondrial = np.flatnonzero([gene.startswith("MT-") for gene in genes])
    donors = list(dict.fromkeys(sheet["donor"]))
    arm = dict(zip(sheet["donor"], sheet.get("arm", [""] * len(sheet)), strict=True))
    treated = [donor for donor in donors if arm[donor] != PLACEBO]
    of_donor = {donor: rng.normal(0, SD_DONOR, len(genes)) for donor in donors}
    lists = {entry["name"]: [at[gene] for gene in entry["genes"]] for entry in programs["programs"]}
    for deviation in of_donor.values():
        _shift_programs(deviation, lists, SD_PROGRAM_DONOR, rng)
    for donor, sex in zip(sheet["donor"], sheet["sex"], strict=True):
        of_donor[donor][[at[gene] for other in SEX if other != sex for gene in SEX[other]]] = SILENT
    of_batch = {batch: rng.normal(0, SD_BATCH, len(genes)) for batch in dict.fromkeys(sheet["batch"])}
    share, rna = cellmodel.typical(populations, names)
    spilling = np.isin([population for population, _ in names], _depleted(populations))
    base = np.log(share) + cellmodel.log_split(names)
    log_csf = _csf_shares(names, populations)
    shares = {donor: base + rng.normal(0, SD_SHARE, len(base)) for donor in donors}
    samples: dict[str, Sample] = {}
    for row in sheet.itertuples():
        step = visits.index(row.visit)
        log_share = shares[row.donor] + rng.normal(0, SD_RESPONSE, len(base))
        of_sample = rng.normal(0, SD_SAMPLE, len(genes))
        _shift_programs(of_sample, lists, SD_PROGRAM_SAMPLE, rng)
        log_gene = log_mean + of_donor[row.donor] + of_batch[row.batch] + of_sample
        last, depleted = step == len(visits) - 1, plan != "untreated" and row.donor in treated
        if depleted or plan == "time":
            early = len(treated) > 2 and row.donor == treated[-2]
            log_share = log_share + _share_effect(
                names, populations, step, last=last, early=early, depleted=depleted
            )
            if last:
                _reprogram(log_gene, names, lists, populations)
        in_csf = row.tissue == CSF
        samples[str(row.sample)] = cellmodel.draw(
            log_gene,
            log_share + log_csf if in_csf else log_share,
            rna,
            names,
            mitochondrial=mitochondrial,
            spilling=spilling,
            cells=int(cells * CSF_CELLS) if in_csf else cells,
            rng=rng,
        )
    return genes, samples


def planted(
    plan: str, *, visits: Sequence[str], populations: Mapping[str, Any], programs: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """List what :func:`simulate_cohort` plants in the treated: population, programme, contrast, direction, factor."""
    if plan == "untreated":
        return []
    first, later, last = visits[0], visits[1], visits[-1]
    known = [entry["name"] for entry in programs["programs"]]
    roles = _roles(populations)
    rows: list[tuple[str, str | None, str, float]] = []
    for population in _depleted(populations):
        rows += [(population, None, later, DEPLETION[0])]
        rows += [(population, None, last, DEPLETION[1])] if last != later else []
    rows += [(name, None, last, EXPANSION[role]) for name, role in roles.items() if role in EXPANSION]
    for name, role in roles.items():
        rows += [
            (name, program, last, factor)
            for program, factor in REPROGRAMMING.get(role, {}).items()
            if program in known
        ]
    return [
        {
            "population": population,
            "program": program,
            "contrast": f"{visit}-{first}",
            "direction": "up" if factor > 1 else "down",
            "factor": factor,
        }
        for population, program, visit, factor in rows
    ]


def _roles(populations: Mapping[str, Any]) -> dict[str, str]:
    """Role of every population, empty where it has none."""
    return {
        node["name"]: node.get("role", "") for node in populations["nodes"] if node["level"] == "population"
    }


def _depleted(populations: Mapping[str, Any]) -> list[str]:
    """List the populations of the B lineage other than plasma cells."""
    taken = {entry["name"] for entry in populations["lineages"] if entry.get("role") == "B"}
    nodes = [node for node in populations["nodes"] if node.get("lineage") in taken]
    return [node["name"] for node in nodes if node.get("role") != "plasma"]


def _csf_shares(names: list[tuple[str, str]], populations: Mapping[str, Any]) -> Array:
    """Log factor on the share of each leaf in CSF."""
    of_lineage = {
        entry["name"]: CSF_SHARES.get(entry.get("role", ""), 1.0) for entry in populations["lineages"]
    }
    lineage = {node["name"]: node.get("lineage", "") for node in populations["nodes"]}
    return np.log([of_lineage.get(lineage[population], 1.0) for population, _ in names])


def _share_effect(
    names: list[tuple[str, str]],
    populations: Mapping[str, Any],
    step: int,
    *,
    last: bool,
    early: bool,
    depleted: bool,
) -> Array:
    effect = np.zeros(len(names))
    if step == 0:
        return effect
    roles, taken = _roles(populations), _depleted(populations) if depleted else []
    for position, (population, _) in enumerate(names):
        role = roles[population]
        factor = DEPLETION[0 if step == 1 else 1] if population in taken else 1.0
        if last and early and population in taken:
            factor = REPOPULATION.get(role, REPOPULATION_OTHERS)
        if last:
            factor *= EXPANSION.get(role, 1.0)
        effect[position] = np.log(factor)
    return effect


def _reprogram(
    log_gene: Array,
    names: list[tuple[str, str]],
    lists: Mapping[str, list[int]],
    populations: Mapping[str, Any],
) -> None:
    roles = _roles(populations)
    for position, (population, _) in enumerate(names):
        for program, factor in REPROGRAMMING.get(roles[population], {}).items():
            log_gene[position, lists.get(program, [])] += np.log(factor)


def _shift_programs(
    deviation: Array, lists: Mapping[str, list[int]], sd: float, rng: np.random.Generator
) -> None:
    for where in lists.values():
        deviation[where] += rng.normal(0, sd)
