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
    return {
        kind: catalogue.load(texts[kind], kind=kind, schema=schemas[kind], name=f"{kind}.yaml")
        for kind in KINDS
    }


@pytest.fixture
def edited(shipped):
    """A copy of the shipped catalogues that a test may spoil."""
    return copy.deepcopy(shipped)
