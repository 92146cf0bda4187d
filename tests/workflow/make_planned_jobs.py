"""Write planned_jobs.tsv: the jobs of the demo that an edit of one file plans, by the graph of rules and the imports.

Run by ``PYTHONPATH=scripts:tests python tests/workflow/make_planned_jobs.py``.
"""

import re
import tempfile
from collections import Counter
from pathlib import Path

import pandas as pd

from cd20scope.jobs.code import Code
from workflow.running import ROOT, jobs_of, listed, plan, ran, snakemake

TABLE = Path(__file__).with_name("planned_jobs.tsv")
SAMPLED = (
    "abundance/compare.py",
    "annotate/labels.py",
    "annotate/judges/settings.py",
    "annotate/model/fit.py",
    "counts/store.py",
    "embed/layout.py",
    "expression/fit.py",
    "ingest/formats/h5ad.py",
    "init/study.py",
    "jobs/files.py",
    "preflight/study.py",
    "programs/scores.py",
    "pseudobulk/sample.py",
    "qc/metrics.py",
    "report/answer.py",
    "report/wording.py",
    "report/figures/style.py",
    "simulate/cohort.py",
    "stats/pairs.py",
    "study/catalogue.py",
    "verdict/rules.py",
)
"""Modules of the table, one a room or more."""


def read_rules() -> dict[str, list[str]]:
    """Scripts whose code the params of each rule count, by rule."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
    bodies = re.split(r"^rule ", text, flags=re.M)[1:]
    calls = {body.split(":")[0]: re.search(r"code=code_of\(([^)]*)\)", body) for body in bodies}
    return {rule: re.findall(r'"([^"]+)"', call[1]) for rule, call in calls.items() if call}


def read_graph(directory: Path) -> tuple[dict[str, int], dict[str, set[str]]]:
    """Jobs of each rule of the demo, and the rules that read what each writes."""
    demo = {"directory": directory, "config": ROOT / "config/demo.yaml"}
    dot = ran(snakemake("--rulegraph", **demo)).stdout
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', dot))
    readers: dict[str, set[str]] = {rule: set() for rule in names.values()}
    for writer, reader in re.findall(r"(\d+) -> (\d+)", dot):
        readers[names[writer]].add(names[reader])
    return jobs_of(plan("--quiet", "rules", **demo)), readers


def plan_jobs(directory: Path) -> dict[str, dict[str, int]]:
    """Jobs of each rule that an edit of a module plans: of the rules that import it, and of all that follow.

    Parameters
    ----------
    directory
        An empty folder.

    Returns
    -------
    By module, its path below the package.
    """
    jobs, readers = read_graph(directory)
    code = Code(ROOT / "scripts")
    closures = {
        rule: {path for script in scripts for path in code.closure(script)}
        for rule, scripts in read_rules().items()
        if rule in jobs
    }
    planned = {}
    for name in listed(":(glob)scripts/cd20scope/**/*.py"):
        waiting = [rule for rule, files in closures.items() if ROOT / name in files]
        found: Counter[str] = Counter()
        while waiting:
            rule = waiting.pop()
            if rule not in found:
                found[rule] = jobs[rule]
                waiting += readers[rule]
        planned[name.removeprefix("scripts/cd20scope/")] = dict(found)
    return planned


def make_table(planned: dict[str, dict[str, int]]) -> pd.DataFrame:
    """One row per sampled module and rule; the target itself is left out."""
    rows = [
        (module, rule, n)
        for module in SAMPLED
        for rule, n in sorted(planned[module].items())
        if rule != "everything"
    ]
    return pd.DataFrame(rows, columns=["module", "rule", "jobs"])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        planned = plan_jobs(Path(folder))
    make_table(planned).to_csv(TABLE, sep="\t", index=False)
    for module, jobs in sorted(planned.items(), key=lambda item: sum(item[1].values())):
        print(sum(n for rule, n in jobs.items() if rule != "everything"), module)
