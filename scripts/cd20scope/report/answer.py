"""The effect behind each claim in one sentence for a clinician: shares in percent, programmes in SD.

The verb and the limits are those of the interval that decides (:mod:`cd20scope.verdict.deciding`).
"""

import numpy as np
import pandas as pd

from cd20scope import schema
from cd20scope.report import untestable, wording
from cd20scope.report.results import Judged
from cd20scope.report.wording import Row
from cd20scope.study.nouns import visit
from cd20scope.verdict.endpoints.catalogue import endpoint_of
from cd20scope.verdict.endpoints.endpoint import UNCLEAR, Around, verb

MAIN = ("main", "change")
"""Parts of the ledger whose mean is the estimate."""


def sentences(run: Judged) -> dict[str, str]:
    """Write the effect of each hypothesis as a sentence, by its id."""
    key = ["population", "denominator", "contrast"]
    shares = run.abundance.drop_duplicates(key)
    before = dict(zip(shares[key].itertuples(index=False, name=None), shares["fraction_before"], strict=True))
    ledger = run.statistics["ledger"]
    entered = ledger[ledger["enters"] == "yes"]
    changes = {str(name): own for name, own in entered[entered["part"].isin(MAIN)].groupby("id", sort=False)}
    parts: dict[str, dict[str, float]] = {}
    means = entered.groupby(["id", "part"])["change"].mean()
    for (name, part), mean in zip(means.index, means, strict=True):
        parts.setdefault(str(name), {})[str(part)] = float(mean)
    visits = {schema.contrast_name(contrast): contrast for contrast in run.contrasts}
    texts = {}
    for row in run.verdicts.to_dict("records"):
        name = str(row["id"])
        later, earlier = visits.get(row["contrast"], ("the later visit", "the earlier visit"))
        if row["verdict"] == "not testable":
            text = f"not testable: {untestable.reason(row, run)}"
        else:
            around = Around(
                later=visit(later),
                earlier=visit(earlier),
                first=visit(run.visits[1]),
                last=visit(run.visits[-1]),
                moved=moved(row, changes.get(name, ledger.iloc[:0])),
                cells=pooled(row, run.donors, visit=later),
                before=before,
                parts=parts.get(name, {}),
                depletion=run.depletions.get(name),
            )
            text = endpoint_of(row).sentence(row, around)
        texts[name] = wording.unbroken(wording.sentence(text))
    return texts


def moved(row: Row, entered: pd.DataFrame) -> str:
    """Write in how many of the donors that entered the change has the sign of the estimate."""
    n = len(entered) if len(entered) else int(row["n_pairs"])
    if not len(entered):
        return wording.donors(n)
    same = int((np.sign(entered["change"]) == np.sign(row["estimate"])).sum())
    way = ("down" if row["estimate"] < 0 else "up") + " in " if verb(row) == UNCLEAR else "in "
    return f"{way}{same} of {wording.donors(n)}"


def pooled(row: Row, donors: pd.DataFrame, *, visit: str) -> str:
    """Write how many cells of the population were found at a visit, over the donors that enter."""
    names = [name.strip() for name in wording.text_of(row["donors"]).split(",")]
    own = donors[
        (donors["population"] == row["population"])
        & (donors["denominator"] == row["denominator"])
        & (donors["visit"] == visit)
        & donors["donor"].isin(names)
    ]
    if own.empty:
        return ""
    return f"{wording.count(own['n_cells'].sum())} of {wording.count(own['n_denominator'].sum())} cells"
