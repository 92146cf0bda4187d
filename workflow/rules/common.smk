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
    "compare_figures",
    "consensus",
    "counts",
    "crosscheck",
    "decisions",
    "dense_text",
    "deseq",
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

from cd20scope import catalogue, gene_sets, judges, sheet, strict_yaml, whole
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


def complete_config():
    """Check the configuration against its schema, add the defaults, and say every mistake of a file in one message."""
    schema = yaml.safe_load(Path(SCHEMAS["config"]).read_text(encoding="utf-8"))
    piece = {key: value for key, value in schema.items() if key != "required"}
    for path in config_files():
        strict_yaml.read(
            Path(path).read_text(encoding="utf-8"), schema=piece, name=str(path)
        )
    # once more as a whole, since keys may come from the command line; this also fills in the defaults
    strict_yaml.read(
        yaml.safe_dump(dict(config), sort_keys=False),
        schema=schema,
        name="configuration",
    )
    validate(config, "../schemas/config.schema.yaml")
    check_visits(schema)
    check_contrasts()


def check_visits(schema):
    """A visit that is named as a key of another section is that key, under the wrong heading."""
    sections = {
        key: name
        for name, part in schema["properties"].items()
        for key in [name, *part.get("properties", {})]
    }
    for visit in config["visits"]:
        if visit in sections:
            raise WorkflowError(
                f"configuration: visits > {visit}: no visit, but a key of {sections[visit]}. Write the line of its section above it "
                "(take the # off that line, too)."
            )


def check_contrasts():
    """Contrasts must go from an earlier visit of the configuration to a later one."""
    visits = list(config["visits"])
    written = any(
        "contrasts" in (yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {})
        for path in config_files()
    )
    hint = (
        ""
        if written
        else " These are the default contrasts: state your own under contrasts, or keep the default visits and give your names as other spellings of them."
    )
    for pair in config["contrasts"]:
        place = f"configuration: contrasts > {pair}"
        for visit in pair:
            if visit not in visits:
                raise WorkflowError(
                    f"{place}: {strict_yaml.unknown('visit', visit, visits)}{hint}"
                )
        if visits.index(pair[0]) <= visits.index(pair[1]):
            raise WorkflowError(
                f"{place}: a contrast is [later, earlier], and visits are in the order {visits}. Write it the other way round."
            )


def check_questions():
    """Stop when no hypothesis can be asked of this run's contrasts; say how many cannot."""
    made = {f"{later}-{earlier}" for later, earlier in config["contrasts"]}
    asked = {entry["contrast"] for entry in HYPOTHESES["hypotheses"]}
    if not asked & made:
        raise WorkflowError(
            f"no hypothesis speaks of a contrast of this run: they ask for {', '.join(sorted(asked))}; the run makes "
            f"{', '.join(sorted(made))}. Keep the names of the visits and give yours as other spellings (visits: "
            "{baseline: [yours], ...}), or give a catalogue of your own under catalogues: hypotheses."
        )
    if asked - made:
        logger.warning(
            f"hypotheses on {', '.join(sorted(asked - made))} will be 'not testable': the run makes no such contrast."
        )


def check_steroid():
    """The programme that verdicts are adjusted for must be a confounder of the catalogue."""
    name = config["verdict"]["steroid"]
    confounders = [
        entry["name"] for entry in PROGRAMS["programs"] if entry["role"] == "confounder"
    ]
    if name not in confounders:
        raise WorkflowError(
            f"configuration: verdict > steroid: {strict_yaml.unknown('programme with the role confounder', name, confounders)}"
        )


def check_pairs():
    """Warn when a contrast has fewer donors with both visits than a verdict needs."""
    seen = SHEET.groupby("donor")["visit"].agg(set)
    needed = config["verdict"]["min_pairs"]
    for later, earlier in config["contrasts"]:
        pairs = sum({later, earlier} <= visits for visits in seen)
        if pairs < needed:
            logger.warning(
                f"{later}-{earlier}: {pairs} donor(s) have both visits and a verdict needs {needed}; what is asked of it will be 'not testable'."
            )


def config_files():
    """Configuration files of this run, in the order in which they were read."""
    given = [*workflow.configfiles, *(workflow.config_settings.configfiles or [])]
    return [path for path in dict.fromkeys(map(str, given)) if Path(path).exists()]


def find_file(given, key):
    """Path that the configuration gives, from the working directory or from the folder of the configuration file."""
    tried = [Path(given)]
    tried += [Path(origin).parent / given for origin in config_files()]
    for path in tried:
        if path.exists():
            return path
    places = ", ".join(dict.fromkeys(str(path.resolve()) for path in tried))
    raise WorkflowError(
        f"configuration: {key}: {given} was not found; looked for {places}. Correct the path."
    )


def load_catalogue(kind):
    """One of the three catalogues, shipped or the user's own, checked."""
    given = config["catalogues"][kind]
    path = (
        Path(CATALOGUES[kind])
        if given == "shipped"
        else find_file(given, f"catalogues: {kind}")
    )
    schema = yaml.safe_load(Path(SCHEMAS[kind]).read_text(encoding="utf-8"))
    name = f"config/{kind}.yaml" if given == "shipped" else given
    return catalogue.load(
        path.read_text(encoding="utf-8"), kind=kind, schema=schema, name=name
    )


def check_catalogues():
    """Check that the catalogues go together; an error names the files."""
    try:
        catalogue.check_references(POPULATIONS, PROGRAMS, HYPOTHESES)
    except catalogue.CatalogueError as error:
        files = [
            f"{kind} from {f'config/{kind}.yaml' if given == 'shipped' else given}"
            for kind, given in config["catalogues"].items()
        ]
        raise WorkflowError(f"{error}\n  read: {', '.join(files)}") from None


def load_samples():
    """The sample sheet, or the layout of the built-in cohort."""
    if "simulate" in config:
        plan = config["simulate"]
        return cohort_layout(plan["donors"], visits=list(config["visits"]))
    path = find_file(config["samples"], "samples")
    pattern = config["ingest"]["sample_pattern"]
    try:
        groups = set(re.compile(pattern).groupindex) - {"donor", "visit"}
    except re.error as error:
        raise WorkflowError(
            f"configuration: ingest > sample_pattern: {pattern!r} is no regular expression ({error})."
        ) from None
    if groups:
        raise WorkflowError(
            f"configuration: ingest > sample_pattern: knows the groups donor and visit; found {', '.join(sorted(groups))}."
        )
    return sheet.read_sheet(
        path, visits=config["visits"], donors=config["donors"], pattern=pattern
    )


def remote_files():
    """Count files with an address, by the name under which each is kept once it is fetched and its checksum is right."""
    found = {}
    for path, stated in zip(SHEET["path"], SHEET.get("sha256", [""] * len(SHEET))):
        if sheet.is_remote(path):
            # another checksum is another file
            digest = hashlib.sha256(f"{path} {stated.lower()}".encode()).hexdigest()
            name = f"{digest[:8]}-{safe_name(Path(path).name)}"
            found[name] = {"address": path, "sha256": stated}
    return found


def not_yet_fetched():
    """Those that are still to be fetched; for the others nobody needs to be asked, nor a network to be there."""
    missing = {}
    for name, entry in FETCHED.items():
        if Path(f"results/ingest/fetched/{name}").exists():
            continue
        plugin = "s3" if entry["address"].startswith("s3:") else "http"
        if importlib.util.find_spec(f"snakemake_storage_plugin_{plugin}") is None:
            raise WorkflowError(
                f"{entry['address']}: fetching it needs the package snakemake-storage-plugin-{plugin} beside Snakemake. Install it, "
                "or download the file and give its path."
            )
        missing[name] = getattr(storage, plugin)(entry["address"])
    return missing


def safe_name(name):
    """A file's name with nothing in it that a shell or Snakemake reads otherwise."""
    return re.sub("[^A-Za-z0-9._-]", "_", name)


def fetched(path):
    """Where a count file of the sheet lies on disk: where the sheet says, or where it is fetched to."""
    names = {entry["address"]: name for name, entry in FETCHED.items()}
    return f"results/ingest/fetched/{names[path]}" if path in names else path


def seurat_objects():
    """Seurat objects among the count files, by the name under which each is unpacked."""
    found = {}
    formats = SHEET.get("format", pd.Series("", index=SHEET.index))
    for path, format in zip(SHEET["path"], formats):
        if format == "seurat" or (not format and path.lower().endswith(".rds")):
            digest = hashlib.sha256(path.encode()).hexdigest()
            found[f"{safe_name(Path(path).stem)}-{digest[:8]}"] = path
    by_conda = any(
        str(method).endswith("conda")
        for method in workflow.deployment_settings.deployment_method
    )
    if found and not by_conda and not shutil.which("Rscript"):
        raise WorkflowError(
            f"{next(iter(found.values()))}: reading Seurat objects needs R with SeuratObject, and Rscript was not found. Install them "
            "(Debian: r-cran-seuratobject; conda: r-seuratobject), or run with --software-deployment-method conda."
        )
    return found


def load_gene_sets():
    """Gene sets of the files that the configuration gives, by the name of the file."""
    found = {}
    for given in config["expression"]["gene_sets"]:
        path = find_file(given, "expression: gene_sets")
        if path.stem in found or path.stem == gene_sets.SHIPPED:
            raise WorkflowError(
                f"configuration: expression: gene_sets: {given}: there is another collection with the name {path.stem}. Rename the file."
            )
        found[path.stem] = gene_sets.read_gmt(
            path.read_text(encoding="utf-8"), name=str(given)
        )
    return found


def judge_file(judge, key):
    """File that a judge is given by the configuration."""
    return str(find_file(config["annotate"][judge][key], f"annotate: {judge}: {key}"))


def check_judges():
    """Check what the judges of the labels need; their files once a run, not again in every job."""
    settings = config["annotate"]
    judges.check_settings(settings, populations=POPULATIONS)
    if not workflow.is_main_process:
        return
    if "celltypist" in JUDGES:
        stated = settings["celltypist"]["sha256"]
        judges.check_sum(
            judge_file("celltypist", "model"), sha256=stated, why=judges.PICKLE
        )
    files = {}
    if "reference" in JUDGES:
        path = judge_file("reference", "path")
        if "sha256" in settings["reference"]:
            judges.check_sum(path, sha256=settings["reference"]["sha256"])
        files["reference"] = {"reference": path}
    if "obs" in JUDGES:
        if "simulate" in config:
            raise WorkflowError(
                "annotate: method: obs needs labels in the input, and the built-in cohort has none."
            )
        files["obs"] = {
            f"sample {row.sample}": row.path
            for row in SHEET.itertuples()
            if row.path not in SEURAT.values() and not sheet.is_remote(row.path)
        }
    if not files:
        return
    # Snakemake's own environment need not have h5py; the jobs look again
    if importlib.util.find_spec("h5py") is None:
        return
    from cd20scope import obs_labels

    for judge, of_judge in files.items():
        obs_labels.check_labels(
            of_judge,
            column=settings[judge]["column"],
            mapping=settings[judge]["labels"],
            populations=POPULATIONS,
            judge=judge,
        )


def mark_damaged():
    """Mark results that are not as long as the log of their step says as incomplete, so that they are made anew."""
    damaged = whole.find_damaged(Path("results/logs").rglob("*.log"))
    for path, (found, written) in damaged.items():
        logger.warning(
            f"{path} has {found} bytes and was written with {written}: it is made anew (--rerun-incomplete)."
        )
    if damaged:
        FilePersistence().started(SimpleNamespace(output=list(map(IOFile, damaged))))
    return set(damaged)


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
DAMAGED = mark_damaged() if workflow.is_main_process else set()
SAMPLES = SHEET["sample"].tolist()
SHEET_RECORDS = SHEET.drop(columns="path").to_dict("records")


wildcard_constraints:
    sample="|".join(map(re.escape, SAMPLES)),
    file="|".join(map(re.escape, TO_FETCH)),
    object="|".join(map(re.escape, SEURAT)),
    # the markers have a rule of their own
    judge="|".join(method for method in judges.METHODS if method != "markers"),


def file_digest(path):
    """Digest of a small file, so that an edit of it reruns what reads it and a touch does not."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]


def local_counts(path):
    """Where the workflow reads a count file of the sheet: its own place, or what a Seurat object is unpacked to."""
    names = {given: name for name, given in SEURAT.items()}
    return (
        f"results/ingest/seurat/{names[path]}.h5ad" if path in names else fetched(path)
    )


def count_file(wildcards):
    """Count matrix of one sample."""
    return local_counts(SHEET.set_index("sample").at[wildcards.sample, "path"])


def raw_file(wildcards):
    """Unfiltered matrix of one sample's run; nothing where the sheet gives none."""
    return of_sample(wildcards.sample, "raw") or []


def parts_of(paths):
    """Files of folders of counts: an edit in place leaves the time of the folder as it was."""
    if "simulate" in config:
        return []
    folders = [Path(path) for path in paths if Path(path).is_dir()]
    return [
        str(part)
        for folder in folders
        for part in sorted(folder.iterdir())
        if part.is_file() and not part.name.startswith(".")
    ]


def count_parts(wildcards):
    """Files of the count matrix of one sample, if it is a folder."""
    return parts_of([count_file(wildcards)])


def of_sample(sample, column):
    """What the sheet says of a sample in an optional column; empty where it says nothing."""
    return SHEET.set_index("sample").get(column, {}).get(sample, "")


def check_place():
    """Stop when results cannot be written where they belong: not a folder, read-only, or a disk too full for the counts."""
    if not workflow.is_main_process:
        return
    place = Path("results")
    above = place if place.exists() else Path.cwd()
    remedy = "Correct that, or run in another folder (--directory)."
    if not above.is_dir():
        raise WorkflowError(
            f"{place.resolve()}: results belong into a folder of this name, and a file has it. {remedy}"
        )
    if not os.access(above, os.W_OK | os.X_OK):
        raise WorkflowError(
            f"{above.resolve()}: results cannot be written there: the folder is read-only for this user. {remedy}"
        )
    unread = SHEET[[not Path(f"results/ingest/{s}.h5ad").exists() for s in SAMPLES]]
    # counts are written once, packed about as well as the usual formats; the tables beside them are small
    needed = 100_000_000 + sum(map(bytes_on_disk, set(unread["path"])))
    free = shutil.disk_usage(above).free
    if len(unread) and free < needed:
        raise WorkflowError(
            f"{above.resolve()}: {free / 1e6:,.0f} MB are free on its disk, and the counts of {len(unread)} samples need about "
            f"{needed / 1e6:,.0f} MB. {remedy}"
        )


def bytes_on_disk(path):
    """Size of a file, or of what is in a folder; 0 for what is still to be fetched or made."""
    place = Path(path)
    parts = place.rglob("*") if place.is_dir() else [place]
    return sum(part.stat().st_size for part in parts if part.is_file())


def require_pairs(wildcards):
    """Stop, before anything runs, when verdicts are asked for and no donor can be compared with themself."""
    seen = SHEET.groupby("donor")["visit"].agg(set)
    if any(set(pair) <= visits for pair in config["contrasts"] for visits in seen):
        return []
    shown = [f"{donor}: {', '.join(sorted(visits))}" for donor, visits in seen.items()]
    asked = ", ".join("-".join(pair) for pair in config["contrasts"])
    raise WorkflowError(
        f"sample sheet: no donor has both visits of a contrast ({asked}), so there is nothing to compare; found "
        f"{'; '.join(shown[:6])}{'; ...' if len(shown) > 6 else ''}. Write a donor's name alike in all of the donor's rows; or "
        "label the cells alone: snakemake annotate."
    )


def label_file(judge):
    """Labels of a judge: those of the first are the labels of the study, the others are compared with them."""
    if judge == JUDGES[0]:
        return "results/annotate/{sample}.parquet"
    return f"results/annotate/judges/{judge}/{{sample}}.parquet"


def deciding_files():
    """What the deciding judge writes: labels, and what is counted and summed by them."""
    return {
        "labels": "results/annotate/{sample}.parquet",
        "cells": "results/abundance/{sample}.parquet",
        "sums": "results/expression/{sample}.parquet",
        "arm_cells": "results/abundance/{sample}.arms.parquet",
        "arm_sums": "results/expression/{sample}.arms.parquet",
    }


def marker_files():
    """What the markers write when they decide, and when they are only compared."""
    soup = {
        "contamination": "results/annotate/{sample}.contamination.tsv",
        "soup": "results/annotate/{sample}.soup.tsv",
    }
    if JUDGES[0] == "markers":
        return deciding_files() | soup
    aside = "results/annotate/judges/markers/{sample}"
    return soup | {
        "labels": f"{aside}.parquet",
        "cells": temp(f"{aside}.cells.parquet"),
        "sums": temp(f"{aside}.sums.parquet"),
        "arm_cells": temp(f"{aside}.arm_cells.parquet"),
        "arm_sums": temp(f"{aside}.arm_sums.parquet"),
    }


def judge_of(wildcards):
    """Judge of a job: the one it is named after, or else the one that decides."""
    return wildcards.get("judge", JUDGES[0])


def judge_settings(wildcards):
    """Section of the judge of a job in the configuration."""
    return config["annotate"][judge_of(wildcards)]


def judge_source(wildcards):
    """What the judge of a job goes by."""
    match judge_of(wildcards):
        case "celltypist":
            return judge_file("celltypist", "model")
        case "reference":
            return "results/annotate/all/reference.skops"
        case _:
            return count_file(wildcards)


def reference_file(wildcards):
    """The labelled reference."""
    return judge_file("reference", "path")


def agreement_tables():
    """Tables of agreement between judges; none when there is one judge."""
    names = ("agreement", "agreement_summary")
    return [f"results/annotate/{name}.tsv" for name in names] if JUDGES[1:] else []


def soup_tables(kind):
    """Tables on the soup, one per sample; none where the markers, whose rule writes them, are no judge."""
    written = marker_files().get(kind)
    if written is None or "markers" not in JUDGES:
        return []
    return collect(written, sample=SAMPLES)


def share_tests():
    """Pairs of population and denominator: those of the population tree, and what a hypothesis asks for beside them."""
    asked = [entry for entry in HYPOTHESES["hypotheses"] if "denominator" in entry]
    asked += [
        entry["depletion"] for entry in HYPOTHESES["hypotheses"] if "depletion" in entry
    ]
    pairs = catalogue.selectors(POPULATIONS) + [
        (entry["population"], entry["denominator"]) for entry in asked
    ]
    return list(dict.fromkeys(pairs))


def other_share_tests():
    """Pairs of population and other denominator that hypotheses ask to be counted in once more."""
    return list(
        dict.fromkeys(
            (entry["population"], name)
            for entry in HYPOTHESES["hypotheses"]
            for name in entry.get("other_denominators", ())
        )
    )


def format_of(sample):
    """Format that the sheet states for a sample; empty when it is to be found by content."""
    format = of_sample(sample, "format")
    return "" if format == "seurat" else format


def all_cores():
    """Every core of the run, for what is to be done before anything else begins."""
    return workflow.resource_settings.cores or 1


def reading(sample):
    """How the counts of a sample are read."""
    return {
        "format": format_of(sample),
        "place": config["ingest"]["place"],
        "cells": of_sample(sample, "cells"),
    }


# Software whose versions a reader is told
SOFTWARE = (
    "snakemake",
    "scanpy",
    "anndata",
    "scikit-learn",
    "pydeseq2",
    "decoupler",
    "harmonypy",
    "numpy",
    "scipy",
    "pandas",
    "seaborn",
)

# What a run is for, by path, and what each file holds
OUTPUTS = {
    "results/report/report.html": "The report",
    "results/report/summary.md": "The verdicts as text",
    "results/report/verdicts.json": "The verdicts for machines",
    "results/verdict/verdicts.tsv": "Verdict of every hypothesis",
    "results/verdict/arms.tsv": "Every hypothesis in every robustness arm",
    "results/verdict/flips.tsv": "Verdicts under flipped visits",
    "results/verdict/ledger.tsv": "Change of every donor, and who enters",
    "results/abundance/donors.tsv": "Shares of each sample",
    "results/abundance/abundance.tsv": "Change of each share",
    "results/abundance/absolute.tsv": "Change of numbers per microlitre",
    "results/abundance/repopulation.tsv": "B cells of each donor",
    "results/expression/expression.tsv.gz": "Change of every gene",
    "results/expression/enrichment.tsv": "Gene sets among the changed genes",
    "results/programs/scores.tsv": "Programme scores of each sample",
    "results/programs/programs.tsv": "Change of each programme",
    "results/preflight/preflight.html": "What was found before the run",
    "results/ingest/inputs.tsv": "Count files with their SHA-256",
}


def report_tables():
    """What the report is made of, by name."""
    return {
        "verdicts": "results/verdict/verdicts.tsv",
        "arms": "results/verdict/arms.tsv",
        "flips": "results/verdict/flips.tsv",
        "ledger": "results/verdict/ledger.tsv",
        "donors": "results/abundance/donors.tsv",
        "abundance": "results/abundance/abundance.tsv",
        "absolute": "results/abundance/absolute.tsv",
        "repopulation": "results/abundance/repopulation.tsv",
        "expression": "results/expression/expression.tsv.gz",
        "populations": "results/expression/populations.tsv",
        "gene_flips": "results/expression/flips.tsv",
        "enrichment": "results/expression/enrichment.tsv",
        "scores": "results/programs/scores.tsv",
        "programs": "results/programs/programs.tsv",
        "random_sets": "results/programs/random_sets.tsv",
        "embedding": "results/embed/embedding.parquet",
        "checked": "results/preflight/samples.tsv",
        "findings": "results/preflight/findings.tsv",
        "sums": "results/ingest/inputs.tsv",
        "annotation": collect(
            "results/annotate/{name}.tsv",
            name=(
                "markers",
                "probabilities",
                "unassigned",
                "cd20_t",
                "contamination",
                "protein",
            ),
        ),
        "agreement": agreement_tables(),
        "cells": collect("results/qc/{sample}.parquet", sample=SAMPLES),
        "labels": collect("results/annotate/{sample}.parquet", sample=SAMPLES),
    }


def report_templates(wildcards):
    """Texts of the report's template and its parts; a function, since braces in a plain string would be wildcards."""
    return {
        name: Path(path).read_text(encoding="utf-8")
        for name, path in REPORT_TEMPLATES.items()
    }


def verdicts_schema(wildcards):
    """Form of verdicts.json; a function, as above."""
    return json.loads(Path(SCHEMAS["verdicts"]).read_text(encoding="utf-8"))


def preflight_study():
    """What the samples are held against before they are read; no margins, which decide nothing here."""
    panels = [
        ["markers", node["name"], node["markers"]]
        for node in POPULATIONS["nodes"]
        if node["markers"]
    ]
    panels += [
        ["programme", entry["name"], entry["genes"]] for entry in PROGRAMS["programs"]
    ]
    asked = ("id", "contrast", "program")
    return {
        "panels": panels,
        "questions": [
            {key: entry[key] for key in asked if key in entry}
            for entry in HYPOTHESES["hypotheses"]
        ],
        "visits": list(config["visits"]),
        "contrasts": config["contrasts"],
        "alpha": config["verdict"]["alpha"],
        "min_pairs": config["verdict"]["min_pairs"],
        "min_coverage": config["programs"]["min_coverage"],
        "integrate_over": config["embed"]["integrate_over"],
        "sketch_cells": config["annotate"]["sketch_cells"],
    }


def preflight_template(wildcards):
    """Text of the preflight's template; a function, as above."""
    return {"page": Path(PREFLIGHT_TEMPLATE).read_text(encoding="utf-8")}


# samples of each count file: a job reads only its own cells of a file that holds many
SHARED = Counter(map(local_counts, SHEET["path"]))


def megabytes(paths):
    """Size of what a job reads of files, and of the files in folders, which Snakemake's own size_mb leaves out."""
    total, paths = 0, set(map(Path, paths))
    for path in paths:
        if path.parent in paths:
            continue
        parts = path.rglob("*") if path.is_dir() else [path]
        size = sum(part.stat().st_size for part in parts if not part.is_dir())
        total += size / SHARED.get(str(path), 1)
    return total / 1e6


def memory(*, base, per_input_mb=0):
    """Megabytes of a rule: a base plus a multiple of the input, more at each attempt, at most 64 GB."""

    def mem_mb(wildcards, input, attempt):
        needed = base + (per_input_mb * megabytes(input) if per_input_mb else 0)
        return min(64_000, int(needed * attempt))

    return mem_mb


def minutes(base, *, per_input_mb=0):
    """Minutes of a rule: a base plus a multiple of the input, more at each attempt, at most two days."""

    def runtime(wildcards, input, attempt):
        needed = base + (per_input_mb * megabytes(input) if per_input_mb else 0)
        return min(2880, int(needed * attempt))

    return runtime


def disk(wildcards, input):
    """Megabytes of disk of the counts written once: about twice those read."""
    return int(100 + 2 * megabytes(input))


check_place()
