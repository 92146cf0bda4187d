"""Expression of the kinds of blood cells of the built-in cohort: profiles of sorted cells, and what these lack."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cd20scope.simulate.gene_families import FAINT, FAMILIES, SEX

Array = npt.NDArray[Any]

RIBOSOMAL, MITOCHONDRIAL, HOUSEKEEPING = 5000.0, 3500.0, 200.0
"""Transcripts per million of genes that the table lacks and every cell holds: ribosomal ones make a third of a
cell's molecules, mitochondrial ones a twentieth, as in 10x libraries of blood."""
SD_LEVEL, SD_HOUSEKEEPING = 0.5, 0.9
"""Log-scale deviations of those levels between genes: ribosomal and mitochondrial, and the others."""
BACKGROUND = 1.0
"""Transcripts per million of a gene in cells of which nothing is known."""
MARKER, PROGRAMME, FAINTLY = 400.0, 250.0, 60.0
"""The same for a gene that the table lacks in cells whose marker it is, or that its programme is scored in; and for a
transcription factor or cytokine (:data:`gene_families.FAINT`) among them."""

Leaf = tuple[str, str]
"""Population and profile of one kind of cells; no profile where the population names none."""


def leaf_names(populations: Mapping[str, Any], profiles_of: Mapping[str, Sequence[str]]) -> list[Leaf]:
    """List the profiles of every population of the tree; a population without one is one leaf."""
    nodes = [node["name"] for node in populations["nodes"] if node["level"] == "population"]
    return [(name, profile) for name in nodes for profile in profiles_of.get(name, ()) or ("",)]


def leaf_levels(
    populations: Mapping[str, Any],
    programs: Mapping[str, Any],
    table: pd.DataFrame,
    profiles_of: Mapping[str, Sequence[str]],
    rng: np.random.Generator,
) -> tuple[list[str], list[Leaf], Array]:
    """Genes, leaves, and log mean expression of each leaf.

    A leaf has the levels of its profile. Genes that the table lacks have a background level: loud in every cell for
    housekeeping genes, higher where they are markers of the population or scored in it. A population without a
    profile has the mean profile of its lineage and its own markers on top.

    Parameters
    ----------
    populations, programs
        The catalogues.
    table
        Profiles of sorted cells, genes x profiles, in transcripts per million.
    profiles_of
        Profiles of each population.
    rng
        Source of chance for the levels of the housekeeping genes.

    Returns
    -------
    list of str, list of tuple, numpy.ndarray
        Genes; population and profile of each leaf; log transcripts per million, leaves x genes.

    Raises
    ------
    ValueError
        When the table lacks a profile that a population names.
    """
    names = leaf_names(populations, profiles_of)
    missing = sorted({profile for _, profile in names if profile} - set(table.columns))
    if missing:
        raise ValueError(
            f"table of profiles: no profile {', '.join(missing)}, which a population names. "
            f"Found: {', '.join(map(str, table.columns))}."
        )
    keeping = [prefix + member for prefix, members in FAMILIES.items() for member in members.split()]
    told = [gene for node in populations["nodes"] for gene in node["markers"]]
    scored = [gene for program in programs["programs"] for gene in program["genes"]]
    sexed = [gene for genes in SEX.values() for gene in genes]
    genes = list(dict.fromkeys([*map(str, table.index), *keeping, *told, *scored, *sexed]))
    beyond = _beyond_table(genes, set(keeping), rng)
    beyond.loc[sexed] = FAINTLY * rng.lognormal(0, SD_HOUSEKEEPING, len(sexed))
    held = table.reindex(genes)
    lacking = held.isna().all(axis=1).to_numpy()
    rows = []
    for population, profile in names:
        own = held[profile] if profile else held[_of_lineage(population, names, populations)].mean(axis=1)
        row = np.where(lacking, beyond, own)
        for gene, level in _raised(population, populations, programs).items():
            place = genes.index(gene)
            if lacking[place] or not profile:
                row[place] = max(row[place], level)
        rows.append(row)
    return genes, names, np.log(np.maximum(np.vstack(rows), BACKGROUND))


def _beyond_table(
    genes: Sequence[str], keeping: Collection[str], rng: np.random.Generator
) -> "pd.Series[float]":
    """Levels, for every gene, that it has where the table lacks it and nothing else is known."""
    level = pd.Series(BACKGROUND, index=list(genes))
    for gene in genes:
        if gene.startswith(("RPL", "RPS")):
            level[gene] = RIBOSOMAL * rng.lognormal(0, SD_LEVEL)
        elif gene.startswith("MT-"):
            level[gene] = MITOCHONDRIAL * rng.lognormal(0, SD_LEVEL)
        elif gene in keeping:
            level[gene] = HOUSEKEEPING * rng.lognormal(0, SD_HOUSEKEEPING)
    return level


def _of_lineage(population: str, names: Sequence[Leaf], populations: Mapping[str, Any]) -> list[str]:
    """Profiles of the lineage of a population; all profiles where its lineage has none."""
    lineage = {n["name"]: n["lineage"] for n in populations["nodes"] if n["level"] == "population"}
    every = [profile for _, profile in names if profile]
    own = [profile for name, profile in names if profile and lineage[name] == lineage[population]]
    return own or every


def _raised(population: str, populations: Mapping[str, Any], programs: Mapping[str, Any]) -> dict[str, float]:
    """Genes that the marker lists and the programmes scored in a population give its cells, and their levels."""
    levels: dict[str, float] = {}
    for program in programs["programs"]:
        if population in _scored_in(program, populations):
            levels |= dict.fromkeys(program["genes"], PROGRAMME)
    by_name = {node["name"]: node for node in populations["nodes"] if node["level"] != "subset"}
    name: str | None = population
    while name is not None:
        levels |= dict.fromkeys(by_name[name]["markers"], MARKER)
        name = by_name[name]["parent"]
    return {gene: FAINTLY if gene in FAINT else level for gene, level in levels.items()}


def _scored_in(program: Mapping[str, Any], populations: Mapping[str, Any]) -> set[str]:
    """List the populations that a programme is scored in, those of all mononuclear cells apart."""
    sets = {entry["name"]: entry["members"] for entry in populations["sets"]}
    whole = {entry["name"] for entry in populations["sets"] if entry.get("role") == "mononuclear"}
    return {
        name for where in program["populations"] if where not in whole for name in sets.get(where, [where])
    }
