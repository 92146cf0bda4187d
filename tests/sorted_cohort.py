"""Bead-sorted cells of Zheng 2017 drawn into cohorts with planted effects by the generator beside the checkout."""

import json
import subprocess
import sys
from pathlib import Path

from workflow.running import SHARED

GENERATOR = SHARED / "tools/real_cohort.py"
CELLS = SHARED / "data/zheng_sorted.h5ad"
SORTED = {
    "bcells": "B",
    "nk": "NK",
    "monocytes": "Monocyte",
    "naivet": "CD4 naive",
    "memoryt": "CD4 memory",
    "regulatoryt": "Treg",
    "naivecytotoxic": "CD8 naive",
    "cytotoxict": "CD8 memory",
}
"""Bead sorts and what they are; ``thelper`` mixes all CD4 T cells and is left out."""


def draw_cohort(
    folder: Path, *, donors: int, cells: int, plan: str = "treated", seed: int = 1, mix: bool = False
) -> None:
    """Write count files, ``samples.tsv`` and ``truth.json``; ``mix`` makes each cell of two of one sort."""
    command = [sys.executable, "-W", "ignore", str(GENERATOR), "--base", str(CELLS), "--label", "label"]
    command += ["--rename", json.dumps(SORTED), "--out", str(folder), "--donors", str(donors)]
    command += ["--cells", str(cells), "--plan", plan, "--seed", str(seed)] + ["--mix"] * mix
    subprocess.run(command, check=True, capture_output=True)
