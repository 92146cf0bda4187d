import subprocess
import sys
from pathlib import Path

CODE = """
import sys
from pathlib import Path
from cd20scope import labels, qc
tools = {"numpy.f2py.crackfortran", "numpy.testing._private.utils"}
print(tools & set(sys.modules))
import numpy.testing
numpy.testing.assert_allclose(1.0, 1.0)
print(Path(numpy.f2py.get_include()).is_dir(), tools <= set(sys.modules))
"""


def test_numpys_tools_are_loaded_when_they_are_used():
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "scripts")}
    command = [sys.executable, "-W", "error", "-c", CODE]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["set()", "True True"]
