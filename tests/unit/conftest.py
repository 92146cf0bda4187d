"""The shipped catalogues, for the tests of what stands in them and of what is said about a faulty one."""

import copy
from pathlib import Path

import pytest
import yaml

from cd20scope.study import catalogue

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("populations", "programs", "hypotheses")


@pytest.fixture(scope="session")
def schemas():
    folder = ROOT / "workflow" / "schemas"
    return {kind: yaml.safe_load((folder / f"{kind}.schema.yaml").read_text()) for kind in KINDS}


@pytest.fixture(scope="session")
def texts():
    return {kind: (ROOT / "config" / f"{kind}.yaml").read_text() for kind in KINDS}


@pytest.fixture(scope="session")
def shipped(schemas, texts):
    found = {}
    for kind in KINDS:
        references = None
        if kind != "populations":
            tree = found["populations"]
            references = catalogue.References(tree, tree, programs=found.get("programs"))
        found[kind] = catalogue.load(
            texts[kind], kind=kind, schema=schemas[kind], name=f"{kind}.yaml", references=references
        )
    return found


@pytest.fixture
def reload(schemas, shipped):
    """Write a catalogue and load it again, beside the shipped ones or those given."""

    def load(kind, data, *, populations=shipped["populations"], programs=shipped["programs"]):
        text = data if isinstance(data, str) else yaml.safe_dump(data, sort_keys=False)
        references = catalogue.References(populations, shipped["populations"], programs=programs)
        return catalogue.load(
            text, kind=kind, schema=schemas[kind], name=f"my_{kind}.yaml", references=references
        )

    return load


@pytest.fixture
def edited(shipped):
    """A copy of the shipped catalogues that a test may spoil."""
    return copy.deepcopy(shipped)
