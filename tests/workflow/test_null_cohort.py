"""A cohort in which nothing was planted: the workflow must not find anything."""

import pandas as pd
import pytest

from workflow.running import ran, snakemake


@pytest.mark.cohort
def test_a_null_cohort_supports_nothing(tmp_path):
    config = tmp_path / "null.yaml"
    config.write_text("samples: built-in\nsimulate: {plan: untreated, donors: 8, cells: 400, seed: 2}\n")
    ran(snakemake("results/verdict/verdicts.tsv", directory=tmp_path, config=config))
    verdicts = pd.read_csv(tmp_path / "results/verdict/verdicts.tsv", sep="\t")
    # that nothing changes is true here
    confirmatory = verdicts[(verdicts["family"] == "confirmatory") & (verdicts["direction"] != "none")]
    assert not (confirmatory["verdict"] == "supported").any(), confirmatory[
        confirmatory["verdict"] == "supported"
    ]
    assert (confirmatory["n_pairs"] >= 6).sum() > 8
