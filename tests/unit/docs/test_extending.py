"""The examples of docs/extending.md run, and the lines that they change are where the page says."""

import copy
import re
from itertools import chain
from pathlib import Path
from types import ModuleType

import pytest
import report_tables
import yaml
from scipy import sparse

from cd20scope.annotate import labels
from cd20scope.annotate.likelihood import fit
from cd20scope.annotate.likelihood import profiles as profile_table
from cd20scope.annotate.likelihood.tree import (
    build_decisions,
    lineages_of_populations,
    profiles_of_populations,
)
from cd20scope.ingest import places
from cd20scope.study import catalogue

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, flags=re.M | re.S))


def blocks(section, kind):
    """Code blocks of one kind in a section of the page."""
    found = re.findall(rf"^```{kind}\n(.*?)^```$", SECTIONS[section], flags=re.M | re.S)
    assert found, f"no block of {kind} in {section}"
    return found


def run(section, **given):
    """Run the Python of a section as one module; gives its names."""
    names = {"__name__": "example", "Path": Path, **given}
    exec(compile("\n".join(blocks(section, "python")), f"docs/extending.md, {section}", "exec"), names)
    return names


def changes():
    """Blocks of changed lines: the file, its lines as they are, and as they are after the change."""
    for block in re.findall(r"^```diff\n(.*?)^```$", PAGE, flags=re.M | re.S):
        name, *lines = block.splitlines()
        before, after = (
            "\n".join(line[1:] for line in lines if not line.startswith(sign)) for sign in ("+", "-")
        )
        yield name.removeprefix("# "), before, after


@pytest.mark.parametrize(("name", "before", "after"), list(changes()))
def test_lines_that_a_change_stands_beside_are_in_the_file(name, before, after):
    assert before in (ROOT / name).read_text(encoding="utf-8")
    assert after != before


def test_a_format_is_detected_and_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    reader, trial = blocks("A format", "python")
    names = {}
    exec(compile(reader, "npz.py", "exec"), names)
    place = "scripts/cd20scope/ingest/formats/detect.py"
    source = (ROOT / place).read_text(encoding="utf-8")
    for name, before, after in changes():
        source = source.replace(before, after) if name == place else source
    changed = ModuleType("changed")
    changed.open_npz = names["open_npz"]
    exec(compile(source, "detect.py", "exec"), changed.__dict__)
    monkeypatch.setattr(places, "detect", changed)
    monkeypatch.setattr(places, "FORMATS", (*places.FORMATS, "npz"))
    exec(compile(trial, "test_npz.py", "exec"), names)
    assert changed.sniff_format(tmp_path / "matrix.npz") == "npz"
    (tmp_path / "cells.txt").unlink()
    with pytest.raises(names["IngestError"], match=r"cells\.txt: not there"):
        names["open_npz"](tmp_path / "matrix.npz")


@pytest.fixture(scope="module")
def own_tree(populations):
    """The shipped tree with the nodes of the page in the place of Treg, loaded as a study loads it."""
    (text,) = blocks("A population", "yaml")
    own, tree = yaml.safe_load(text), copy.deepcopy(populations)
    (new,) = own["sets"]
    tree["nodes"] = [node for node in tree["nodes"] if "Treg" not in (node["name"], node["parent"])]
    tree["nodes"] += own["nodes"]
    for entry in tree["sets"]:
        members = [new["members"] if name == "Treg" else [name] for name in entry["members"]]
        entry["members"] = list(chain.from_iterable(members))
    tree["sets"].append(new)
    text = yaml.safe_dump(tree, sort_keys=False)
    return catalogue.load(text, kind="populations", schema=schema("populations"), name="mine.yaml")


def schema(kind):
    return yaml.safe_load((ROOT / f"workflow/schemas/{kind}.schema.yaml").read_text(encoding="utf-8"))


def test_a_population_fits_all_that_refers_to_the_tree(own_tree, populations, programs):
    told = profiles_of_populations(own_tree)
    assert (list(told["Treg naive"]), list(told["Treg memory"])) == (["nTreg"], ["mTreg"])
    references = catalogue.References(
        own_tree, populations, programs=catalogue.scored_here(programs, own_tree)
    )
    asked = (ROOT / "config/hypotheses.yaml").read_text(encoding="utf-8")
    catalogue.load(
        asked, kind="hypotheses", schema=schema("hypotheses"), name="asked.yaml", references=references
    )


def test_cells_get_the_labels_of_a_new_population(own_tree, cohort):
    table = profile_table.read_profiles(ROOT / "config/profiles.tsv")
    decisions = build_decisions(lineages_of_populations(own_tree), profiles_of_populations(own_tree))
    counts = sparse.vstack(list(cohort["counts"].values()), format="csr")
    model = fit.fit_likelihood(counts, cohort["genes"], table, decisions)
    told = labels.label_sample(
        cohort["counts"]["D01_baseline"], cohort["genes"], model, populations=own_tree, min_probability=0.5
    )
    own = told.cells["population"].isin(["Treg naive", "Treg memory"]).to_numpy()
    treg = cohort["truth"]["D01_baseline"] == "Treg"
    assert told.cells["population"][own].nunique() == 2
    assert own[treg].mean() > 0.6
    assert own[~treg].mean() < 0.03


def test_the_endpoint_is_the_one_that_the_tests_of_verdicts_run():
    source = (ROOT / "tests/unit/verdict/test_endpoints.py").read_text(encoding="utf-8")
    assert len(blocks("An endpoint", "python")) == 2
    assert [block for block in blocks("An endpoint", "python") if block not in source] == []


def test_a_judge_labels_cells(cohort, populations):
    run(
        "A judge",
        lognorm=cohort["lognorm"]["D01_baseline"],
        genes=cohort["genes"],
        truth=cohort["truth"]["D01_baseline"],
        profiles=profile_table.read_profiles(ROOT / "config/profiles.tsv"),
        populations=populations,
    )


def test_a_figure_is_drawn_and_saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    donors = report_tables.donors()
    names = run("A figure", donors=donors, visits=report_tables.VISITS)
    (ax,) = names["drawn"].figure.axes
    dots = sum(len(dots.get_offsets()) for dots in ax.collections)
    assert dots == donors[["donor", "visit"]].drop_duplicates().shape[0]
    empty = names["shares_against"](donors, populations=("B cells", "none"), visits=[])
    assert not empty.axes
