"""Sum up the runs of pytest, and fail when a part was not tested although it could have been.

    python3 .ci/summarise.py users.xml marked.xml

Reads pytest's JUnit files, asks :mod:`reference_data` whether the data are there, and prints one summary in pytest's
words. A test may be skipped for data that are not there, and for root where the user is not; for nothing else.
"""

import os
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("bad_inputs", "browser", "faults", "oracle", "slurm", "unit", "workflow")
"""Folders of tests of which some must have passed."""
NEEDS_DATA = ("slurm",)
"""Parts that cannot be run without a script beside the reference data."""

sys.path.insert(0, str(ROOT / "tests/fixtures"))
from reference_data import SCRIPTS, SOURCES, missing  # noqa: E402

ABSENT = missing(*SOURCES, *SCRIPTS)


def is_excused(reason: str) -> bool:
    """Whether a test may be skipped for this reason on this machine."""
    without_data = bool(ABSENT) and "CD20SCOPE_DATA" in reason
    without_root = os.geteuid() != 0 and "needs root" in reason
    return without_data or without_root


def main(paths: list[str]) -> int:
    """Print what was left out without a reason, then the summary; 1 when anything is wrong."""
    counts, tested, wrong, seconds = Counter(), set(), [], 0.0
    for suite in (suite for path in paths for suite in ElementTree.parse(path).iter("testsuite")):
        seconds += float(suite.get("time", 0))
        for case in suite.iter("testcase"):
            found = {part.tag: part.get("message", "") for part in case}
            if found.keys() & {"failure", "error"}:
                counts["failed"] += 1
            elif "skipped" in found:
                counts["skipped"] += 1
                if not is_excused(found["skipped"]):
                    wrong.append(
                        f"{case.get('classname')}.{case.get('name')} was skipped: {found['skipped']}"
                    )
            else:
                counts["passed"] += 1
                tested |= set(str(case.get("classname")).split("."))
    needed = [part for part in PARTS if not (ABSENT and part in NEEDS_DATA)]
    wrong += [f"no test of tests/{part} has passed" for part in needed if part not in tested]
    if wrong:
        print(*wrong, sep="\n")
    told = ", ".join(f"{counts[what]} {what}" for what in ("failed", "passed", "skipped") if counts[what])
    print(f"==== {told} in {seconds:.2f}s ====")
    return 1 if wrong or counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
