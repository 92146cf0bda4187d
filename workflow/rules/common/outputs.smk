"""What tests, preflight and report are asked for; no rules."""

# Software whose versions a reader is told
SOFTWARE = (
    "snakemake",
    "anndata",
    "scanpy",
    "scikit-learn",
    "pydeseq2",
    "harmonypy",
    "numpy",
    "scipy",
    "pandas",
    "seaborn",
    "statsmodels",
)


def share_tests():
    """Pairs of population and denominator: those of the population tree, and what a hypothesis asks for beside them."""
    asked = [entry for entry in HYPOTHESES["hypotheses"] if "denominator" in entry]
    asked += [
        entry["depletion"] for entry in HYPOTHESES["hypotheses"] if "depletion" in entry
    ]
    absent = catalogue.left_out(HYPOTHESES, POPULATIONS)
    pairs = catalogue.selectors(POPULATIONS) + [
        (entry["population"], entry["denominator"])
        for entry in asked
        if entry["population"] not in absent and entry["denominator"] not in absent
    ]
    return list(dict.fromkeys(pairs))


def other_share_tests():
    """Pairs of population and other denominator that hypotheses ask to be counted in once more."""
    absent = catalogue.left_out(HYPOTHESES, POPULATIONS)
    return list(
        dict.fromkeys(
            (entry["population"], name)
            for entry in HYPOTHESES["hypotheses"]
            for name in entry.get("other_denominators", ())
            if entry["population"] not in absent
        )
    )


def measured():
    """What the changes of the hypotheses are measured with."""
    return {
        "contrasts": [tuple(contrast) for contrast in config["contrasts"]],
        "baseline": next(iter(config["visits"])),
        "min_denominator": config["abundance"]["min_denominator"],
        "min_coverage": config["programs"]["min_coverage"],
        "left_out": catalogue.left_out(HYPOTHESES, POPULATIONS),
        "covariates": covariates_beside(),
        "samples": [
            {key: row[key] for key in ("donor", "visit", *config["covariates"])}
            for row in (SHEET_RECORDS if config["covariates"] else [])
        ],
    }


def covariates_beside():
    """Covariates by contrast, without those that cannot be told there."""
    left_out = {(contrast, name) for contrast, name, _ in COVARIATE_NOTES}
    contrasts = [schema.contrast_name(contrast) for contrast in config["contrasts"]]
    return {
        contrast: [
            name for name in config["covariates"] if (contrast, name) not in left_out
        ]
        for contrast in contrasts
    }


def control_levels():
    """Levels of the control arm that are pooled, and those that are compared on their own too."""
    plan = arms.plan_controls(
        SHEET, config["contrasts"], least=config["verdict"]["min_per_arm"]
    )
    return plan._asdict()


def level():
    """At what level the hypotheses are judged, and on how many pairs."""
    return {key: config["verdict"][key] for key in ("alpha", "min_pairs")}


def report_tables():
    """What the report is made of, by name."""
    return {
        "questions": "results/verdict/questions.tsv",
        "verdicts": "results/verdict/verdicts.tsv",
        "arms": "results/verdict/arms.tsv",
        "flips": "results/verdict/flips.tsv",
        "ledger": "results/verdict/ledger.tsv",
        "parts": "results/verdict/parts.tsv",
        "technique": "results/verdict/technique.tsv",
        "control_arms": "results/verdict/control_arms.tsv",
        "outcome": "results/verdict/outcome.tsv",
        "donors": "results/abundance/donors.tsv",
        "abundance": "results/abundance/abundance.tsv",
        "absolute": "results/abundance/absolute.tsv",
        "absolute_arms": "results/abundance/absolute_arms.tsv",
        "repopulation": "results/abundance/repopulation.tsv",
        "expression": "results/expression/expression.tsv.gz",
        "populations": "results/expression/populations.tsv",
        "gene_flips": "results/expression/flips.tsv",
        "enrichment": "results/expression/enrichment.tsv",
        "scores": "results/programs/scores.tsv",
        "programs": "results/programs/programs.tsv",
        "random_sets": "results/programs/random_sets.tsv",
        "embedding": "results/embed/embedding.parquet",
        "sexes": "results/preflight/sexes.tsv",
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
                "protein_gates",
                "rulers",
            ),
        ),
        "agreement": agreement_tables(),
        "cells": collect("results/qc/{sample}.parquet", sample=SAMPLES),
        "labels": collect("results/annotate/{sample}.parquet", sample=SAMPLES),
    }


def tissue_tables(name):
    """A table of each other tissue."""
    return collect(
        "results/verdict/tissues/{tissue}/{name}.tsv", tissue=list(TISSUES), name=name
    )


def verdict_tables():
    """What the verdicts as text and as JSON are made of, by name."""
    names = (
        *("questions", "verdicts", "arms", "ledger", "parts", "technique"),
        "control_arms",
        *("donors", "abundance", "absolute", "repopulation", "scores", "programs"),
        *("findings", "sums", "sexes", "annotation", "cells", "labels"),
    )
    tables = report_tables()
    return {name: tables[name] for name in names}


def figure_tables(wildcards):
    """What a part of the figures is made of, by name; those of the cohort show no verdict, so no margin redraws them."""
    tables = report_tables()
    names = ["donors", "scores"]
    if wildcards.part in schema.FAMILIES:
        names += ["verdicts", "arms", "ledger", "abundance", "programs"]
    else:
        names += [
            "expression",
            "programs",
            "annotation",
            "agreement",
            "embedding",
            "labels",
        ]
    return {name: tables[name] for name in names}


def figure_settings(wildcards):
    """What a part of the figures reads of study, configuration and catalogues: nothing else redraws it."""
    asked = HYPOTHESES["hypotheses"]
    settings = {key: config[key] for key in ("visits", "contrasts")}
    settings["verdict"] = {"alpha": config["verdict"]["alpha"]}
    if wildcards.part in schema.FAMILIES:
        return settings | {"depletions": themes.depletions(asked)}
    return settings | {
        "sheet": [
            {key: row[key] for key in ("sample", "donor", "visit")}
            for row in SHEET_RECORDS
        ],
        "populations": POPULATIONS,
        "scored": themes.scored_pairs(asked),
    }


def figure_priority(wildcards):
    """The longest first, as the report waits for all; the flips, shorter than any with their default number, come after them."""
    return {"exploratory": 3, "cohort": 2}.get(wildcards.part, 1)


def read_texts(names):
    """Texts of files of the page, by name, for the params of a rule; a function, since braces in a plain string would be wildcards."""

    def texts(wildcards):
        return {name: (TEMPLATES / name).read_text(encoding="utf-8") for name in names}

    return texts


def as_json(value):
    """A value as JSON for the params of a rule, without `<`: Snakemake writes params unescaped into a script of its own report, which `</script>` in a name of the study would end."""

    def text(wildcards):
        found = value(wildcards) if callable(value) else value
        return json.dumps(found, ensure_ascii=False).replace("<", "\\u003c")

    return text


def verdicts_schema(wildcards):
    """Form of verdicts.json."""
    return json.loads(VERDICTS_SCHEMA.read_text(encoding="utf-8"))


def cellxgene_genes(wildcards):
    """List of the genes that CELLxGENE knows, if the configuration gives one; stops where the sheet lacks terms.

    An input function: the terms are wanted only of who asks for this file, and then before anything runs.
    """
    try:
        cellxgene_terms.check_terms(SHEET_RECORDS, known=cellxgene_terms.lookup())
    except cellxgene_terms.TermError as error:
        raise WorkflowError(str(error)) from None
    given = config["export"]["cellxgene_genes"]
    return [outside(find_file(given, "export: cellxgene_genes"))] if given else []


def uncompared(value):
    """A value for a script that reruns nothing when it changes, such as a path: Snakemake compares no params made of the outputs."""

    def given(wildcards, output):
        return value

    return given


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
    asked = (
        *("id", "question", "statement", "contrast", "denominator"),
        *("family", "stage", "program"),
    )
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
        "families": HYPOTHESES["families"],
        "stated": times.stated_days(config["visits"]),
        "design": {
            "arms": {"column": DESIGN.arms.column, "treated": DESIGN.arms.treated},
            "tissue": DESIGN.tissue,
            "tissues": dict(DESIGN.tissues),
            "others": [row for rows in TISSUES.values() for row in rows],
            "left_out": DESIGN.left_out.to_dict("records"),
            "covariate_notes": [
                *COVARIATE_NOTES,
                *covariates.check_arms(
                    SHEET,
                    covariates_beside(),
                    contrasts=config["contrasts"],
                    controls=control_levels()["pooled"],
                ),
            ],
        },
        "covariates": covariates_beside(),
    }
