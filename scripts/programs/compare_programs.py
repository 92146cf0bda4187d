"""Score gene programmes per donor and visit and compare visits; see :mod:`cd20scope.programs.compare`."""

import pandas as pd

from cd20scope import schema
from cd20scope.jobs.job import job
from cd20scope.programs import arms as score_arms
from cd20scope.programs import compare, random_sets, scores, without_b_rna
from cd20scope.pseudobulk.cohort import LeafSums, read_sums
from cd20scope.pseudobulk.leaves import stack_cells
from cd20scope.study import roles


def read_arm(path: str, arm: str) -> pd.DataFrame:
    """Read what one arm adds to the sums of a sample."""
    return read_sums(path, schema.ARM_SUMS[1:], filters=[("arm", "==", arm)])


with job(snakemake) as (log, output):
    params, settings, read = snakemake.params, snakemake.params.settings, snakemake.input
    sheet = pd.DataFrame(params.sheet)
    names, contrasts = sheet["sample"], [(later, earlier) for later, earlier in params.contrasts]
    sums = LeafSums.collect(
        zip(names, map(read_sums, read.sums), strict=True),
        leaves=stack_cells(dict(zip(names, map(pd.read_parquet, read.cells), strict=True))),
        sheet=sheet,
        genes=pd.read_csv(read.genes, sep="\t", keep_default_na=False),
    )
    # free-floating markers change with treatment in every cell, so no control may be one
    markers = {gene for node in params.populations["nodes"] for gene in node["markers"]}
    catalogue = {"populations": params.populations, "programs": params.programs, "seed": params.seed}
    whole = roles.set_with(params.populations, roles.MONONUCLEAR)
    shared = catalogue | {"split": [whole], "not_controls": markers, "n_controls": settings["control_genes"]}
    tests = [
        (where, entry["name"]) for entry in params.programs["programs"] for where in entry["populations"]
    ]
    scored, parts = scores.score_programs(sums, tests=tests, **shared, min_cells=settings["min_cells"])
    bounds = {"contrasts": contrasts, "min_pairs": params.min_pairs}
    tested = compare.compare(
        scored,
        parts,
        **bounds,
        baseline=params.visits[0],
        alpha=params.alpha,
        min_coverage=settings["min_coverage"],
    )
    by_arm = score_arms.collect_arms(
        sums,
        read=lambda arm: zip(names, (read_arm(path, arm) for path in read.arm_sums), strict=True),
        cells=dict(zip(names, map(pd.read_parquet, read.arm_cells), strict=True)),
        sheet=sheet,
    )
    arms = score_arms.score_arms(sums, by_arm, tests=tests, **shared, min_cells=settings["min_cells"])
    options = shared | {"tests": tests, "min_cells": settings["min_cells"]}
    cleared, parts_arms, reason = without_b_rna.score_arm(sums, options, baseline=params.visits[0])
    arms = pd.concat([arms, cleared], ignore_index=True)
    if reason:
        log.warning("%s", reason)
    score_weights = scores.compute_weights(sums, tests=[test for test in tests if test[0] != whole], **shared)
    genes = {gene for entry in params.programs["programs"] for gene in entry["genes"]}
    random = random_sets.compare_random(
        sums,
        {key: weights for key, weights in score_weights.items() if weights.role == "endpoint"},
        **bounds,
        populations=params.populations,
        excluded=genes | markers,
        seed=params.seed,
        n_sets=settings["random_sets"],
        min_cells=settings["min_cells"],
    )
    tables = {"scores": scored, "parts": parts, "programs": tested, "random_sets": random}
    tables |= {"scores_arms": arms, "parts_arms": parts_arms}
    for name, table in tables.items():
        table.to_csv(output[name], sep="\t", index=False)
    log.info("%d rows: %s", len(tested), tested["status"].value_counts().to_dict())
