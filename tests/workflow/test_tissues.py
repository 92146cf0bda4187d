"""The built-in cohort with a placebo arm and CSF, from its one configuration file to the report."""

import pandas as pd
import pytest

from workflow.running import ROOT, ran, snakemake


def read(directory, name):
    path = directory / "results" / name
    return pd.read_csv(path, sep="\t", dtype={"donor": str}, keep_default_na=False, na_values=[""])


@pytest.mark.cohort
def test_a_placebo_arm_and_csf_run_to_a_report(tmp_path):
    ran(snakemake("results/report/report.html", directory=tmp_path, config=ROOT / "config/arms.yaml"))
    samples, questions = (
        read(tmp_path, f"verdict/tissues/CSF/{name}.tsv") for name in ("samples", "questions")
    )
    assert samples["sample"].str.endswith("_csf").all()
    assert set(samples["donor"]) == {f"D0{i}" for i in range(1, 9)}
    # a fall that so few cells can show, and what they cannot show is typed and has no number
    asked = questions.set_index("id")
    assert asked.loc["B-total-m6", "status"] == "fell"
    untested = asked[asked["status"] == "not testable"]
    assert (untested["reason"] != "").all()
    assert untested["estimate"].isna().all()
    assert asked.loc["B-total-w2", "reason"] == "0 complete pairs, 6 needed"
    assert untested["reason"].str.contains("per donor expected").any()
    # no sample of one tissue is in a table of the other
    blood = read(tmp_path, "abundance/donors.tsv")
    assert not blood["sample"].str.contains("csf").any()
    assert read(tmp_path, "verdict/tissues/CSF/donors.tsv")["sample"].str.endswith("_csf").all()
    page = (tmp_path / "results/report/report.html").read_text(encoding="utf-8")
    for place in ("tissues", "tissue-1", "table-tissue-1-tested", "studies", "table-control_arms"):
        assert page.count(f'id="{place}"') == 1, place
    findings = read(tmp_path, "preflight/findings.tsv").set_index("about")["text"]
    assert "month6-baseline: 7" in findings["CSF"]
