"""The answer to each claim in one sentence for a clinician: shares in percent, programmes in SD."""

from collections.abc import Mapping, Sequence

import pandas as pd

from cd20scope import schema
from cd20scope.report import wording
from cd20scope.report.results import Results
from cd20scope.study.nouns import visit
from cd20scope.verdict.endpoints.catalogue import endpoint_of
from cd20scope.verdict.endpoints.endpoint import Around


def sentences(
    verdicts: pd.DataFrame,
    *,
    abundance: pd.DataFrame,
    ledger: pd.DataFrame,
    depletions: Mapping[str, tuple[str, str]],
    contrasts: Sequence[tuple[str, str]],
    alpha: float,
) -> dict[str, str]:
    """Write the effect of each hypothesis as a sentence.

    Parameters
    ----------
    verdicts, abundance, ledger
        The tables of their steps; ``abundance`` has the share that a change starts from, ``ledger`` the depletion that
        a claim about the order of events rests on.
    depletions
        Population and denominator of the depletion of such a claim, by its id.
    contrasts
        As (later, earlier).
    alpha
        The intervals are two-sided ``1 - alpha``.

    Returns
    -------
    Sentences by the id of the hypothesis.
    """
    key = ["population", "denominator", "contrast"]
    shares = abundance.drop_duplicates(key)
    before = dict(zip(shares[key].itertuples(index=False, name=None), shares["fraction_before"], strict=True))
    entered = ledger[ledger["enters"] == "yes"].groupby(["id", "part"])["change"].mean()
    parts: dict[str, dict[str, float]] = {}
    for (name, part), mean in zip(entered.index, entered, strict=True):
        parts.setdefault(str(name), {})[str(part)] = float(mean)
    visits = {schema.contrast_name(contrast): contrast for contrast in contrasts}
    texts = {}
    for row in verdicts.to_dict("records"):
        name = str(row["id"])
        later, earlier = visits.get(row["contrast"], ("the later visit", "the earlier one"))
        if row["verdict"] == "not testable":
            text = f"could not be tested: {wording.text_of(row['reason'])}"
        else:
            around = Around(
                later=visit(later),
                earlier=visit(earlier),
                level=f"{100 * (1 - alpha):g} % CI",
                before=before,
                parts=parts.get(name, {}),
                depletion=depletions.get(name),
            )
            text = endpoint_of(row).sentence(row, around)
        texts[name] = wording.unbroken(wording.sentence(text))
    return texts


def run_sentences(run: Results) -> dict[str, str]:
    """Write the effect of each hypothesis of a run as a sentence."""
    return sentences(
        run.verdicts,
        abundance=run.abundance,
        ledger=run.statistics["ledger"],
        depletions=run.depletions,
        contrasts=run.contrasts,
        alpha=run.alpha,
    )
