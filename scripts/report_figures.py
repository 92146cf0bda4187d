"""Write the figures of one part of the report; see :mod:`cd20scope.pictures` and :mod:`cd20scope.gallery`."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cd20scope import gallery, pictures, results
from cd20scope.logs import logged
from cd20scope.whole import written

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with (
    logged(snakemake.log[0], read=snakemake.input) as log,
    written(snakemake.input, snakemake.output) as output,
):
    params, inputs = snakemake.params, snakemake.input
    run = results.read(
        dict(inputs.items()),
        annotation=[*inputs.annotation, *inputs.agreement],
        cells=inputs.cells,
        labels=inputs.labels,
        sheet=pd.DataFrame(params.sheet),
        hypotheses=params.hypotheses["hypotheses"],
        config=params.config,
        populations=params.populations,
        versions={},
    )
    log.info("read the tables of %d samples and %d hypotheses", len(run.sheet), len(run.verdicts))
    drawn = pictures.draw(run, part=snakemake.wildcards.part)
    log.info("drew %d figures", len(drawn))
    saved = gallery.save_all(drawn, Path(output.figures))
    log.info("%d files of figures", len(saved))
