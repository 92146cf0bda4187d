"""What tests share: the shipped catalogues and a small simulated cohort, drawn once."""

import fcntl
import os
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import yaml
from reference_data import missing

ROOT = Path(__file__).resolve().parents[1]


LONGEST = ("faults", "workflow")
"""Folders of the tests that take longest."""


# after those that were not asked for are left out
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Begin with the longest tests: workers take whole files in this order.

    One file starts the run of the built-in cohort; the others that read it come last, as they would wait for it.
    """
    place = {folder: number for number, folder in enumerate(LONGEST)}
    reading = list(
        dict.fromkeys(item.path for item in items if "built_in" in getattr(item, "fixturenames", ()))
    )

    def key(item):
        if item.path in reading:
            return -1 if item.path == reading[0] else len(LONGEST) + 1
        return place.get(item.nodeid.split("/")[1], len(LONGEST))

    items.sort(key=key)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Skip what reads files that are not there: ``@pytest.mark.cohort("zheng_sorted.h5ad")``."""
    for mark in item.iter_markers("cohort"):
        if absent := missing(*mark.args):
            pytest.skip(absent)


@pytest.fixture(scope="session")
def populations():
    return yaml.safe_load((ROOT / "config/populations.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def programs():
    return yaml.safe_load((ROOT / "config/programs.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def profiles(populations):
    """The shipped table of profiles and the profiles of each population, as the built-in cohort is drawn by them."""
    from cd20scope.annotate.likelihood.profiles import read_profiles
    from cd20scope.annotate.likelihood.tree import profiles_of_populations

    return {
        "table": read_profiles(ROOT / "config/profiles.tsv"),
        "profiles_of": profiles_of_populations(populations),
    }


@pytest.fixture(scope="session")
def built_in(tmp_path_factory, request):
    """The built-in cohort, run once for all tests and workers; nobody writes into its folder.

    ``CD20SCOPE_KEPT`` names a folder in which the run is kept for further calls of pytest on the same code.
    """
    from workflow.running import ran, snakemake

    base = tmp_path_factory.getbasetemp()
    base = base.parent if hasattr(request.config, "workerinput") else base
    shared = Path(os.environ.get("CD20SCOPE_KEPT", base))
    folder = shared / "built_in"
    folder.mkdir(exist_ok=True)
    with (shared / "built_in.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "built_in.done").exists():
            ran(snakemake(directory=folder, config=ROOT / "config/demo.yaml"))
            (shared / "built_in.done").touch()
    return folder


@pytest.fixture(scope="session")
def cohort(populations, programs, profiles):
    """Three donors at baseline and after depletion, about 400 cells each, with the truth."""
    from cd20scope.counts import matrix as counts_matrix
    from cd20scope.simulate import cohort as simulate

    visits = ["baseline", "week2", "month6"]
    sheet = simulate.cohort_layout(3, visits=visits)
    sheet = sheet[sheet["visit"] != "month6"]
    genes, samples = simulate.simulate_cohort(
        sheet,
        visits=visits,
        plan="treated",
        cells=400,
        seed=7,
        populations=populations,
        programs=programs,
        **profiles,
    )
    counts = {name: sp.csr_matrix(sample.counts) for name, sample in samples.items()}
    return {
        "sheet": sheet,
        "genes": np.array(genes),
        "counts": counts,
        "lognorm": {name: counts_matrix.log_normalise(matrix) for name, matrix in counts.items()},
        "truth": {name: np.array(sample.truth) for name, sample in samples.items()},
    }


@pytest.fixture(scope="session")
def fitted(cohort, populations):
    """The likelihood fitted to all cells of the cohort, and the labels of every sample."""
    from cd20scope.annotate import labels
    from cd20scope.annotate.likelihood import fit, profiles, tree

    table = profiles.read_profiles(ROOT / "config/profiles.tsv")
    decisions = tree.build_decisions(
        tree.lineages_of_populations(populations), tree.profiles_of_populations(populations)
    )
    counts = sp.vstack(list(cohort["counts"].values()), format="csr")
    model = fit.fit_likelihood(counts, cohort["genes"], table, decisions)
    told = {
        name: labels.label_sample(
            matrix, cohort["genes"], model, populations=populations, min_probability=0.5
        )
        for name, matrix in cohort["counts"].items()
    }
    return {
        "model": model,
        "labels": {name: one.cells for name, one in told.items()},
        "chances": {name: one.chances for name, one in told.items()},
    }
