"""Blood cells of eight donors with and without interferon beta (Kang 2018): a positive control on real cells."""

import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import yaml
from judge_files import write_labelled
from reference_data import locate

from workflow.running import ROOT, ran, snakemake

KANG = "kang_ifnb_2000.h5ad"
CELLS = ("CD4 T", "CD8 T", "B cells", "NK", "Monocyte")

pytestmark = pytest.mark.cohort(KANG)


def catalogue(kind):
    return yaml.safe_load((ROOT / f"config/{kind}.yaml").read_text())


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kang")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # anndata and pandas disagree about an option
        cells = ad.read_h5ad(locate(KANG))
        counts, genes, obs = sp.csr_matrix(cells.X), cells.var_names.to_numpy(), cells.obs.copy()
    rows = []
    obs["row"] = np.arange(len(obs))
    of_donors = obs["donor"].astype(str).str.startswith("D") & obs["condition"].isin(["ctrl", "stim"])
    for (donor, condition), own in obs[of_donors].groupby(["donor", "condition"], observed=True):
        name, index = f"{donor}_{condition}", own["row"].to_numpy()
        barcodes = [f"{name}-{number}" for number in range(len(index))]
        write_labelled(folder / f"{name}.h5ad", counts[index], genes, barcodes)
        rows.append({"sample": name, "donor": donor, "visit": condition, "path": f"{name}.h5ad"})
    pd.DataFrame(rows).to_csv(folder / "samples.tsv", sep="\t", index=False)
    programs = catalogue("programs")
    scored = [
        entry for entry in programs["programs"] if entry["name"] in ("Type I interferon", "Glucocorticoid")
    ]
    programs["programs"] = [entry | {"populations": list(CELLS)} for entry in scored]
    asked = {
        "endpoint": "program",
        "program": "Type I interferon",
        "contrast": "week2-baseline",
        "family": "interferon",
    }
    claim = {"direction": "up", "margin": 0.5, "strength": "plain", "source": "Kang 2018"}
    questions = [
        asked
        | {"id": name, "population": where, "question": f"What became of interferon genes in {where}?"}
        | {"claims": [claim | {"id": name, "statement": f"Interferon genes rise in {where} by half an SD."}]}
        for name, where in ((where.replace(" ", "-"), where) for where in CELLS)
    ]
    families = [{"name": "interferon", "share": 1}]
    hypotheses = {"version": 1, "families": families, "questions": questions}
    (folder / "programs.yaml").write_text(yaml.safe_dump(programs))
    (folder / "hypotheses.yaml").write_text(yaml.safe_dump(hypotheses))
    config = {
        "samples": "samples.tsv",
        "visits": {"baseline": ["ctrl"], "week2": ["stim"]},
        "contrasts": [["week2", "baseline"]],
        "catalogues": {"programs": "programs.yaml", "hypotheses": "hypotheses.yaml"},
        # a few dozen cells a sample
        "programs": {"min_cells": 5},
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(config))
    asked = ["results/verdict/verdicts.tsv", "results/verdict/flips.tsv"]
    ran(snakemake(*asked, directory=folder, config=folder / "study.yaml"))
    return folder / "results/verdict"


def test_the_interferon_programme_rises_in_every_testable_population(study):
    said = pd.read_csv(study / "verdicts.tsv", sep="\t").set_index("id")
    tested = said[said["verdict"] != "not testable"]
    assert {"CD4-T", "Monocyte"} <= set(tested.index)
    assert tested["n_pairs"].max() == 8
    assert set(tested["verdict"]) == {"supported"}, said[["verdict", "reason", "n_pairs", "estimate"]]
    # every population's other arms say the same, however its cells are called
    assert (tested["arms_held"] >= tested["arms_asked"] - 1).all(), tested[
        ["arms_held", "arms_asked", "arms_against"]
    ]


def test_nothing_is_called_under_flipped_labels_beyond_its_rate(study):
    flips = pd.read_csv(study / "flips.tsv", sep="\t").set_index("id")
    # the patterns that keep, or all but one keep, the donors' visits still show the effect
    assert flips.loc["any confirmatory", "supported_flipped"] <= 0.05
    assert flips.loc["any confirmatory", "supported_real"] == 1
