"""Write the figures of one part of the report; see :mod:`cd20scope.pictures` and :mod:`cd20scope.gallery`."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cd20scope import gallery, pictures, result_files
from cd20scope.logs import logged
from cd20scope.schema import FAMILIES
from cd20scope.whole import written

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with (
    logged(snakemake.log[0], read=snakemake.input) as log,
    written(snakemake.input, snakemake.output) as output,
):
    part, inputs, settings = snakemake.wildcards.part, snakemake.input, snakemake.params.settings
    files = dict(inputs.items())
    if part in FAMILIES:
        judged = result_files.read_judged(files, depletions=settings["depletions"], config=settings)
        log.info("read the verdicts of %d hypotheses", len(judged.verdicts))
        drawn = pictures.draw_family(judged, family=part)
    else:
        cohort = result_files.read_cohort(
            files,
            annotation=[*inputs.annotation, *inputs.agreement],
            labels=inputs.labels,
            sheet=pd.DataFrame(settings["sheet"]),
            scored=settings["scored"],
            config=settings,
            populations=settings["populations"],
        )
        log.info("read the tables of %d samples", len(inputs.labels))
        drawn = pictures.draw_cohort(cohort)
    log.info("drew %d figures", len(drawn))
    saved = gallery.save_all(drawn, Path(output.figures))
    log.info("%d files of figures", len(saved))
