"""Take in a count file that came over the network, once its checksum is right; see :mod:`cd20scope.checksums`."""

from pathlib import Path
from typing import TYPE_CHECKING

from cd20scope import checksums
from cd20scope.logs import logged
from cd20scope.whole import written

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with (
    logged(snakemake.log[0], read=snakemake.input) as log,
    written(snakemake.input, snakemake.output) as output,
):
    params = snakemake.params
    size = checksums.take_in(
        Path(snakemake.input.arrived),
        Path(output.counts),
        sha256=params.sha256,
        address=params.address,
    )
    log.info("%s: %d bytes, SHA-256 as stated", params.address, size)
