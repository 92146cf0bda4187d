"""The description of a run is a research object that the rocrate library reads back, with every file and its sum."""

import json

import pandas as pd
import pytest
from rocrate.rocrate import ROCrate

from cd20scope.report import provenance, software

SUM = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
OTHER = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def crate(tmp_path):
    (tmp_path / "verdict").mkdir()
    (tmp_path / "verdict/verdicts.tsv").write_text("id\n")
    inputs = pd.DataFrame(
        [("A", "all.h5ad", SUM, 9), ("B", "all.h5ad", SUM, 9), ("C", "c.h5", OTHER, 7)],
        columns=["sample", "path", "sha256", "bytes"],
    )
    outputs = pd.DataFrame(
        [("verdict/verdicts.tsv", OTHER, 3, "Verdicts")], columns=["path", "sha256", "bytes", "about"]
    )
    described = provenance.describe(
        title="A study",
        licence="Not stated",
        finished="2026-01-02T03:04:05+00:00",
        version="0.1.0",
        code="0123456789ab",
        software={"pandas": "3.1.1"},
        settings=[("verdict.alpha", "0.05")],
        inputs=inputs,
        outputs=outputs,
    )
    (tmp_path / "ro-crate-metadata.json").write_text(json.dumps(described))
    return ROCrate(tmp_path)


def test_a_reader_finds_the_run_with_inputs_settings_and_results(crate):
    run = crate.get("#run")
    assert run.type == "CreateAction"
    assert run["endTime"] == "2026-01-02T03:04:05+00:00"
    used = run["object"]
    files = [one for one in used if one.type == "File"]
    assert [one["sha256"] for one in files] == [SUM, OTHER]
    assert files[0]["description"] == "Counts of A, B"
    assert [(one["name"], one["value"]) for one in used if one.type == "PropertyValue"] == [
        ("verdict.alpha", "0.05")
    ]
    made = run["result"]
    made = made if isinstance(made, list) else [made]
    assert [(one.id, one["sha256"], one["encodingFormat"]) for one in made] == [
        ("verdict/verdicts.tsv", OTHER, "text/tab-separated-values")
    ]


def test_the_workflow_is_named_with_its_code_and_software(crate):
    workflow = crate.get("#run")["instrument"]
    workflow = workflow[0] if isinstance(workflow, list) else workflow
    assert workflow["softwareVersion"] == "0.1.0"
    assert workflow["identifier"] == "code digest 0123456789ab"
    assert crate.get("#software-pandas")["softwareVersion"] == "3.1.1"
    assert crate.root_dataset["datePublished"] == "2026-01-02T03:04:05+00:00"


def test_a_file_is_named_by_its_sum():
    # RFC 6920, section 8.1, gives the sum of "Hello World!"
    digest = "7f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069"
    assert provenance.name_of(digest) == "ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk"


def test_software_that_is_not_here_is_left_out():
    found = software.versions(["pandas", "no-such-package"])
    assert set(found) == {"Python", "pandas"}
    assert found["pandas"] == pd.__version__
