"""Commands of the clone look for results where the run that they tell of writes them."""

from pathlib import Path

import pytest

import places
from workflow.running import ROOT


def test_results_are_beside_the_configuration_or_where_told(tmp_path):
    study = tmp_path / "study.yaml"
    study.touch()
    assert places.results_folder(study, None) == tmp_path
    assert places.results_folder(tmp_path, None) == tmp_path
    assert places.results_folder(study, Path("elsewhere")) == Path("elsewhere")


@pytest.mark.parametrize("given", ["config/demo.yaml", "config"])
def test_a_configuration_of_the_clone_is_run_in_the_clone(given, monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    assert places.results_folder(Path(given), None) == Path()
    assert places.results_folder(Path(given), Path("config")) == Path("config")
    monkeypatch.chdir(tmp_path)
    assert places.results_folder(ROOT / given, None).resolve() == ROOT


@pytest.mark.parametrize("there", [True, False])
def test_the_command_of_a_run_is_that_of_the_environment(there, monkeypatch, tmp_path):
    if there:
        (tmp_path / ".venv/bin").mkdir(parents=True)
        (tmp_path / ".venv/bin/snakemake").touch()
    monkeypatch.setattr(places, "ROOT", tmp_path)
    command = places.run_command(Path("my_study/study.yaml"), Path("my_study"), cores=8)
    assert command == (
        f"{'.venv/bin/' if there else ''}snakemake --cores 8 --configfile my_study/study.yaml "
        "--directory my_study --workflow-profile workflow/profiles/default"
    )
