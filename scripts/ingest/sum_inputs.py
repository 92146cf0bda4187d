"""Sum the count files of all samples; see :mod:`cd20scope.jobs.files`."""

from typing import TYPE_CHECKING

from cd20scope.jobs import files as checksums
from cd20scope.jobs.logs import logged
from cd20scope.jobs.outputs import written

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with (
    logged(snakemake.log[0], read=snakemake.input) as log,
    written(snakemake.input, snakemake.output) as output,
):
    table = checksums.tabulate(snakemake.params.samples, snakemake.params.paths, files=snakemake.params.files)
    table.to_csv(output.sums, sep="\t", index=False)
    files = table.drop_duplicates("path")
    log.info("%d files, %.1f MB", len(files), files["bytes"].sum() / 1e6)
