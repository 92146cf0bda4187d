"""Rule scripts use what the library has: the type checker does not read them, and a run takes minutes to meet them."""

import ast
import importlib
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
RULES = sorted(path for path in SCRIPTS.glob("*/*.py") if path.parent.name != "cd20scope")


def imported(tree):
    """Objects of the library that a script imports, by the names it gives them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cd20scope"):
            for alias in node.names:
                yield alias.asname or alias.name, node.module, alias.name


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.relative_to(SCRIPTS).as_posix())
def test_every_name_is_there(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {}
    for known, module, name in imported(tree):
        whole = importlib.import_module(module)
        found[known] = (
            getattr(whole, name) if hasattr(whole, name) else importlib.import_module(f"{module}.{name}")
        )
    missing = [
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and isinstance(found.get(node.value.id), ModuleType)
        and not hasattr(found[node.value.id], node.attr)
    ]
    assert missing == []
