"""The rooms of the library: who may import whom, and how large a file may be."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
LIBRARY = SCRIPTS / "cd20scope"
MAX_LINES = 300

MAY_IMPORT = {
    "jobs": "",
    "counts": "",
    "simulate": "",
    "embed": "",
    "stats": "",
    "study": "",
    "pseudobulk": "study counts",
    "ingest": "jobs study counts",
    "qc": "counts",
    "annotate": "study counts",
    "abundance": "study stats pseudobulk",
    "expression": "study stats pseudobulk",
    "programs": "study stats pseudobulk",
    "verdict": "study stats abundance programs",
    "report": "study stats verdict.endpoints",
    "export": "counts",
    "status": "jobs",
    "preflight": "study counts ingest stats",
    "init": "study counts ingest",
}
"""Rooms, or folders of rooms, that a room may import besides itself and ``schema``, the flow of the data from top to
bottom."""

GROUND = {"jobs", "study", "counts", "stats", "pseudobulk"}
"""Rooms that every rule script may import besides those of its own step."""

SCRIPTS_BEYOND = {
    # trains on a labelled reference, a count file like any other
    "annotate/fit_reference.py": {"ingest"},
    # one job reads and flags a sample, so that no second job starts and reads it again
    "ingest/read_sample.py": {"qc"},
    # lists the genes that all samples of a tissue have, as the fit does for those of the questions
    "verdict/compare_tissue.py": {"annotate"},
    # the cells are drawn from the table of profiles that labels them
    "simulate/simulate_cohort.py": {"annotate"},
}
"""Rooms that single scripts may import beyond these, each with its reason."""

RULE_FILES_MAY_IMPORT = {
    "schema",
    "study",
    "simulate.cohort",
    "annotate.judges.settings",
    "annotate.likelihood.profiles",
    "annotate.likelihood.tree",
    "annotate.judges.input_labels",
    "export.cellxgene_terms",
    "jobs.code",
    "jobs.files",
    "jobs.outputs",
    "jobs.record",
    "report.ending",
}
"""Rooms and modules that rule files may import, in the environment of Snakemake itself."""


def module_path(name: str) -> Path:
    """Path of a module of the library without its ending, by its full name."""
    return SCRIPTS / name.replace(".", "/")


def imported_modules(source: str) -> Iterator[str]:
    """Modules of the library that a text imports, by full name without ``cd20scope.``."""
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                path = module_path(whole)
                names.append(whole if path.is_dir() or path.with_suffix(".py").exists() else node.module)
        yield from (name.removeprefix("cd20scope.") for name in names if name.startswith("cd20scope."))


def allowed(path: Path) -> set[str]:
    """Rooms that a Python file below ``scripts/`` may import."""
    place = path.relative_to(SCRIPTS)
    if place.parts[0] == "cd20scope":
        room = place.parts[1]
        return {"schema", room, *MAY_IMPORT.get(room, "").split()}
    room = place.stem if len(place.parts) == 1 else place.parts[0]
    return {"schema", room, *GROUND, *MAY_IMPORT.get(room, "").split()} | SCRIPTS_BEYOND.get(
        str(place), set()
    )


def is_allowed(name: str, path: Path) -> bool:
    """Whether a Python file below ``scripts/`` may import a module of the library."""
    return any(name == place or name.startswith(f"{place}.") for place in allowed(path))


def test_imports_follow_the_flow_of_the_data():
    wrong = [
        f"{path.relative_to(ROOT)} -> {name}"
        for path in sorted(SCRIPTS.rglob("*.py"))
        for name in imported_modules(path.read_text(encoding="utf-8"))
        if not is_allowed(name, path)
    ]
    assert not wrong, "imports against the flow:\n" + "\n".join(wrong)


def test_rule_files_import_little():
    lines = re.compile(r"^\s*((?:from cd20scope\S* import|import cd20scope).*)$", flags=re.M)
    wrong = [
        f"{path.relative_to(ROOT)} -> {name}"
        for path in sorted(
            [ROOT / "Snakefile", ROOT / "workflow/Snakefile", *(ROOT / "workflow").rglob("*.smk")]
        )
        for line in lines.findall(path.read_text(encoding="utf-8"))
        for name in imported_modules(line)
        if not {name, name.split(".")[0]} & RULE_FILES_MAY_IMPORT
    ]
    assert not wrong, "imports of rule files:\n" + "\n".join(wrong)


def test_every_room_has_its_row():
    assert {path.name for path in LIBRARY.iterdir() if path.is_dir() and path.name != "__pycache__"} == {
        *MAY_IMPORT
    }
    assert {path.name for path in LIBRARY.glob("*.py")} == {"__init__.py", "schema.py"}


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_the_init_of_a_room_is_one_sentence(room):
    for path in (LIBRARY / room).rglob("__init__.py"):
        (docstring,) = ast.parse(path.read_text(encoding="utf-8")).body
        text = ast.get_docstring(ast.Module([docstring], []))
        assert re.fullmatch(r"[^.\n]+(\.\w[^.\n]*)*\.", text or ""), path


def test_no_python_file_below_scripts_is_long():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in SCRIPTS.rglob("*.py")
    }
    assert {name: n for name, n in lengths.items() if n > MAX_LINES} == {}


def test_the_table_has_no_circle():
    done: set[str] = set()
    needed = {room: {place.split(".")[0] for place in others.split()} for room, others in MAY_IMPORT.items()}
    while ready := {room for room, others in needed.items() if others <= done} - done:
        done |= ready
    assert done == {*MAY_IMPORT}


def test_an_import_against_the_flow_is_found():
    wrong = LIBRARY / "report/page.py"
    assert not is_allowed("abundance.compare", wrong)
    assert not is_allowed("verdict.decide", wrong)
    assert is_allowed("verdict.endpoints.catalogue", wrong)
    assert list(imported_modules("from cd20scope.abundance import compare")) == ["abundance.compare"]
    assert list(imported_modules("from cd20scope.stats.pairs import Pairs")) == ["stats.pairs"]
    assert list(imported_modules("def f():\n    import cd20scope.qc.doublets")) == ["qc.doublets"]
