"""Count files that are fetched from an address, and objects of R that are unpacked."""


def remote_files():
    """Count files with an address, by the name under which each is kept once it is fetched and its checksum is right."""
    found = {}
    for path, stated in zip(ROWS["path"], ROWS.get("sha256", [""] * len(ROWS))):
        if sheet.is_remote(path):
            # another checksum is another file
            digest = hashlib.sha256(f"{path} {stated.lower()}".encode()).hexdigest()
            name = f"{digest[:8]}-{safe_name(Path(urlsplit(path).path).name)}"
            found[name] = {"address": path, "sha256": stated}
    return found


def hide_secrets():
    """Keep user, password and query of addresses out of what Snakemake says and logs: a filter of its logger."""
    secrets = {
        entry["address"]: names.shown(entry["address"]) for entry in FETCHED.values()
    }
    secrets = {given: safe for given, safe in secrets.items() if given != safe}

    def safe(value):
        if isinstance(value, str):
            for given, short in secrets.items():
                value = value.replace(given, short)
            return value
        if isinstance(value, (list, tuple)):
            return [safe(each) for each in value]
        if isinstance(value, dict):
            return {key: safe(each) for key, each in value.items()}
        return value

    def hide(entry):
        entry.msg, entry.args = safe(entry.getMessage()), None
        for key in set(vars(entry)) - {"msg", "args", "exc_info"}:
            setattr(entry, key, safe(getattr(entry, key)))
        return True

    if secrets:
        logger.addFilter(hide)


def not_yet_fetched():
    """Those that are still to be fetched; for the others nobody needs to be asked, nor a network to be there."""
    missing = {}
    for name, entry in FETCHED.items():
        if Path(placed(f"results/ingest/fetched/{name}")).exists():
            continue
        plugin = "s3" if entry["address"].startswith("s3:") else "http"
        if importlib.util.find_spec(f"snakemake_storage_plugin_{plugin}") is None:
            raise WorkflowError(
                f"{names.shown(entry['address'])}: fetching it needs the package snakemake-storage-plugin-{plugin} beside Snakemake. Install it, "
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
    formats = ROWS.get("format", pd.Series("", index=ROWS.index))
    for path, format in zip(ROWS["path"], formats):
        if format == "seurat" or (not format and path.lower().endswith(".rds")):
            digest = hashlib.sha256(path.encode()).hexdigest()
            found[f"{safe_name(Path(path).stem)}-{digest[:8]}"] = path
    if found:
        require_r(f"{next(iter(found.values()))}: reading Seurat objects")
    return found


def require_r(purpose):
    """Stop where R is needed, is not here, and is not brought by conda."""
    by_conda = any(
        str(method).endswith("conda")
        for method in workflow.deployment_settings.deployment_method
    )
    if not by_conda and not shutil.which("Rscript"):
        raise WorkflowError(
            f"{purpose} needs R with SeuratObject, and Rscript was not found. Install them "
            "(Debian: r-cran-seuratobject; conda: r-seuratobject), or run with --software-deployment-method conda."
        )


def r_is_here(wildcards):
    """No file: an input function that stops, before anything runs, where an object of R is asked for without R."""
    require_r("results/export/seurat.rds: writing a Seurat object")
    return []


def object_file(wildcards):
    """Where a Seurat object lies on disk."""
    return fetched(SEURAT[wildcards.object])


def object_sum(wildcards):
    """SHA-256 that the sheet states of a Seurat object; empty where it states none."""
    stated = ROWS.get("sha256", pd.Series("", index=ROWS.index))
    return next(
        (
            each.lower()
            for path, each in zip(ROWS["path"], stated)
            if each and path == SEURAT[wildcards.object]
        ),
        "",
    )


def object_checked(wildcards):
    """What says that a Seurat object is the one that the sheet states; nothing where it states none."""
    if not object_sum(wildcards):
        return []
    return f"results/ingest/seurat/{wildcards.object}.sha256"
