"""Section of the report on control arms and outcomes; nothing of it is shown where a study has neither."""

from collections.abc import Mapping

import pandas as pd

from cd20scope.report import wording
from cd20scope.schema import VERDICTS

NEEDED: dict[str, tuple[str, ...]] = {
    "control_arms": (
        *("id", "question", "statement", "family", "n_treated", "n_control", "treated", "treated_verdict"),
        *("control", "difference", "ci_low", "ci_high", "p_value", "p_adjusted", "verdict", "reason"),
        *("controls", "pooled", "covariates"),
    ),
    "absolute_arms": (
        *("population", "contrast", "n_treated", "n_control", "fold_change", "p_value", "status", "reason"),
    ),
    "outcome": (
        *("id", "asks", "n", "measure", "association", "ci_low", "ci_high", "p_value", "p_adjusted"),
        *("smallest", "status", "reason", "statement"),
    ),
}
"""Tables that the section reads, by name, with the columns it needs."""


def format_section(tables: Mapping[str, pd.DataFrame], *, alpha: float) -> dict[str, str]:
    """Write the sentences of the section: ``first``, ``within`` and ``outcome``; empty where there is nothing to say.

    ``compared`` is "yes" where controls answer a question.

    Parameters
    ----------
    tables
        :data:`NEEDED` by name, without rows where the study has no control arm, or no outcome.
    alpha
        False discovery rate of what is called associated.
    """
    arms = of_study(tables["control_arms"])
    return {
        "compared": "yes" if compared(arms) else "",
        "first": format_first(arms),
        "within": format_within(arms),
        "outcome": format_outcome(tables["outcome"], alpha=alpha),
    }


def chosen(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Pick the rows of every listing of the section, by its name."""
    asked, arms = tables["outcome"], tables["control_arms"]
    numbers = tables["absolute_arms"]
    return {
        "control_arms": of_study(arms),
        # a row per question is enough beside the answer
        "control_levels": arms[(arms["pooled"] == "no") & (arms["id"] == arms["question"])],
        "absolute_arms": numbers[numbers["status"] == "tested"],
        "outcome": asked[asked["status"] == "tested"].sort_values("p_value", kind="stable"),
    }


def of_study(arms: pd.DataFrame) -> pd.DataFrame:
    """Rows of the control arm of the study, and not of one of its levels."""
    return arms[arms["pooled"] != "no"]


def compared(arms: pd.DataFrame) -> bool:
    """Whether any question could be tested against the control arm of the study."""
    return bool((of_study(arms)["verdict"] != "not testable").any())


def format_first(arms: pd.DataFrame) -> str:
    """Say which contrast answers, and how; empty without a control arm."""
    if arms.empty:
        return ""
    if not compared(arms):
        usual = arms["reason"].astype(str).value_counts().index[0]
        return (
            f"No question can be compared with the controls ({usual}). The verdicts are those of the treated donors "
            "alone, in whom treatment cannot be separated from time."
        )
    own = arms[(arms["family"] == "confirmatory") & (arms["id"] == arms["question"])]
    counts = [f"{n} {verdict}" for verdict in VERDICTS if (n := int((own["verdict"] == verdict).sum()))]
    n_treated, n_control = (int(arms[column].max()) for column in ("n_treated", "n_control"))
    levels = str(arms["controls"].iloc[0])
    beside = sorted(
        {name for text in arms["covariates"].fillna("") for name in str(text).split(", ") if name}
    )
    adjusted = f", adjusted for {', '.join(beside)}" if beside else ""
    answered = (
        f"of {len(own)} confirmatory questions, {', '.join(counts)}" if counts else "no confirmatory question"
    )
    return (
        "Whether a change is specific to the treated arm is answered by the difference between the changes of up to "
        f"{n_treated} treated donors and up to {n_control} controls ({levels}; difference in differences{adjusted}): "
        f"{answered}. The "
        "verdicts below are those of the treated donors alone, in whom treatment cannot be separated from time."
    )


def format_within(arms: pd.DataFrame) -> str:
    """Name the questions that are supported in the treated alone, and not beyond the controls."""
    if arms.empty:
        return ""
    within = arms[(arms["id"] == arms["question"]) & (arms["treated_verdict"] == "supported")]
    if within.empty:
        return "No question is supported in the treated donors alone."
    tested = within[within["verdict"] != "not testable"]
    lost, untested = tested[tested["verdict"] != "supported"], within.drop(tested.index)
    parts = []
    if len(lost):
        named = "; ".join(f"{row.id} ({row.verdict})" for row in lost.itertuples())
        parts.append(f"{len(lost)} {be(len(lost))} not supported in comparison with the controls: {named}")
    if len(untested):
        reasons = "; ".join(dict.fromkeys(untested["reason"].astype(str)))
        parts.append(f"{len(untested)} cannot be compared with the controls ({reasons})")
    asked = f"{wording.plural(len(within), 'question')} that {be(len(within))} supported in the treated donors alone"
    if not parts:
        return f"{asked}, and all of them in comparison with the controls."
    why = (
        " The cause may be one that acts on both arms, such as time or season, or there are too few donors to show "
        "the difference."
    )
    return f"Of {asked}, {' and '.join(parts)}.{why if len(lost) else ''}"


def be(n: int) -> str:
    """Verb of so many."""
    return "is" if n == 1 else "are"


def differ(n: int) -> str:
    """Verb of so many."""
    return "differs" if n == 1 else "differ"


def format_outcome(asked: pd.DataFrame, *, alpha: float) -> str:
    """How many associations with the outcome are shown, in exploratory words."""
    if asked.empty:
        return ""
    tested = asked[asked["status"] == "tested"]
    if tested.empty:
        return wording.sentence(f"no association with the outcome was testable: {asked['reason'].iloc[0]}")
    shown = tested[tested["p_adjusted"].astype(float) <= alpha]
    n, least = int(tested["n"].max()), float(tested["smallest"].min())
    text = (
        f"Of {len(tested)} associations with the outcome, {len(shown)} {differ(len(shown))} from zero at a false "
        f"discovery rate of {alpha:g}"
    )
    named = f" ({'; '.join(map(str, shown['id']))})" if len(shown) else ""
    return (
        f"{text}{named}. The smallest single association that {n} donors can show is {wording.number(least)}. These "
        "results are exploratory: an association is not a cause, and none of them is a verdict."
    )
