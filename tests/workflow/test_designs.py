"""A study with a placebo arm, blood and CSF, a donor left out and a covariate, from its sheet to the preflight."""

import csv

import numpy as np
from measured_genes import few_genes

from cd20scope.simulate import tenx_files
from workflow.running import ran, snakemake

GENES = few_genes("CD3E", "MS4A1", "LYZ", "NKG7", "GNLY", "B2M")
SETTINGS = """\
samples: samples.tsv
qc: {min_counts: 1, min_genes: 1}
donors: {exclude: {ms_type: SPMS}}
covariates: [age]
"""
HEAD = ("sample", "donor", "visit", "path", "arm", "tissue", "ms_type", "age")


def write_study(folder, *, numbered=False):
    """Eight treated donors, one of them left out, and two of placebo, in blood; three also in CSF at month 6."""
    lines = ["\t".join(HEAD)]
    for donor in range(1, 11):
        arm, course = "placebo" if donor > 8 else "ocrelizumab", "SPMS" if donor == 3 else "RRMS"
        for visit, tissue in (("baseline", "PBMC"), ("month6", "PBMC"), ("month6", "CSF")):
            if tissue == "CSF" and donor > 3:
                continue
            name = f"{len(lines):02d}" if numbered else f"D{donor}_{visit}_{tissue}"
            who = f"{donor:02d}" if numbered else f"D{donor}"
            counts = np.random.default_rng(len(lines)).poisson(2, (30, len(GENES)))
            barcodes = [f"{len(lines)}A{i}" for i in range(30)]
            tenx_files.write_h5(folder / f"{name}.h5", counts, genes=GENES, barcodes=barcodes)
            lines.append(
                "\t".join([name, who, visit, f"{name}.h5", arm, tissue, course, str(30 + donor**2 % 13)])
            )
    (folder / "samples.tsv").write_text("\n".join(lines) + "\n")
    (folder / "study.yaml").write_text(SETTINGS)


def test_the_preflight_tells_who_is_compared_with_whom(tmp_path):
    write_study(tmp_path)
    ran(snakemake("results/preflight/preflight.html", directory=tmp_path, config=tmp_path / "study.yaml"))
    with (tmp_path / "results/preflight/findings.tsv").open() as file:
        found = {row["about"]: row["text"] for row in csv.DictReader(file, delimiter="\t")}
    assert found["D3"] == "left out of this run: excluded by ms_type (SPMS)."
    assert found["placebo"].startswith(
        "control arm (by the column arm): D10, D9. 2 donors, never pooled with the 7"
    )
    assert "D1_month6_CSF, D2_month6_CSF have no part in it" in found["blood"]
    assert "every question is not testable in this tissue" in found["CSF"]
    assert "by tissue: blood: 7, CSF: 0" in found["blood"]
    page = (tmp_path / "results/preflight/preflight.html").read_text()
    assert "D1, D2, D4, D5, D6, D7, D8" in page
    # a covariate costs a donor: seven pairs are needed
    assert "-fold" in page


def test_samples_and_donors_named_by_numbers_keep_their_names(tmp_path):
    write_study(tmp_path, numbered=True)
    targets = ("results/preflight/preflight.html", "results/ingest/inputs.tsv")
    ran(snakemake(*targets, directory=tmp_path, config=tmp_path / "study.yaml"))
    assert "01, 02, 04, 05, 06, 07, 08" in (tmp_path / targets[0]).read_text()
    with (tmp_path / targets[1]).open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [row["sample"] for row in rows][:2] == ["01", "02"]
    assert {row["n_cells"] for row in rows} == {"30"}
