"""The record of what a study was asked: kept over runs, added to by a change of content, and by nothing else."""

import pandas as pd
import pytest

from workflow.running import ROOT, jobs_of, plan, ran, snakemake

NOTED = "results/verdict/questions.tsv"


@pytest.mark.slow
def test_the_first_use_is_kept_and_a_change_after_verdicts_is_added(tmp_path):
    text = (ROOT / "config/hypotheses.yaml").read_text()
    mine, config = tmp_path / "mine.yaml", tmp_path / "study.yaml"
    mine.write_text(text)
    config.write_text((ROOT / "config/demo.yaml").read_text() + "catalogues: {hypotheses: mine.yaml}\n")

    def noted(clock):
        ran(snakemake(NOTED, directory=tmp_path, config=config, variables={"SOURCE_DATE_EPOCH": clock}))
        return pd.read_csv(tmp_path / NOTED, sep="\t").to_dict("records")

    (first,) = noted("1767225600")
    assert (first["first_used"], first["after_verdicts"]) == ("2026-01-01T00:00:00+00:00", "no")
    mine.write_text("# a comment is no change\n" + text)
    assert jobs_of(plan(NOTED, "--quiet", "rules", directory=tmp_path, config=config)) == {}
    (tmp_path / "results/verdict/verdicts.tsv").write_text("there are verdicts\n")
    mine.write_text(text.replace("margin: 5", "margin: 4"))
    same, second = noted("1769904000")
    assert same == first
    assert (second["first_used"], second["after_verdicts"]) == ("2026-02-01T00:00:00+00:00", "yes")
    assert second["digest"] != first["digest"]
