"""Memory, time and disk of the rules; no rules."""


def megabytes(paths):
    """Size of what a job reads of files, and of the files in folders, which Snakemake's own size_mb leaves out."""
    given = set(map(Path, paths))
    sizes = (
        files.size(path) / SHARED.get(str(path), 1)
        for path in given
        if path.parent not in given
    )
    return sum(sizes) / 1e6


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
