"""Sum up the runs of pytest, and fail when a part was not tested although it could have been.

    python3 .ci/summarise.py users.xml marked.xml

Reads pytest's JUnit files, asks :mod:`reference_data` whether the data are there, and prints one summary in pytest's
words. A test may be skipped only for data that are not there, and nothing of what users run may be.
"""

import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("bad_inputs", "browser", "faults", "oracle", "slurm", "unit", "workflow")
"""Folders of tests of which some must have passed."""
NEEDS_DATA = ("slurm",)
"""Parts that cannot be run without a script beside the reference data."""

sys.path.insert(0, str(ROOT / "tests/fixtures"))
from reference_data import SCRIPTS, SOURCES, missing  # noqa: E402


def main(paths: list[str]) -> int:
    """Print what was left out without a reason, then the summary; 1 when there is any."""
    absent = missing(*SOURCES, *SCRIPTS)
    passed, skipped, failed, seconds = 0, 0, 0, 0.0
    tested, wrong = set(), []
    for path in paths:
        for suite in ElementTree.parse(path).iter("testsuite"):
            seconds += float(suite.get("time", 0))
            for case in suite.iter("testcase"):
                name = f"{case.get('classname')}.{case.get('name')}"
                skip = case.find("skipped")
                if case.find("failure") is not None or case.find("error") is not None:
                    failed += 1
                elif skip is not None:
                    skipped += 1
                    reason = skip.get("message", "")
                    if not (absent and "CD20SCOPE_DATA" in reason):
                        wrong.append(f"{name} was skipped: {reason}")
                else:
                    passed += 1
                    tested |= set(str(case.get("classname")).split("."))
    needed = [part for part in PARTS if not (absent and part in NEEDS_DATA)]
    wrong += [f"no test of tests/{part} has passed" for part in needed if part not in tested]
    print(*wrong, sep="\n" if wrong else "")
    counts = [(failed, "failed"), (passed, "passed"), (skipped, "skipped")]
    told = ", ".join(f"{n} {what}" for n, what in counts if n)
    print(f"==== {told} in {seconds:.2f}s ({int(seconds // 60)} minutes, both runs) ====")
    return 1 if wrong or failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
