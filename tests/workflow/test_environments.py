"""The environments of conda hold what is pinned, and all that the code of their rules imports."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, requires

import pytest
import yaml
from packaging.requirements import Requirement

from workflow.running import ROOT

PYTHON = ["annotate", "core", "report"]
"""Environments of Python; that of Seurat objects is of R."""
IMPORT_WITHOUT = """
import importlib, sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in lacking:
            raise ModuleNotFoundError(f"{name} is not in this environment")
lacking = set(sys.argv[1].split())
sys.meta_path.insert(0, Without())
for module in sys.argv[2:]:
    importlib.import_module(module)
"""


def test_environments_hold_the_pinned_versions():
    pins = dict(re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / "requirements.txt").read_text(), flags=re.M))
    for path in (ROOT / "envs").glob("*.yaml"):
        env = yaml.safe_load(path.read_text())
        assert env["channels"][-1] == "nodefaults"
        installed = [part for part in env["dependencies"] if part != "pip"]
        by_pip = [part.split("==") for group in installed if isinstance(group, dict) for part in group["pip"]]
        assert {name: pins[name] for name, _ in by_pip} == dict(by_pip), path.name
        for dependency in (part for part in installed if isinstance(part, str)):
            name, version = dependency.split("=")
            if name.startswith("r-"):
                assert version  # R is no part of the pinned environment
            elif name == "python":
                assert version == (ROOT / ".python-version").read_text().strip()
            else:
                assert version == pins[name], f"{path.name}: {name}"


def test_development_pins_hold_the_runtime_pins():
    pins = [
        re.findall(r"^([\w.-]+==[\w.]+)", (ROOT / name).read_text(), flags=re.M)
        for name in ("requirements.txt", "requirements-dev.txt")
    ]
    assert set(pins[0]) <= set(pins[1])


def closure(names):
    """Names of distributions with all that they require."""
    found, left = set(), set(names)
    while left:
        name = left.pop()
        found.add(name)
        needed = map(Requirement, requires(name) or [])
        left |= {
            need.name.lower().replace("_", "-")
            for need in needed
            if not need.marker or need.marker.evaluate()
        } - found
    return found


def imported(script):
    """Modules that a script imports before anything else."""
    for node in ast.parse((ROOT / script).read_text()).body:
        if isinstance(node, ast.ImportFrom):
            yield node.module
            folder = ROOT / "scripts" / node.module.replace(".", "/")
            yield from (f"{node.module}.{a.name}" for a in node.names if (folder / f"{a.name}.py").exists())
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("name", PYTHON)
def test_what_a_rule_imports_is_in_its_environment(name):
    env = yaml.safe_load((ROOT / f"envs/{name}.yaml").read_text())["dependencies"]
    by_pip = [part for group in env if isinstance(group, dict) for part in group["pip"]]
    listed = [re.split("=+", part)[0] for part in [*env, *by_pip] if isinstance(part, str)]
    there = closure({part.removesuffix("-py") for part in listed} - {"python", "pip"})
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    lacking = {Requirement(part).name.lower() for part in project} - there - {"snakemake"}
    owned = packages_distributions()
    modules = [top for top, owners in owned.items() if {owner.lower() for owner in owners} <= lacking]
    scripts = set()
    for rules in (ROOT / "workflow/rules").glob("*.smk"):
        for body in re.split(r"^(?=\s*(?:use )?rule )", rules.read_text(), flags=re.M):
            if f"envs/{name}.yaml" in body:
                scripts |= set(re.findall(r"scripts/\w+/\w+\.py", body))
    assert scripts
    assert modules
    wanted = sorted({module for script in scripts for module in imported(script)})
    command = [sys.executable, "-c", IMPORT_WITHOUT, " ".join(modules), *wanted]
    done = subprocess.run(command, cwd=ROOT / "scripts", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1500:]
