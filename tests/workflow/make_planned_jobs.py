"""Write planned_jobs.tsv: the jobs of the demo that an edit of one file plans, by the graph of jobs and the imports.

Run by ``PYTHONPATH=scripts:tests python tests/workflow/make_planned_jobs.py``.
"""

import re
import tempfile
from collections import Counter
from pathlib import Path

import pandas as pd

from cd20scope.jobs.code import Code
from workflow.running import ROOT, listed, ran, snakemake

TABLE = Path(__file__).with_name("planned_jobs.tsv")
SAMPLED = (
    "abundance/compare.py",
    "annotate/labels.py",
    "annotate/judges/settings.py",
    "annotate/likelihood/fit.py",
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


def read_graph(directory: Path) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Rule of each job of the demo, and the jobs that read what each writes."""
    dot = ran(snakemake("--dag", directory=directory, config=ROOT / "config/demo.yaml")).stdout
    rules = dict(re.findall(r'(\d+)\[label = "(\w+)', dot))
    readers: dict[str, set[str]] = {job: set() for job in rules}
    for writer, reader in re.findall(r"(\d+) -> (\d+)", dot):
        readers[writer].add(reader)
    return rules, readers


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
    rules, readers = read_graph(directory)
    code = Code(ROOT / "scripts")
    closures = {
        rule: {path for script in scripts for path in code.closure(script)}
        for rule, scripts in read_rules().items()
    }
    planned = {}
    for name in listed(":(glob)scripts/cd20scope/**/*.py"):
        waiting = [job for job, rule in rules.items() if ROOT / name in closures.get(rule, ())]
        found: set[str] = set()
        while waiting:
            job = waiting.pop()
            if job not in found:
                found.add(job)
                waiting += readers[job]
        planned[name.removeprefix("scripts/cd20scope/")] = dict(Counter(rules[job] for job in found))
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
