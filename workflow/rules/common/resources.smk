"""Memory, time and disk of the rules; no rules."""


def all_cores():
    """Every core of the run, for what is to be done before anything else begins."""
    return workflow.resource_settings.cores or 1


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


def lift_start_limit():
    """On one machine, let Snakemake look for jobs to start only when one has ended.

    Its limit of starts, 100 a second by default, makes it look through all waiting jobs again a second after each look: 5,600 times
    for 149 jobs. There the cores are the limit. A cluster keeps it, and any other limit that is given stays.
    """
    limit = getattr(workflow.scheduler, "job_rate_limiter", None)
    if limit and workflow.local_exec and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None
