"""Names that would run as script in a page that takes them for markup, put wherever a user's names go."""

import pandas as pd

EVIL = "<img src=x onerror=alert(1)>"


def with_evil(tables: dict) -> dict:
    """Call a sample, its donor, a gene, a setting, the title and all texts of a hypothesis that."""
    names = {"D01_week2": EVIL, "D01": EVIL, "FOXP3": EVIL}
    made = {key: renamed(value, names) for key, value in tables.items()}
    for part in ("annotation", "statistics"):
        made[part] = {key: renamed(table, names) for key, table in tables[part].items()}
    rows = made["verdicts"]["id"] == "B2"
    for column in ("statement", "effect", "reason", "test", "source", "note", "caution", "beside", "dropped"):
        made["verdicts"][column] = made["verdicts"][column].mask(rows, EVIL)
    title = tables["config"]["report"] | {"title": f"Title {EVIL}"}
    made["config"] = tables["config"] | {"samples": EVIL, "report": title}
    made["versions"] = tables["versions"] | {EVIL: EVIL}
    made["sheet"] = made["sheet"].assign(batch=[EVIL, "run2"] * (len(made["sheet"]) // 2) + ["run2"])
    return made


def renamed(value: object, names: dict) -> object:
    """Put other names into a table."""
    if not isinstance(value, pd.DataFrame):
        return value
    texts = value.select_dtypes(exclude="number").columns
    return value.assign(**{column: value[column].replace(names) for column in texts})
