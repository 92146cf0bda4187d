"""Calls of a comparison, counted by what was planted, and their tables in Markdown."""

import pandas as pd


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Count false calls and hits: one row per kind, source and method, two columns per plan.

    A call is false where nothing was planted. It is a hit where something was, in its direction. What is mixed, such as
    a programme that shares few genes with a planted one, is not counted.
    """
    sign = {"up": 1, "down": -1}
    right = table["called"] & (table["effect"] * table["planted"].map(sign) > 0)
    table = table.assign(right=right, false=table["called"] & (table["planted"] == ""))
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    for (kind, plan, method), part in table.groupby(["kind", "plan", "method"], sort=False):
        name, _, source = plan.partition(", ")
        row = rows.setdefault((kind, source, method), {})
        quiet, planted = part[part["planted"] == ""], part[part["planted"].isin(sign)]
        cohorts = part["cohort"].nunique()
        row[f"{name} ({cohorts}): false"] = f"{quiet['false'].sum():,} of {len(quiet):,}"
        if len(planted):
            row[f"{name} ({cohorts}): hits"] = f"{planted['right'].sum()} of {len(planted)}"
    counts = pd.DataFrame.from_dict(rows, orient="index").fillna("")
    return counts.rename_axis(index=["kind", "source", "method"])


def show(counts: pd.DataFrame) -> None:
    """Print one table of Markdown per kind and source."""
    for (kind, source), part in counts.groupby(level=["kind", "source"], sort=False):
        part = part.loc[:, (part != "").any()].droplevel(["kind", "source"])
        print(f"\n{kind}{', ' if source else ''}{source}\n")
        print("| method | " + " | ".join(part.columns) + " |\n" + "|---" * (1 + part.shape[1]) + "|")
        for method, row in part.iterrows():
            print("| " + " | ".join([str(method), *row]) + " |")
