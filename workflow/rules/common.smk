"""Configuration, sample sheet and input functions; no rules."""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import sys
import tomllib
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
    "abundance/__init__",
    "abundance/absolute",
    "abundance/compare",
    "abundance/log_odds",
    "abundance/repopulation",
    "abundance/shares",
    "annotate/__init__",
    "annotate/judges/__init__",
    "annotate/judges/agreement",
    "annotate/judges/calls",
    "annotate/judges/celltypist",
    "annotate/judges/input_labels",
    "annotate/judges/reference",
    "annotate/judges/settings",
    "annotate/labels",
    "annotate/markers",
    "annotate/model/__init__",
    "annotate/model/chances",
    "annotate/model/decisions",
    "annotate/model/features",
    "annotate/model/fit",
    "annotate/model/fitted",
    "annotate/model/marker_scores",
    "annotate/model/neighbors",
    "annotate/model/regression",
    "annotate/model/standardised",
    "annotate/overview",
    "annotate/protein",
    "annotate/sketch",
    "annotate/soup",
    "counts/__init__",
    "counts/hdf5",
    "counts/matrix",
    "counts/store",
    "embed/__init__",
    "embed/layout",
    "expression/__init__",
    "expression/deseq",
    "expression/deseq_blocks",
    "expression/dispersions",
    "expression/enrichment",
    "expression/fit",
    "expression/flips",
    "expression/moderated_t",
    "expression/partial_genes",
    "ingest/__init__",
    "ingest/antibodies",
    "ingest/checksums",
    "ingest/empty_droplets",
    "ingest/formats/__init__",
    "ingest/formats/detect",
    "ingest/formats/h5ad",
    "ingest/formats/loom",
    "ingest/formats/seurat",
    "ingest/formats/source",
    "ingest/formats/tenx_h5",
    "ingest/formats/tenx_mtx",
    "ingest/formats/text_table",
    "ingest/gene_names",
    "ingest/look",
    "ingest/places",
    "ingest/read",
    "init/__init__",
    "init/columns",
    "init/extras",
    "init/files",
    "init/names",
    "init/rows",
    "init/study",
    "init/text",
    "init/visits",
    "jobs/__init__",
    "jobs/files",
    "jobs/job",
    "jobs/logs",
    "jobs/outputs",
    "preflight/__init__",
    "preflight/files",
    "preflight/findings",
    "preflight/page",
    "preflight/sexes",
    "preflight/study",
    "programs/__init__",
    "programs/arms",
    "programs/compare",
    "programs/random_sets",
    "programs/scores",
    "pseudobulk/__init__",
    "pseudobulk/cohort",
    "pseudobulk/leaves",
    "pseudobulk/relabelled",
    "pseudobulk/sample",
    "qc/__init__",
    "qc/doublets",
    "qc/metrics",
    "report/__init__",
    "report/answer",
    "report/claims",
    "report/colours",
    "report/components",
    "report/downloads",
    "report/figures/__init__",
    "report/figures/agreement",
    "report/figures/cohort",
    "report/figures/donors",
    "report/figures/evidence",
    "report/figures/labels",
    "report/figures/named",
    "report/figures/save",
    "report/figures/style",
    "report/figures/svg",
    "report/figures/verdicts",
    "report/hypothesis_words",
    "report/marker_panel",
    "report/page",
    "report/provenance",
    "report/quality",
    "report/read",
    "report/results",
    "report/sections/__init__",
    "report/sections/cell_map",
    "report/sections/evidence",
    "report/sections/labels",
    "report/sections/references",
    "report/sections/trust",
    "report/software",
    "report/summary",
    "report/tables/__init__",
    "report/tables/columns",
    "report/tables/listings",
    "report/wording",
    "schema",
    "simulate/__init__",
    "simulate/cells",
    "simulate/cohort",
    "simulate/gene_families",
    "simulate/tenx_files",
    "stats/__init__",
    "stats/changes",
    "stats/multiplicity",
    "stats/paired_tests",
    "stats/pairs",
    "stats/sign_flips",
    "study/__init__",
    "study/batches",
    "study/catalogue",
    "study/catalogue_rules",
    "study/cell_choice",
    "study/gene_sets",
    "study/nearest",
    "study/references",
    "study/roles",
    "study/selectors",
    "study/sheet",
    "study/sheet_checks",
    "study/strict_yaml",
    "study/themes",
    "verdict/__init__",
    "verdict/cautions",
    "verdict/decide",
    "verdict/effect_text",
    "verdict/evidence",
    "verdict/flips",
    "verdict/hypothesis",
    "verdict/ledger",
    "verdict/measure",
    "verdict/power",
    "verdict/robustness",
    "verdict/rules",
    "verdict/table",
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
VERSION = tomllib.loads(
    Path(workflow.source_path("../../pyproject.toml")).read_text(encoding="utf-8")
)["project"]["version"]
CODE = digest_library()
sys.path.append(
    str(Path(workflow.source_path("../../scripts/cd20scope/__init__.py")).parents[1])
)

from cd20scope import schema
from cd20scope.annotate.judges import settings as judges
from cd20scope.jobs import outputs
from cd20scope.simulate.cohort import cohort_layout
from cd20scope.study import catalogue, gene_sets, sheet, strict_yaml, themes

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
    TREES = {"populations": POPULATIONS, "shipped": shipped_tree()}
    PROGRAMS = catalogue.scored_here(
        load_catalogue("programs", catalogue.References(**TREES)), POPULATIONS
    )
    HYPOTHESES = catalogue.asked_here(
        load_catalogue("hypotheses", catalogue.References(**TREES, programs=PROGRAMS)),
        POPULATIONS,
    )
    GENE_SETS = load_gene_sets()
    SHEET = load_samples()
    FETCHED = remote_files()
    TO_FETCH = not_yet_fetched()
    SEURAT = seurat_objects()
    if config["ingest"]["genes"] != "shipped":
        GENE_TABLE = str(find_file(config["ingest"]["genes"], "ingest: genes"))
    check_judges()
except (
    catalogue.ConfigError,
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
