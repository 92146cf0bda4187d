"""A laboratory's own population tree, from the configuration to the report."""

import json

import numpy as np
import own_trees
import pandas as pd
import pytest
import yaml

from cd20scope.annotate.likelihood.profiles import read_profiles
from workflow.running import ROOT, TINY, plan, ran, snakemake

SHIPPED = yaml.safe_load((ROOT / "config/populations.yaml").read_text(encoding="utf-8"))
TREES = {
    "NK split in two": own_trees.split_nk(SHIPPED),
    "no DC": own_trees.without_dc(SHIPPED),
}


def run(folder, tree, *arguments, how=snakemake):
    (folder / "mine.yaml").write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    config = folder / "config.yaml"
    keys = yaml.safe_load(TINY) | {"catalogues": {"populations": "mine.yaml"}}
    if any("brightNK" in node.get("profiles", ()) for node in tree["nodes"]):
        shipped = read_profiles(ROOT / "config/profiles.tsv")
        own_trees.split_profiles(shipped).to_csv(folder / "mine.tsv", sep="\t")
        keys["annotate"] |= {"profiles": "mine.tsv"}
    config.write_text(yaml.safe_dump(keys), encoding="utf-8")
    return how(*arguments, directory=folder, config=config)


@pytest.mark.cohort
@pytest.mark.parametrize("name", TREES)
def test_an_own_tree_runs_to_the_report(name, tmp_path):
    tree = TREES[name]
    ran(run(tmp_path, tree, "--quiet", "all"))
    known = [node["name"] for node in tree["nodes"] if node["level"] == "population"]
    results = tmp_path / "results"
    truth = json.loads((results / "simulate/truth.json").read_text(encoding="utf-8"))["labels"]
    drawn = {label for cells in truth.values() for label in cells.values()} - {"doublet"}
    labels = pd.concat(
        pd.read_parquet(results / f"annotate/{sample}.parquet", columns=["population"]) for sample in truth
    )
    found = set(labels["population"]) - {"unassigned"}
    assert drawn <= set(known)
    assert found <= set(known)
    donors = pd.read_csv(results / "abundance/donors.tsv", sep="\t")
    tested = {
        node["name"] for node in tree["nodes"] if node["level"] == "population" and "denominator" in node
    }
    assert tested <= set(donors["population"])
    verdicts = pd.read_csv(results / "verdict/verdicts.tsv", sep="\t").set_index("id")
    left_out = verdicts[verdicts["reason"].str.startswith("the population tree of this run has no", na=False)]
    assert set(left_out["verdict"]) == {"not testable"}
    page = (results / "report/report.html").read_text(encoding="utf-8")
    if name == "NK split in two":
        assert {"NK CD56dim", "NK CD56bright"} <= drawn & found
        assert set(left_out["population"]) == {"NK / CD56bright"}
        assert "NK CD56bright" in page
        # the set stands in for the population that hypotheses ask about
        assert "NK" in set(verdicts["population"]) - set(left_out["population"])
    else:
        assert "DC" not in drawn | found
        assert set(left_out["population"]) == {"DC"}
        assert "the population tree of this run has no &#34;DC&#34;" in page


@pytest.mark.parametrize(
    ("tree", "parts"),
    [
        (
            own_trees.without_lineage(SHIPPED, "NK"),
            ["hypotheses.yaml: 1 problem", "line ", 'the role "NK"', "Add the"],
        ),
        (
            {**SHIPPED, "lineages": [entry | {"role": "NK"} for entry in SHIPPED["lineages"]]},
            ["mine.yaml: 1 problem", "lineages: no population", "with the role B", "Give this role"],
        ),
    ],
    ids=["no NK cells", "no B lineage"],
)
def test_a_tree_without_a_lineage_that_is_needed_is_refused_with_place_and_cure(tree, parts, tmp_path):
    refused = run(tmp_path, tree, how=plan)
    assert refused.returncode != 0
    for part in parts:
        assert part in refused.stdout + refused.stderr


def nameless(tree):
    """NK without profiles."""
    nodes = [
        {key: value for key, value in node.items() if key != "profiles"} if node["name"] == "NK" else node
        for node in tree["nodes"]
    ]
    return tree | {"nodes": nodes}


@pytest.mark.parametrize(
    ("tree", "change", "parts"),
    [
        (SHIPPED, lambda t: t.assign(Astrocyte=1e4), ["mine.tsv: no population names the profile Astrocyte"]),
        (SHIPPED, lambda t: t.drop(columns="MAIT"), ["mine.tsv: no profile MAIT, which a population names"]),
        (SHIPPED, lambda t: np.log2(t + 1), ["mine.tsv: no value of profile", "look like logarithms"]),
        (nameless(SHIPPED), lambda t: t, ["population NK names no profiles", "annotate > profiles"]),
    ],
    ids=["unknown profile", "missing profile", "logarithms", "a population without profiles"],
)
def test_profiles_that_do_not_fit_the_tree_are_refused(tree, change, parts, tmp_path):
    change(read_profiles(ROOT / "config/profiles.tsv")).to_csv(tmp_path / "mine.tsv", sep="\t")
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    keys = yaml.safe_load(TINY) | {"catalogues": {"populations": "mine.yaml"}}
    keys["annotate"] |= {"profiles": "mine.tsv"}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(keys), encoding="utf-8")
    refused = plan(directory=tmp_path, config=tmp_path / "config.yaml")
    assert refused.returncode != 0
    for part in parts:
        assert part in refused.stdout + refused.stderr
    assert "Traceback" not in refused.stderr
