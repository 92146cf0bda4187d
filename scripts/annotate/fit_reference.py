"""Train the judge of the labels on a labelled reference; see :mod:`cd20scope.annotate.judges.reference`."""

import pandas as pd

from cd20scope.annotate.judges import input_labels, reference, settings
from cd20scope.ingest import read
from cd20scope.jobs.job import job

with job(snakemake) as (log, output):
    params, path = snakemake.params, snakemake.input.reference
    column, mapping = params.settings["column"], params.settings["labels"]
    if "sha256" in params.settings:
        settings.check_sum(path, sha256=params.settings["sha256"])
    labels = input_labels.read_labels(path, column=column, key="annotate > reference")
    settings.check_mapping(
        labels.unique(), mapping=mapping, populations=params.populations, judge="reference"
    )
    listed = pd.read_csv(snakemake.input.genes, sep="\t", keep_default_na=False)
    trained = reference.fit(
        read.read_sample(path, format="h5ad"),
        labels,
        genes=listed.loc[listed["n_samples"] == params.n_samples, "gene"].to_numpy(dtype=object),
        markers={gene for node in params.populations["nodes"] for gene in node["markers"]},
        seed=params.seed,
        name=path,
    )
    reference.dump(trained, output.reference)
    log.info("%d shared genes, %d of them read", len(trained.genes), len(trained.features))
    for label, n in labels.value_counts().items():
        log.info("%s: %d cells%s", label, n, "" if label in trained.classifier.classes_ else ", left out")
