"""What R says of the same numbers: limma, edgeR, DESeq2 and base R on a shared example.

To make the golden tables anew: `.venv/bin/python tests/oracle/make_example.py`, then
`Rscript tests/oracle/oracle.R tests/oracle/golden tests/oracle/golden` (Debian: r-bioc-limma, r-bioc-edger,
r-bioc-deseq2). `.venv/bin/python tests/oracle/comparison.py` prints how far this project is from them.
"""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cd20scope.expression import fit
from oracle import comparison, make_example

SCRIPT = Path(__file__).parent / "oracle.R"
TABLES = (
    *("shares.tsv", "arms.tsv", "limma.tsv", "edger.tsv", "deseq2.tsv", "deseq2_arms.tsv", "versions.tsv"),
)


@pytest.mark.parametrize("part", ["shares", "arms", "linear", "negative_binomial", "genes_of_arms"])
def test_this_project_agrees_with_r(part, record_property):
    made = getattr(comparison, part)()
    for one in made:
        record_property(one.what, float(one.value))
        print(f"{one.what}: {one.value:.6g} (bound {one.bound:g}; {one.why})")
    assert [one for one in made if not one.ok] == []


def test_the_example_is_the_one_that_the_script_makes():
    samples = make_example.make_samples()
    pd.testing.assert_frame_equal(samples, comparison.read("samples.tsv"))
    pd.testing.assert_frame_equal(make_example.make_cells(samples), comparison.read("cells.tsv"))
    for name, table in zip(("counts", "faint"), make_example.make_counts(samples), strict=True):
        pd.testing.assert_frame_equal(table, comparison.read(f"{name}.tsv").set_index("sample"))


def test_the_example_has_what_makes_it_hard():
    """Zeros where B cells were, few genes without a zero among the faint, and differences without ties."""
    cells, shares = comparison.read("cells.tsv"), comparison.read("shares.tsv")
    assert (cells.loc[cells["population"] == "B", "n_cells"] == 0).sum() >= 8
    assert shares["n"].tolist().count(8) == 3
    size_factors = comparison.read("deseq2.tsv").groupby("example")["size_factors"].unique()
    assert size_factors["counts"].tolist() == ["ratio"]
    assert size_factors["faint"].tolist() == ["poscounts"]


def test_the_genes_that_enter_are_those_of_the_project():
    counts = comparison.read("counts.tsv").set_index("sample")
    design = comparison.read("samples.tsv").set_index("sample", drop=False).assign(n_cells=100, unusable="")
    data = fit.Pseudobulk(counts, design)
    genes, summary = fit.fit_population(data, population="x", contrasts=comparison.CONTRASTS)
    assert set(genes["gene"]) == set(comparison.example()[0].columns)
    assert summary["cross_check_sign_agreement"].min() > 0.97


def why_no_r() -> str:
    """Why R cannot be asked again: not here, or with packages that compute otherwise. Empty where it can."""
    versions = pd.read_csv(comparison.GOLDEN / "versions.tsv", sep="\t", dtype=str)  # 3.40 is not 3.4
    wanted = dict(versions.itertuples(index=False))
    if shutil.which("Rscript") is None:
        return "Rscript is not here"
    # asks for versions only, as loading the packages takes seconds
    ask = f"for (p in c({', '.join(map(repr, wanted))})) cat(p, as.character(packageVersion(p)), '\\n')"
    answer = subprocess.run(["Rscript", "-e", ask], capture_output=True, check=False, text=True).stdout
    found = dict(line.split() for line in answer.splitlines())
    if all(found.get(name, "").startswith(f"{version}.") for name, version in wanted.items()):
        return ""
    return f"the golden tables are of {wanted}, R has {found}"


def on_a_relative_scale(table: pd.DataFrame) -> pd.DataFrame:
    """p-values by their logs, so that the small ones count, too."""
    return table.assign(**{name: np.log(table[name]) for name in table if str(name).startswith("p_")})


@pytest.mark.r
def test_r_gives_the_golden_tables_again(tmp_path):
    if reason := why_no_r():
        pytest.skip(reason)
    command = ["Rscript", str(SCRIPT), str(comparison.GOLDEN), str(tmp_path)]
    made = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)
    assert made.returncode == 0, made.stderr
    assert {path.name for path in tmp_path.iterdir()} == set(TABLES)
    for name in TABLES:
        again, golden = (
            on_a_relative_scale(comparison.read(name, at)) for at in (tmp_path, comparison.GOLDEN)
        )
        # iterative fits stop at 1e-8, and another build of the linear algebra may take another last step
        pd.testing.assert_frame_equal(again, golden, rtol=1e-6, atol=1e-8)
