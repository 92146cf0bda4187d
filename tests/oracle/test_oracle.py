"""What R says of the same numbers: limma, edgeR, DESeq2 and base R on a shared example.

To make the golden tables anew: `.venv/bin/python tests/oracle/make_example.py`, then
`Rscript tests/oracle/oracle.R tests/oracle/golden tests/oracle/golden` (Debian: r-bioc-limma, r-bioc-edger,
r-bioc-deseq2).
"""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cd20scope import expression
from oracle import comparison
from oracle.make_example import make_example

SCRIPT = Path(__file__).parent / "oracle.R"
TABLES = ("shares.tsv", "limma.tsv", "edger.tsv", "deseq2.tsv", "size_factors.tsv")


@pytest.mark.parametrize("part", ["shares", "linear", "negative_binomial"])
def test_this_project_agrees_with_r(part):
    made = getattr(comparison, part)()
    for one in made:
        print(f"{one.what}: {one.value:.3g} (bound {one.bound:g}; {one.why})")
    assert [one for one in made if not one.ok] == []


def test_the_example_is_the_one_that_the_script_makes():
    counts, samples, cells = make_example()
    kept = pd.read_csv(comparison.GOLDEN / "counts.tsv", sep="\t", index_col=0)
    assert np.array_equal(counts.to_numpy(), kept.to_numpy())
    pd.testing.assert_frame_equal(samples, comparison.read("samples.tsv"))
    pd.testing.assert_frame_equal(cells, comparison.read("cells.tsv"))


def test_the_genes_that_enter_are_those_of_the_project():
    counts = pd.read_csv(comparison.GOLDEN / "counts.tsv", sep="\t", index_col=0)
    design = comparison.read("samples.tsv").set_index("sample", drop=False).assign(n_cells=100, unusable="")
    data = expression.Pseudobulk(counts, design)
    genes, summary = expression.fit_population(data, population="x", contrasts=comparison.CONTRASTS)
    assert set(genes["gene"]) == set(comparison.example()[0].columns)
    assert summary["cross_check_sign_agreement"].min() > 0.97


def has_r() -> bool:
    """Whether Rscript and the three packages are here."""
    if shutil.which("Rscript") is None:
        return False
    ask = (
        "for (p in c('limma', 'edgeR', 'DESeq2')) if (!requireNamespace(p, quietly = TRUE)) quit(status = 1)"
    )
    return subprocess.run(["Rscript", "-e", ask], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not has_r(), reason="Rscript with limma, edgeR and DESeq2 is not here")
def test_r_gives_the_golden_tables_again(tmp_path):
    command = ["Rscript", str(SCRIPT), str(comparison.GOLDEN), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    for name in TABLES:
        again, golden = comparison.read(name, tmp_path), comparison.read(name)
        pd.testing.assert_frame_equal(again, golden, rtol=1e-6, atol=1e-9)
