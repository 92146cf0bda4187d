"""Configuration, sample sheet and input functions; no rules."""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import yaml
from snakemake.io import IOFile
from snakemake.logging import logger
from snakemake.persistence.file import FilePersistence
from snakemake.utils import validate

# Every module of scripts/cd20scope, named because the folder of a remote workflow cannot be listed (a test compares).
LIBRARY = (
    "__init__",
    "absolute",
    "abundance",
    "aggregate",
    "agreement",
    "anndata_files",
    "annotate",
    "annotation_figures",
    "annotation_section",
    "antibodies",
    "arms",
    "calls",
    "catalogue",
    "catalogue_rules",
    "cautions",
    "cell_choice",
    "cell_map",
    "cellmodel",
    "celltypist_model",
    "changes",
    "checksums",
    "claims",
    "colours",
    "compare_figures",
    "consensus",
    "counts",
    "crosscheck",
    "decisions",
    "dense_text",
    "deseq",
    "dispersions",
    "donor_figures",
    "doublets",
    "downloads",
    "drawing",
    "effects",
    "embed",
    "empty_droplets",
    "enrichment",
    "evidence",
    "evidence_figures",
    "evidence_section",
    "expression",
    "features",
    "figures",
    "findings",
    "flips",
    "gallery",
    "gene_families",
    "gene_flips",
    "gene_names",
    "gene_sets",
    "genes_at_once",
    "headings",
    "ingest",
    "init",
    "init_columns",
    "init_extras",
    "init_files",
    "init_names",
    "init_rows",
    "init_text",
    "init_visits",
    "judges",
    "label_arms",
    "labels",
    "leafsums",
    "ledger",
    "listings",
    "logs",
    "looks",
    "loom",
    "marker_scores",
    "markers",
    "measure",
    "model",
    "mtx",
    "neighbors",
    "obs_labels",
    "other_tests",
    "overview",
    "pairs",
    "partial_genes",
    "pictures",
    "preflight",
    "preflight_page",
    "programs",
    "proportions",
    "protein",
    "provenance",
    "qc",
    "random_sets",
    "readers",
    "reference",
    "references",
    "regression",
    "repopulation",
    "report",
    "result_files",
    "results",
    "rules",
    "schema",
    "score_arms",
    "scores",
    "sensitivity",
    "seurat",
    "sexes",
    "sheet",
    "sheet_checks",
    "simulate",
    "sketch",
    "software",
    "soup",
    "sources",
    "standardised",
    "statistics_section",
    "store",
    "story",
    "strict_yaml",
    "summary",
    "svg",
    "tenx",
    "trust",
    "verdict",
    "verdict_figures",
    "whole",
    "wording",
)


def digest_library():
    """Cache every library module next to the scripts; return one digest of their text."""
    digest = hashlib.sha256()
    for module in LIBRARY:
        digest.update(
            Path(
                workflow.source_path(f"../../scripts/cd20scope/{module}.py")
            ).read_bytes()
        )
    return digest.hexdigest()[:12]


# Every rule with a script carries this in its params, so that an edit of the library reruns what it changes.
VERSION = "0.1.0"
CODE = digest_library()
sys.path.append(
    str(Path(workflow.source_path("../../scripts/cd20scope/__init__.py")).parents[1])
)

from cd20scope import (
    catalogue,
    claims,
    gene_sets,
    judges,
    schema,
    sheet,
    strict_yaml,
    whole,
)
from cd20scope.simulate import cohort_layout

GENE_TABLE = workflow.source_path("../../config/genes.tsv")
CATALOGUES = {
    "populations": workflow.source_path("../../config/populations.yaml"),
    "programs": workflow.source_path("../../config/programs.yaml"),
    "hypotheses": workflow.source_path("../../config/hypotheses.yaml"),
}
SCHEMAS = {
    "config": workflow.source_path("../schemas/config.schema.yaml"),
    "populations": workflow.source_path("../schemas/populations.schema.yaml"),
    "programs": workflow.source_path("../schemas/programs.schema.yaml"),
    "hypotheses": workflow.source_path("../schemas/hypotheses.schema.yaml"),
    "verdicts": workflow.source_path("../schemas/verdicts.schema.json"),
}
PREFLIGHT_TEMPLATE = workflow.source_path("../report/preflight.html.j2")
REPORT_TEMPLATES = {
    name: workflow.source_path(f"../report/{name}")
    for name in (
        "report.html.j2",
        "parts.html.j2",
        "trust.html.j2",
        "methods.html.j2",
        "report.css",
        "report.js",
    )
}
# libraries that run inside the report, first the one that others need
REPORT_SCRIPTS = [
    workflow.source_path(f"../report/vendor/{name}")
    for name in ("dataTables.min.js", "echarts.common.min.js")
]


include: "common/settings.smk"
include: "common/inputs.smk"
include: "common/judges.smk"
include: "common/outputs.smk"
include: "common/resources.smk"


try:
    complete_config()
    JUDGES = judges.methods(config["annotate"]["method"])
    POPULATIONS = load_catalogue("populations")
    PROGRAMS = load_catalogue("programs")
    HYPOTHESES = load_catalogue("hypotheses")
    check_catalogues()
    GENE_SETS = load_gene_sets()
    SHEET = load_samples()
    FETCHED = remote_files()
    TO_FETCH = not_yet_fetched()
    SEURAT = seurat_objects()
    if config["ingest"]["genes"] != "shipped":
        GENE_TABLE = str(find_file(config["ingest"]["genes"], "ingest: genes"))
    check_judges()
except (
    catalogue.CatalogueError,
    gene_sets.GeneSetError,
    judges.JudgeError,
    sheet.SheetError,
) as error:
    # the message says all; where in the code it arose does not help
    raise WorkflowError(str(error)) from None
check_questions()
check_steroid()
check_pairs()
if workflow.is_main_process:
    mark_damaged()
SAMPLES = SHEET["sample"].tolist()
SHEET_RECORDS = SHEET.drop(columns="path").to_dict("records")


wildcard_constraints:
    sample="|".join(map(re.escape, SAMPLES)),
    file="|".join(map(re.escape, TO_FETCH)),
    part="|".join(schema.FIGURES),
    object="|".join(map(re.escape, SEURAT)),
    # the markers have a rule of their own
    judge="|".join(method for method in judges.METHODS if method != "markers"),


# samples of each count file: a job reads only its own cells of a file that holds many
SHARED = Counter(map(local_counts, SHEET["path"]))


check_place()
