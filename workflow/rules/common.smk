"""Configuration, sample sheet and input functions; no rules."""

import functools
import hashlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import yaml
from snakemake.io import IOFile
from snakemake.logging import logger
from snakemake.utils import validate


def find_home():
    """Folder with the files of this workflow in their tree.

    That is the clone itself. Of a workflow that Snakemake brings file by file, as github() does, it is a copy below .snakemake
    of the study: the names in Snakemake's cache need not be those of modules, and a folder there cannot be listed, hence the manifest.
    All files in it are text, as Snakemake 9.27 cannot bring others.
    """
    clone = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parents[1]
    if (clone / "workflow/manifest.txt").is_file():
        return clone
    manifest = Path(workflow.source_path("../manifest.txt"))
    texts = {"workflow/manifest.txt": manifest.read_bytes()}
    for name in manifest.read_text(encoding="utf-8").split():
        texts[name] = Path(workflow.source_path(f"../../{name}")).read_bytes()
    digest = hashlib.sha256(repr(texts).encode()).hexdigest()[:12]
    home = Path(".snakemake/cd20scope").resolve() / digest
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        # renamed when all is there: jobs on a cluster look for it at the same time
        aside = Path(tempfile.mkdtemp(prefix="partial-", dir=home.parent))
        for name, text in texts.items():
            (aside / name).parent.mkdir(parents=True, exist_ok=True)
            (aside / name).write_bytes(text)
        try:
            aside.rename(home)
        except OSError:
            shutil.rmtree(aside)
    return home


if workflow.modifier.is_main_snakefile():
    # jobs that Snakemake starts anew take no module of the working folder for one of Python's
    os.environ.update(PYTHONSAFEPATH="1")
HOME = find_home()
# scripts get what is on Snakemake's own path
if str(HOME / "scripts") not in sys.path:
    sys.path.append(str(HOME / "scripts"))

from cd20scope import schema
from cd20scope.annotate.judges import settings as judges
from cd20scope.annotate.likelihood import profiles
from cd20scope.annotate.likelihood.tree import require_profiles
from cd20scope.export import cellxgene_terms
from cd20scope.jobs import code, files, outputs, record
from cd20scope.report import ending
from cd20scope.simulate.cohort import cohort_layout
from cd20scope.study import arms, catalogue, covariates, defaults, design, draw_time
from cd20scope.study import gene_sets, names, patterns, sheet
from cd20scope.study import strict_yaml, text, themes, times

VERSION = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]["version"]
CODE = code.Code(HOME / "scripts")
GENE_TABLE = HOME / "config/genes.tsv"
PROFILE_TABLE = HOME / "config/profiles.tsv"
CATALOGUES = {
    kind: HOME / f"config/{kind}.yaml"
    for kind in ("populations", "programs", "hypotheses")
}
SCHEMAS = {
    kind: HOME / f"workflow/schemas/{kind}.schema.yaml"
    for kind in ("config", *CATALOGUES)
}
VERDICTS_SCHEMA = HOME / "workflow/schemas/verdicts.schema.json"
TEMPLATES = HOME / "workflow/report"
REPORT_TEMPLATES = (
    "report.html.j2",
    "parts.html.j2",
    "trust.html.j2",
    "studies.html.j2",
    "tissues.html.j2",
    "methods.html.j2",
    "report.css",
    "report.js",
)
# libraries that run inside the report, first the one that others need
REPORT_SCRIPTS = ("vendor/dataTables.min.js", "vendor/echarts.common.min.js")


include: "common/settings.smk"
include: "common/inputs.smk"
include: "common/fetched.smk"
include: "common/judges.smk"
include: "common/outputs.smk"
include: "common/record.smk"
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
    GIVEN = load_samples()
    DESIGN, COVARIATE_NOTES = plan_study()
    SHEET = DESIGN.samples
    # with the samples of other tissues: what is read and labelled sample by sample
    ROWS = pd.concat([SHEET, DESIGN.others], ignore_index=True)
    FETCHED = remote_files()
    hide_secrets()
    TO_FETCH = not_yet_fetched()
    SEURAT = seurat_objects()
    if config["ingest"]["genes"] != "shipped":
        GENE_TABLE = find_file(config["ingest"]["genes"], "ingest: genes")
    if config["annotate"]["profiles"] != "shipped":
        PROFILE_TABLE = find_file(config["annotate"]["profiles"], "annotate: profiles")
    check_judges()
except (
    catalogue.ConfigError,
    gene_sets.GeneSetError,
    judges.JudgeError,
    profiles.ProfileError,
    sheet.SheetError,
    text.TextError,
) as error:
    # the message says all; where in the code it arose does not help
    raise WorkflowError(str(error)) from None
check_questions()
check_steroid()
tell_design()
check_pairs()
check_apart()
SAMPLES = SHEET["sample"].tolist()
EVERY_SAMPLE = ROWS["sample"].tolist()
ROW_OF = ROWS.set_index("sample").to_dict("index")
SHEET_RECORDS = SHEET.drop(columns=["path", "raw"], errors="ignore").to_dict("records")
TISSUES = other_tissues()


wildcard_constraints:
    sample="|".join(map(re.escape, EVERY_SAMPLE)),
    tissue="|".join(map(re.escape, TISSUES)),
    file="|".join(map(re.escape, TO_FETCH)),
    part="|".join(schema.FIGURES),
    object="|".join(map(re.escape, SEURAT)),
    # the markers have a rule of their own
    judge="|".join(method for method in judges.METHODS if method != "markers"),


# samples of each count file: a job reads only its own cells of a file that holds many
SHARED = Counter(placed(local_counts(path)) for path in ROWS["path"])


check_place()
