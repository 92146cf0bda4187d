"""Lay the sketch out in two dimensions; see :mod:`cd20scope.embed.layout`."""

import pandas as pd

from cd20scope.embed import layout
from cd20scope.jobs.job import job
from cd20scope.study import batches

with job(snakemake) as (log, output):
    settings = snakemake.params.settings
    sketch = pd.read_parquet(snakemake.input.sketch)
    sketch = sketch.iloc[layout.thin(len(sketch), most=layout.MAX_CELLS, seed=snakemake.params.seed)]
    sheet = pd.DataFrame(snakemake.params.sheet).set_index("sample")
    column = settings["integrate_over"]
    batch = sheet.loc[sketch["sample"], column].to_numpy() if batches.integrable(sheet, column) else None
    log.info("%d cells; Harmony over %s", len(sketch), "nothing" if batch is None else column)
    coordinates = layout.embed_sketch(
        sketch.filter(regex="^PC").to_numpy(),
        batch=batch,
        n_neighbors=settings["n_neighbors"],
        min_dist=settings["min_dist"],
        seed=snakemake.params.seed,
    )
    placed = sketch[["sample", "barcode"]].assign(x=coordinates[:, 0], y=coordinates[:, 1])
    placed.to_parquet(output.embedding, index=False)
