"""Configuration, sample sheet and input functions; no rules."""

import hashlib
import sys
from pathlib import Path

import yaml
from snakemake.logging import logger
from snakemake.utils import validate

# Every module of scripts/cd20scope, named because the folder of a remote workflow cannot be listed (a test compares).
LIBRARY = (
    "__init__",
    "abundance",
    "aggregate",
    "annotate",
    "antibodies",
    "catalogue",
    "catalogue_rules",
    "cellmodel",
    "counts",
    "crosscheck",
    "decisions",
    "deseq",
    "donor_figures",
    "doublets",
    "drawing",
    "effects",
    "embed",
    "evidence",
    "expression",
    "features",
    "figures",
    "gene_families",
    "ingest",
    "labels",
    "leafsums",
    "listings",
    "logs",
    "model",
    "mtx",
    "pairs",
    "programs",
    "protein",
    "qc",
    "readers",
    "report",
    "rules",
    "schema",
    "scores",
    "sheet",
    "simulate",
    "sketch",
    "sources",
    "store",
    "strict_yaml",
    "svg",
    "tenx",
    "verdict",
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

from cd20scope import catalogue, sheet, strict_yaml
from cd20scope.simulate import cohort_layout

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
}
REPORT_TEMPLATE = workflow.source_path("../report/report.html.j2")


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
    check_contrasts()


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


def load_samples():
    """The sample sheet, or the layout of the built-in cohort."""
    if "simulate" in config:
        plan = config["simulate"]
        return cohort_layout(plan["donors"], visits=list(config["visits"]))
    path = find_file(config["samples"], "samples")
    return sheet.read_sheet(path, visits=config["visits"])


try:
    complete_config()
    POPULATIONS = load_catalogue("populations")
    PROGRAMS = load_catalogue("programs")
    HYPOTHESES = load_catalogue("hypotheses")
    catalogue.check_references(POPULATIONS, PROGRAMS, HYPOTHESES)
    SHEET = load_samples()
except (catalogue.CatalogueError, sheet.SheetError) as error:
    # the message says all; where in the code it arose does not help
    raise WorkflowError(str(error)) from None
check_questions()
check_pairs()
SAMPLES = SHEET["sample"].tolist()
SHEET_RECORDS = SHEET.drop(columns="path").to_dict("records")


wildcard_constraints:
    sample="|".join(SAMPLES),


def count_file(wildcards):
    """Count matrix of one sample, as the sheet names it."""
    return SHEET.set_index("sample").at[wildcards.sample, "path"]


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


def format_of(sample):
    """Format that the sheet states for a sample; empty when it is to be found by content."""
    return SHEET.set_index("sample").get("format", {}).get(sample, "")


def count_format(wildcards):
    """The same, for the sample of a job."""
    return format_of(wildcards.sample)


def report_template(wildcards):
    """Text of the report's template; a function, since braces in a plain string would be taken for wildcards."""
    return Path(REPORT_TEMPLATE).read_text(encoding="utf-8")


def memory(*, base, per_input_mb=0):
    """Megabytes of a rule: a base plus a multiple of the input, more at each attempt, at most 64 GB."""

    def mem_mb(wildcards, input, attempt):
        return min(64_000, int((base + per_input_mb * input.size_mb) * attempt))

    return mem_mb


def disk(wildcards, input):
    """Megabytes of disk of the counts written once: about twice those read."""
    return int(100 + 2 * input.size_mb)
