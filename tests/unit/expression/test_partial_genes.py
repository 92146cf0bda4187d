"""Genes that some samples lack are tested among the donors that have them, and change nothing for the others."""

import numpy as np
import pandas as pd
import pytest

from cd20scope.annotate import sketch
from cd20scope.expression import fit, partial_genes
from cd20scope.pseudobulk.cohort import LeafSums

CONTRAST = ("week2", "baseline")
POPULATIONS = {"nodes": [{"name": "NK", "level": "population", "parent": None}], "sets": []}
SETTINGS = {
    "populations": POPULATIONS,
    "population": "NK",
    "contrasts": [CONTRAST],
    "alpha": 0.05,
    "min_pairs": 6,
    "min_cells": 10,
    "min_counts": 10,
}
COMMON = [f"C{number}" for number in range(120)]
PARTIAL = [f"P{number}" for number in range(60)]
N_DONORS = 9
LACKING = {"S16", "S17"}
"""Samples of the last donor, read with a reference that lacks the partial genes."""


@pytest.fixture(scope="module")
def study():
    """Nine donors; the first partial genes rise twofold. Sums, cells, sheet and genes of each sample's reference."""
    rng = np.random.default_rng(4)
    mean = rng.lognormal(5, 0.5, len(COMMON) + len(PARTIAL))
    rows, sums, references = [], {}, {}
    for number in range(2 * N_DONORS):
        sample, visit = f"S{number}", CONTRAST[1 - number % 2]
        rows.append((sample, f"D{number // 2}", visit))
        own = COMMON if sample in LACKING else COMMON + PARTIAL
        up = np.where(np.isin(own, PARTIAL[:20]) & (visit == "week2"), 2.0, 1.0)
        counts = rng.poisson(mean[: len(own)] * up * rng.lognormal(0, 0.15, len(own)))
        sums[sample] = pd.DataFrame(
            {
                "population": "NK",
                "subset": "unassigned",
                "gene": own,
                "counts": counts,
                "lognorm": np.log1p(counts),
            }
        )
        references[sample] = {"gene": own, "gene_id": own}
    sheet = pd.DataFrame(rows, columns=["sample", "donor", "visit"])
    cells = pd.DataFrame(
        {
            "population": "NK",
            "subset": "unassigned",
            "sample": sheet["sample"],
            "n_cells": 200,
            "shallow": False,
        }
    )
    return sums, cells, sheet, sketch.shared_genes(references)


def results_of(study, samples, genes):
    sums, cells, sheet, _ = study
    collected = LeafSums.collect(
        [(sample, sums[sample]) for sample in samples],
        leaves=cells[cells["sample"].isin(samples)],
        sheet=sheet[sheet["sample"].isin(samples)],
        genes=genes,
    )
    return fit.test_population(collected, **SETTINGS)[1:]


def test_partial_genes_are_tested_among_the_donors_that_have_them(study):
    _, _, sheet, genes = study
    samples = sheet["sample"].tolist()
    (part,) = partial_genes.find_parts(genes, samples)
    assert part.genes.tolist() == PARTIAL
    assert set(samples) - set(part.samples) == LACKING
    main, summary = results_of(study, samples, genes)
    assert set(main["gene"]) == set(COMMON)
    assert main["n_pairs"].unique().tolist() == [N_DONORS]
    extra, _ = results_of(study, part.samples, part.table(genes))
    whole, told = partial_genes.join(main, summary, [(part, extra)], n_samples=len(samples), alpha=0.05)
    assert set(whole["gene"]) == set(COMMON + PARTIAL)
    assert whole.loc[whole["gene"].isin(PARTIAL), "n_pairs"].unique().tolist() == [N_DONORS - 1]
    # all that concerns the genes of every sample is as without the others, but for the number of tests
    first = whole[whole["gene"].isin(COMMON)].drop(columns="p_adjusted").reset_index(drop=True)
    pd.testing.assert_frame_equal(first, main.drop(columns="p_adjusted").reset_index(drop=True))
    # among eight donors the result is that of a study that never had the ninth
    alone = pd.DataFrame({"gene": COMMON + PARTIAL, "n_samples": 2 * N_DONORS - 2})
    oracle, _ = results_of(study, part.samples, alone)
    oracle = oracle.set_index("gene").loc[PARTIAL, ["log2_fold_change", "p_value"]]
    found = whole.set_index("gene").loc[PARTIAL, ["log2_fold_change", "p_value"]]
    pd.testing.assert_frame_equal(found, oracle)
    called = set(whole.loc[whole["p_adjusted"] < 0.05, "gene"])
    assert set(PARTIAL[:20]) <= called
    assert told["n_genes"].tolist() == [len(COMMON) + len(PARTIAL)]
    assert told["n_significant"].tolist() == [len(called)]
    assert told["filter"][0].endswith("; 60 more in the 16 of 18 samples that have them")


def test_no_part_is_made_of_genes_that_were_filtered_one_by_one(study):
    genes = pd.DataFrame(
        {"gene": COMMON, "missing_in": ["", *(f"S{n % 7}" for n in range(len(COMMON) - 1))], "n_samples": 3}
    )
    assert partial_genes.find_parts(genes, [f"S{n}" for n in range(18)]) == []
    main, summary = results_of(study, [f"S{n}" for n in range(18)], study[3])
    same, told = partial_genes.join(main, summary, [], n_samples=18, alpha=0.05)
    assert same is main
    assert told is summary


def test_too_few_donors_with_a_gene_add_nothing(study):
    _, _, sheet, genes = study
    few = genes.assign(
        missing_in=np.where(genes["missing_in"] == "", "", ",".join(f"S{n}" for n in range(10)))
    )
    (part,) = partial_genes.find_parts(few, sheet["sample"].tolist())
    assert part.samples == tuple(f"S{n}" for n in range(10, 18))
    main, summary = results_of(study, sheet["sample"].tolist(), genes)
    nothing = main.iloc[:0]
    assert partial_genes.join(main, summary, [(part, nothing)], n_samples=18, alpha=0.05)[0] is main
