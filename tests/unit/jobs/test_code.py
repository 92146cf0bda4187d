"""A digest covers a script and what it imports from the package, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cd20scope.jobs.code import Code

ROOT = Path(__file__).resolve().parents[3] / "scripts"

FILES = {
    "cd20scope/__init__.py": "",
    "cd20scope/schema.py": "A = 1\n",
    "cd20scope/stats/__init__.py": "",
    "cd20scope/stats/pairs.py": "from cd20scope.schema import A\n",
    "cd20scope/stats/tests.py": "def test():\n    import cd20scope.stats.late\n",
    "cd20scope/stats/late.py": "",
    "cd20scope/report/__init__.py": "",
    "cd20scope/report/page.py": "import json\n",
    "verdict/judge.py": "import numpy as np\nfrom cd20scope.stats import pairs, tests\n",
    "ingest/unpack.R": "library(Matrix)\n",
}


@pytest.fixture
def tree(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def names(tree, script):
    return {path.relative_to(tree).as_posix() for path in Code(tree).closure(script)}


def test_a_closure_holds_rooms_modules_and_imports_within_functions(tree):
    assert names(tree, "verdict/judge.py") == {
        "verdict/judge.py",
        "cd20scope/__init__.py",
        "cd20scope/schema.py",
        "cd20scope/stats/__init__.py",
        "cd20scope/stats/pairs.py",
        "cd20scope/stats/tests.py",
        "cd20scope/stats/late.py",
    }
    assert names(tree, "ingest/unpack.R") == {"ingest/unpack.R"}


@pytest.mark.parametrize("edited", FILES)
def test_a_digest_changes_with_its_closure_alone(tree, edited):
    before = Code(tree).digest("verdict/judge.py")
    with (tree / edited).open("a") as file:
        file.write("# edited\n")
    changed = Code(tree).digest("verdict/judge.py") != before
    assert changed == (edited in names(tree, "verdict/judge.py"))


def test_a_digest_is_that_of_the_files_wherever_they_lie_and_whenever_written(tree, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    for name, text in reversed(FILES.items()):
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        (other / name).write_text(text)
        os.utime(other / name, (1, 1))
    scripts = ("verdict/judge.py", "ingest/unpack.R")
    assert Code(tree).digest(*scripts) == Code(other).digest(*reversed(scripts))
    assert Code(tree).digest(scripts[0]) != Code(tree).digest(*scripts)


def test_an_import_of_what_is_not_there_is_named_with_its_line(tree):
    (tree / "verdict/judge.py").write_text("import json\nfrom cd20scope.stat import pairs\n")
    with pytest.raises(ValueError, match=r"judge.py, line 2: there is no module cd20scope.stat"):
        Code(tree).digest("verdict/judge.py")


def test_what_python_itself_imports_for_a_step_is_in_its_closure():
    """The oracle: modules of the package that a fresh interpreter holds after the imports of a script."""
    script = "verdict/judge_hypotheses.py"
    imports = [
        line for line in (ROOT / script).read_text().splitlines() if line.startswith(("import", "from"))
    ]
    ask = "import sys; print(*[m.__file__ for n, m in sys.modules.items() if n.split('.')[0] == 'cd20scope'])"
    process = subprocess.run(
        [sys.executable, "-c", "\n".join([*imports, ask])],
        capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    loaded = {Path(path).resolve() for path in process.stdout.split()}
    assert loaded
    assert loaded <= Code(ROOT).closure(script)
