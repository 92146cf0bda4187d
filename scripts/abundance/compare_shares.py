"""Compare the shares of populations between visits; see :mod:`cd20scope.abundance.compare`."""

import pandas as pd

from cd20scope.abundance import absolute, absolute_arms, compare, repopulation, shares
from cd20scope.jobs.job import job
from cd20scope.pseudobulk.leaves import stack_cells
from cd20scope.stats.pairs import of_treated


def read_days(sheet: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Read the days since the first infusion of each donor and visit that has some; samples of a visit are averaged."""
    if "days_since_first_infusion" not in sheet:
        return {}
    days = pd.to_numeric(sheet["days_since_first_infusion"], errors="coerce").dropna()
    known = sheet.loc[days.index]
    mean = days.groupby([known["donor"].astype(str), known["visit"].astype(str)]).mean()
    return {(str(donor), str(visit)): float(value) for (donor, visit), value in mean.items()}


with job(snakemake) as (log, output):
    params = snakemake.params
    sheet = pd.DataFrame(params.sheet)
    contrasts = [(later, earlier) for later, earlier in params.contrasts]
    leaves, differences = (
        stack_cells(dict(zip(sheet["sample"], map(pd.read_parquet, paths), strict=True)))
        for paths in (snakemake.input.cells, snakemake.input.arm_cells)
    )
    counted = {"sheet": sheet, "populations": params.populations}
    tests, others = ([(population, of) for population, of in params[key]] for key in ("tests", "others"))
    donors = shares.donor_table(leaves, **counted, tests=tests)
    bounds = {"contrasts": contrasts, "alpha": params.alpha, "min_pairs": params.min_pairs}
    tested = compare.compare(donors, **bounds, min_denominator=params.settings["min_denominator"])
    counts = absolute.measure_counts(leaves, **counted)
    in_arms = {"contrasts": contrasts, "controls": params.controls, "alpha": params.alpha}
    in_arms |= {"min_per_arm": params.min_per_arm}
    tables = {
        "donors": donors,
        "abundance": tested,
        "donors_arms": shares.arm_table(leaves, differences, **counted, tests=tests, others=others),
        "absolute": absolute.compare(counts, **bounds),
        "absolute_arms": absolute_arms.compare_counts(counts, **in_arms),
        "repopulation": repopulation.follow(
            of_treated(donors),
            populations=params.populations,
            visits=params.visits,
            fraction=params.settings["repopulation_fraction"],
            days=read_days(sheet),
            in_blood=of_treated(counts),
        ),
    }
    for name, table in tables.items():
        table.to_csv(output[name], sep="\t", index=False)
    log.info("%d shares in %d samples: %s", len(tests), len(sheet), tested["status"].value_counts().to_dict())
