"""Configuration and catalogues: read, checked, and every mistake told at once; no rules."""


def complete_config():
    """Check the configuration against its schema, add the defaults, and say every mistake of a file in one message."""
    schema = yaml.safe_load(SCHEMAS["config"].read_text(encoding="utf-8"))
    piece = {key: value for key, value in schema.items() if key != "required"}
    for path in config_files():
        strict_yaml.read(text.read_text(path), schema=piece, name=str(path))
    # once more as a whole, since keys may come from the command line; this also fills in the defaults
    try:
        strict_yaml.read(
            yaml.safe_dump(dict(config), sort_keys=False),
            schema=schema,
            name="configuration",
        )
    except catalogue.ConfigError as error:
        if not in_module():
            raise
        raise WorkflowError(
            f"{error}\nThis is what the module {workflow.modifier.namespace} is given: hand it the section that is its own "
            '(config: config["cd20scope"]), and correct the keys in that section.'
        ) from None
    if "simulate" in config and config["samples"] != "built-in":
        raise WorkflowError(
            f"configuration: simulate: takes the place of the sample sheet {config['samples']}. Remove simulate to analyse the sheet, "
            "or write samples: built-in for the simulated cohort."
        )
    validate(config, "../schemas/config.schema.yaml")
    ordered = in_order(config, schema)
    config.clear()
    config.update(ordered)
    check_visits(schema)
    check_contrasts()


def in_order(value, schema):
    """Keys in the order of the schema, since Snakemake compares texts of params; visits, which are in an order, keep it."""
    if not isinstance(value, dict) or "properties" not in schema:
        return value
    known = schema["properties"]
    named = {key: in_order(value[key], known[key]) for key in known if key in value}
    return named | {key: part for key, part in value.items() if key not in known}


def in_module():
    """Whether another workflow loads this one as a module; its configuration files are then not ours."""
    return not workflow.modifier.is_main_snakefile()


def check_visits(schema):
    """A visit that is named as a key of another section is that key, under the wrong heading."""
    sections = {
        key: name
        for name, part in schema["properties"].items()
        # visits may well be called treated or controls
        for key in [name, *(part.get("properties", {}) if name != "arm" else [])]
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
    made = {schema.contrast_name(contrast) for contrast in config["contrasts"]}
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


def tell_design():
    """Say which arm and tissue is analysed, where the sheet has several, and how many samples are left out."""
    if DESIGN.arms.control:
        donors = DESIGN.treated["donor"].nunique()
        logger.warning(
            f"arms: changes are tested in {donors} treated donors; {len(DESIGN.arms.control)} of control arms are never pooled with them."
        )
    if DESIGN.tissues:
        logger.warning(
            f"tissue: the questions are answered in {DESIGN.tissue or 'samples without a tissue'}; each other tissue is tested apart, "
            "without verdicts (tissue: chooses)."
        )
    if left_out := len(DESIGN.left_out) - len(DESIGN.others):
        logger.warning(
            f"{left_out} sample(s) of the sheet are left out; the preflight says which and why."
        )


def check_pairs():
    """Warn when a contrast has fewer donors with both visits than a verdict needs."""
    seen = DESIGN.treated.groupby("donor")["visit"].agg(set)
    needed = config["verdict"]["min_pairs"]
    for later, earlier in config["contrasts"]:
        pairs = sum({later, earlier} <= visits for visits in seen)
        if pairs < needed:
            logger.warning(
                f"{later}-{earlier}: {pairs} donor(s) have both visits and a verdict needs {needed}; what is asked of it will be 'not testable'."
            )


def config_files():
    """Configuration files of this run, in the order in which they were read; none of another workflow."""
    if in_module():
        return []
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


def load_catalogue(kind, references=None):
    """One of the three catalogues, shipped or the user's own, checked, also against those that it refers to."""
    given = config["catalogues"][kind]
    path = (
        CATALOGUES[kind]
        if given == "shipped"
        else find_file(given, f"catalogues: {kind}")
    )
    schema = yaml.safe_load(SCHEMAS[kind].read_text(encoding="utf-8"))
    name = f"config/{kind}.yaml" if given == "shipped" else given
    return catalogue.load(
        text.read_text(path),
        kind=kind,
        schema=schema,
        name=name,
        references=references,
    )


def shipped_tree():
    """The shipped population tree, which tells a population left out on purpose from a misspelt one."""
    return yaml.safe_load(CATALOGUES["populations"].read_text(encoding="utf-8"))


def load_gene_sets():
    """Gene sets of the files that the configuration gives, by the name of the file."""
    found = {}
    for given in config["expression"]["gene_sets"]:
        path = find_file(given, "expression: gene_sets")
        if path.stem in found or path.stem == gene_sets.SHIPPED:
            raise WorkflowError(
                f"configuration: expression: gene_sets: {given}: there is another collection with the name {path.stem}. Rename the file."
            )
        found[path.stem] = gene_sets.read_gmt(text.read_text(path), name=str(given))
    return found
