"""Other judges than the markers, from configuration to tables: compared with each other, and deciding."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import yaml
from judge_files import sha256, train_celltypist, write_labelled
from sklearn.metrics import cohen_kappa_score

from cd20scope import schema
from cd20scope.counts.matrix import log_normalise
from cd20scope.study import catalogue
from workflow.running import plan, ran, snakemake

pytestmark = pytest.mark.cohort
SAMPLES = ("s1", "s2")
TABLES = ("results/annotate/agreement.tsv", "results/annotate/agreement_summary.tsv")
RENAMED = {"CD4 naive": "Th0", "Treg": "Tregs", "doublet": "junk"}
"""Labels as the authors of the data might have written them; the others are names of populations."""
MAPPING = {"Th0": "CD4 naive", "Tregs": "Treg"}


def configure(folder, method, **sections):
    keys = {"samples": "samples.tsv", "annotate": {"method": method, **sections}}
    (folder / "study.yaml").write_text(yaml.safe_dump(keys))
    return folder / "study.yaml"


@pytest.fixture(scope="module")
def study(cohort, populations, tmp_path_factory):
    """One donor at two visits to be labelled; a second donor makes the reference, a third the model."""
    folder = tmp_path_factory.mktemp("judges")
    names, genes = list(cohort["counts"]), cohort["genes"]
    said = {name: pd.Series(cohort["truth"][name]).replace(RENAMED).to_numpy() for name in names}
    rows = []
    for sample, name in zip(SAMPLES, names, strict=False):
        barcodes = [f"{sample}-{number}" for number in range(len(said[name]))]
        write_labelled(folder / f"{sample}.h5ad", cohort["counts"][name], genes, barcodes, author=said[name])
        rows.append(f"{sample}\tD1\t{['baseline', 'week2'][len(rows)]}\t{sample}.h5ad\n")
    (folder / "samples.tsv").write_text("sample\tdonor\tvisit\tpath\n" + "".join(rows))

    def pooled(wanted):
        return sp.vstack([cohort["counts"][name] for name in wanted], format="csr"), np.concatenate(
            [said[name] for name in wanted]
        )

    counts, labels = pooled(names[2:4])
    barcodes = [f"r-{number}" for number in range(len(labels))]
    write_labelled(folder / "reference.h5ad", counts, genes, barcodes, cell_type=labels)
    counts, labels = pooled(names[4:6])
    # of thousands of genes, so few cells train no model that is sure of anything
    told_by = np.isin(genes, [gene for node in populations["nodes"] for gene in node["markers"]])
    train_celltypist(folder / "model.pkl", log_normalise(counts)[:, told_by], genes[told_by], labels)
    truth = {sample: cohort["truth"][name] for sample, name in zip(SAMPLES, names, strict=False)}
    return folder, truth


@pytest.fixture(scope="module")
def sections(study):
    folder, _ = study
    return {
        "celltypist": {"model": "model.pkl", "sha256": sha256(folder / "model.pkl"), "labels": MAPPING},
        "reference": {"path": "reference.h5ad", "column": "cell_type", "labels": MAPPING},
        "obs": {"column": "author", "labels": MAPPING},
    }


@pytest.fixture(scope="module")
def compared(study, sections):
    folder, truth = study
    config = configure(folder, ["markers", "reference", "celltypist"], **sections)
    ran(snakemake(*TABLES, directory=folder, config=config))
    return folder, truth


def kept_cells(folder, truth, label_file):
    """Labels of the kept cells of all samples, with the truth."""
    tables = []
    for sample in SAMPLES:
        quality = pd.read_parquet(folder / f"results/qc/{sample}.parquet")
        table = pd.read_parquet(folder / label_file.format(sample=sample))
        assert table.index.equals(quality.index)
        tables.append(table.assign(truth=truth[sample])[quality["keep"]])
    return pd.concat(tables)


@pytest.mark.parametrize("judge", ["reference", "celltypist"])
def test_each_judge_labels_every_cell_by_itself(judge, compared, populations):
    folder, truth = compared
    table = kept_cells(folder, truth, f"results/annotate/judges/{judge}/{{sample}}.parquet")
    assert {"lineage", "population", "subset", "probability"} <= set(table)
    assert set(table["population"]) <= {*catalogue.lineage_of(populations), schema.UNASSIGNED}
    told = table[(table["truth"] != "doublet") & (table["population"] != schema.UNASSIGNED)]
    assert len(told) > 0.7 * len(table)
    assert (told["population"] == told["truth"]).mean() > 0.9
    # the authors' own words reached the tree, and what none of them means did not
    assert {"CD4 naive", "Treg"} <= set(told["population"])
    log = (folder / f"results/logs/annotate/judge_cells/{judge}/s1.log").read_text()
    assert "Th0 -> CD4 naive / unassigned" in log
    assert (
        f"unassigned: {(table.loc[table.index.str.startswith('s1'), 'population'] == schema.UNASSIGNED).sum()} of"
        in log
    )


def test_the_tables_of_agreement_are_those_of_the_labels(compared):
    folder, truth = compared
    labels = {
        "markers": kept_cells(folder, truth, "results/annotate/{sample}.parquet"),
        "reference": kept_cells(folder, truth, "results/annotate/judges/reference/{sample}.parquet"),
        "celltypist": kept_cells(folder, truth, "results/annotate/judges/celltypist/{sample}.parquet"),
    }
    table, summary = (pd.read_csv(folder / path, sep="\t") for path in TABLES)
    n = len(labels["markers"])
    assert table.groupby(["judge_a", "judge_b"], sort=False)["n_cells"].sum().to_dict() == {
        ("markers", "reference"): n,
        ("markers", "celltypist"): n,
        ("reference", "celltypist"): n,
    }
    for row in summary.itertuples():
        a, b = labels[row.judge_a]["population"], labels[row.judge_b]["population"]
        both = (a != schema.UNASSIGNED) & (b != schema.UNASSIGNED)
        assert row.kappa == pytest.approx(cohen_kappa_score(a[both], b[both]))
        assert row.agree > 0.9


def test_labels_of_the_input_decide_when_they_come_first(compared, sections):
    folder, truth = compared
    config = configure(folder, ["obs", "markers"], obs=sections["obs"])
    ran(snakemake(TABLES[0], directory=folder, config=config))
    labels = kept_cells(folder, truth, "results/annotate/{sample}.parquet")
    assert labels.columns[: len(schema.LABELS)].tolist() == list(schema.LABELS)
    expected = labels["truth"].where(labels["truth"] != "doublet", schema.UNASSIGNED)
    assert labels["population"].tolist() == expected.tolist()
    # what is counted and summed follows
    cells, sums = (
        pd.concat(
            pd.read_parquet(folder / f"results/pseudobulk/{sample}.{kind}.parquet") for sample in SAMPLES
        )
        for kind in ("cells", "sums")
    )
    counted = cells.groupby("population")["n_cells"].sum()
    assert counted[counted > 0].to_dict() == expected.value_counts().to_dict()
    assert set(sums["population"]) == set(expected)
    # and the markers label the same cells aside
    markers = kept_cells(folder, truth, "results/annotate/judges/markers/{sample}.parquet")
    told = markers[(markers["truth"] != "doublet") & (markers["population"] != schema.UNASSIGNED)]
    assert (told["population"] == told["truth"]).mean() > 0.9
    table = pd.read_csv(folder / TABLES[0], sep="\t")
    assert set(zip(table["judge_a"], table["judge_b"], strict=True)) == {("obs", "markers")}


def test_what_a_judge_lacks_is_said_before_anything_runs(compared, sections):
    folder, _ = compared
    model = sections["celltypist"]
    unstated = {key: value for key, value in model.items() if key != "sha256"}
    cases = [
        ("celltypist", {"celltypist": unstated}, ["sha256 is missing", "pickle", "runs whatever code"]),
        ("celltypist", {"celltypist": model | {"sha256": "0" * 64}}, ["model.pkl: its sha256 is", "0" * 64]),
        (
            ["markers", "referense"],
            {"celltypist": model | {"sha256": "abc"}},
            ["referense", 'mean "reference"', "64 hexadecimal digits"],
        ),
        (
            ["reference", "obs"],
            {"obs": {"column": "autor"}, "reference": sections["reference"]},
            ["sample s1", "s1.h5ad", "'autor'", "found author", "sample s2"],
        ),
    ]
    for method, given, expected in cases:
        process = plan(directory=folder, config=configure(folder, method, **given))
        said = process.stdout + process.stderr
        assert process.returncode != 0, method
        for part in expected:
            assert part in said, f"{part!r} not in: {said[-1500:]}"
        assert "Traceback" not in said


def test_the_report_waits_for_the_tables_of_agreement(compared, sections):
    folder, _ = compared
    config = configure(folder, ["markers", "obs"], obs=sections["obs"])
    said = ran(plan("--forceall", "--quiet", "rules", directory=folder, config=config))
    assert "compare_judges" in said.stdout + said.stderr
