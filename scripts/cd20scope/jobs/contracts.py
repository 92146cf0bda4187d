"""Whether files that a job reads are what the steps before it write."""

from collections.abc import Iterable
from pathlib import Path

from cd20scope import schema

COLUMNS = {
    "results/qc/*.parquet": schema.QC,
    "results/annotate/*.parquet": schema.LABELS,
    "results/annotate/judges/*/*.parquet": schema.LABELS,
    "results/annotate/all/sketch.parquet": ("sample", "barcode", "PC1"),
    "results/embed/embedding.parquet": ("sample", "barcode", "x", "y"),
    "results/pseudobulk/*.cells.parquet": schema.CELLS,
    "results/pseudobulk/*.sums.parquet": schema.SUMS,
    "results/pseudobulk/*.arm_cells.parquet": schema.ARM_CELLS,
    "results/pseudobulk/*.arm_sums.parquet": schema.ARM_SUMS,
}
"""Columns that the tables of each place have."""

CURE = "Remove the file and run again, so that the step that writes it makes it anew."


def check_results(paths: Iterable[str]) -> None:
    """Stop when a file that lies where a step writes its table is not such a table; only names of columns are read.

    Parameters
    ----------
    paths
        What a job reads. Files of other places are left alone.

    Raises
    ------
    ValueError
        Naming the file, what was found and what to do.
    """
    tables = [
        (path, columns) for path in paths for place, columns in COLUMNS.items() if Path(path).match(place)
    ]
    if not tables:
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path, columns in tables:
        try:
            found = pq.read_schema(path).names
        except (pa.ArrowInvalid, OSError) as error:
            raise ValueError(f"{path}: no Parquet table ({error}). {CURE}") from None
        if missing := [column for column in columns if column not in found]:
            raise ValueError(
                f"{path}: column(s) {', '.join(missing)} missing; found {', '.join(found)}. {CURE}"
            )
