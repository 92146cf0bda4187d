"""This project and R on one example: `.venv/bin/python tests/oracle/comparison.py` prints how far apart they are."""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[2] / "scripts"))

from cd20scope import schema
from cd20scope.abundance import compare
from cd20scope.abundance.log_odds import log_odds
from cd20scope.expression import control_arms, deseq, moderated_t
from cd20scope.stats import multiplicity, paired_tests, pairs
from cd20scope.stats.association import associate_levels, associate_numbers
from cd20scope.stats.between_arms import welch_t, welch_t_beside
from cd20scope.stats.covariates import covariate_t
from cd20scope.stats.paired_tests import signed_rank
from cd20scope.verdict.families import Family, judge

GOLDEN = Path(__file__).parent / "golden"
CONTRASTS = [("week2", "baseline"), ("month6", "baseline"), ("month6", "week2")]
LEAST = {"counts": 10, "faint": 3}
"""Counts that a gene of each example needs in seven samples, the pairs of the smallest contrast."""


@dataclass(frozen=True)
class Difference:
    """Largest difference of a quantity from R, or a rank correlation with it, and the bound it keeps to."""

    what: str
    value: float
    bound: float
    why: str
    correlation: bool = False

    @property
    def ok(self) -> bool:
        """Whether the bound is kept."""
        return self.value >= self.bound if self.correlation else self.value <= self.bound


@dataclass(frozen=True)
class Bounds:
    """How far PyDESeq2 may be from DESeq2, about twice what was measured, and why.

    The largest difference of log2 fold changes, the largest relative one of standard errors, and the rank correlation
    of p-values. Medians keep to a tenth and a quarter of the largest.
    """

    change: float
    se: float
    correlation: float
    why: str


BOUNDS = {
    ("counts", "parametric"): Bounds(
        *(0.001, 0.008, 0.999), "other optimisers find the dispersions, which weigh the samples of a gene"
    ),
    ("faint", "mean"): Bounds(
        *(0.1, 0.2, 0.995),
        "the optimisers differ on which of the faintest dispersions are 0, and few others make the trend",
    ),
    ("faint", "parametric"): Bounds(
        *(0.3, 0.5, 0.98),
        "where most genes vary no more than Poisson, PyDESeq2 takes the mean of the dispersions for their trend: it "
        "begins with the genes of dispersion 0, which DESeq2 leaves out, and does not converge",
    ),
}
"""By example and by the trend of dispersions that DESeq2 was asked for."""


def read(name: str, folder: Path = GOLDEN) -> pd.DataFrame:
    """Read a table of the example or of R."""
    return pd.read_csv(folder / name, sep="\t")


def holm(p_values: list[float]) -> list[float]:
    """Adjusted p-values of one family."""
    named = {str(number): p for number, p in enumerate(p_values)}
    judged = judge(named, dict.fromkeys(named, "only"), [Family("only", 1.0)])
    return [judged[name].p_adjusted for name in named]


def shares() -> list[Difference]:
    """Shares: the abundance step, ranks and corrections, against t.test, wilcox.test and p.adjust."""
    golden = read("shares.tsv").set_index(["contrast", "population"])
    cells = read("cells.tsv").assign(denominator="PBMC", fraction=0.0, fraction_upper=1.0)
    cells["unusable"] = ""
    cells["logit"] = log_odds(cells["n_cells"], cells["n_denominator"])
    blocks = dict(iter(cells.groupby("population")))
    # every change is tested, also where the step would say that there are too few cells
    every = {"least_expected": 0.0}
    table = compare.compare(cells, contrasts=CONTRASTS, **every).set_index(golden.index.names)
    table = table.loc[golden.index]
    values = [
        compare.measure_change(blocks[population], contrast=tuple(contrast.split("-")), **every).values
        for contrast, population in golden.index
    ]
    t, ranks = [paired_tests.paired_t(d) for d in values], [signed_rank(d) for d in values]
    # limits of vanished cells are cut where the cells could show no more; there the bare test is compared
    cut = table["ci_low"].isna()
    ours: dict[str, ArrayLike] = {
        **{name: table[name] for name in ("estimate", "se", "p_value")},
        "upper": table["upper_bound"],
        "ci_low": np.where(cut, [test.interval()[0] for test in t], table["ci_low"]),
        "ci_high": np.where(cut, [test.interval()[1] for test in t], table["ci_high"]),
        "lower": [test.lower() for test in t],
        "p_below": [test.p_below(np.log(0.2)) for test in t],
        "p_above": [test.p_above(np.log(0.8)) for test in t],
        "pseudomedian": [test.estimate for test in ranks],
        "rank_low": [test.interval()[0] for test in ranks],
        "rank_high": [test.interval()[1] for test in ranks],
        "rank_p": [test.p_value for test in ranks],
        "holm": holm(golden["p_value"].tolist()),
        "bh": table["p_adjusted"],
        "bh_all": multiplicity.false_discovery(golden["p_value"], alpha=0.05).p_adjusted,
    }
    why = "the same formula, rounding apart"
    return [Difference(f"shares: {name}", _relative(x, golden[name]), 1e-10, why) for name, x in ours.items()]


def example(name: str = "counts") -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Counts of the genes that enter, their design matrix and the library sizes over all genes."""
    counts = read(f"{name}.tsv").set_index("sample")
    design = read("samples.tsv").set_index("sample")
    kept = counts.loc[:, (counts >= LEAST[name]).sum() >= 7]
    return kept, deseq.design_matrix(design), counts.sum(axis=1)


def linear() -> list[Difference]:
    """The cross-check against limma with a trend, on all genes and on the first few."""
    counts, matrix, size = example()
    log_cpm = moderated_t.log2_cpm(counts, library_size=size)
    made = []
    for n_genes, golden in read("limma.tsv").groupby("n_genes", sort=False):
        r = golden.set_index(["contrast", "gene"])
        ours = _stacked(
            {
                contrast: moderated_t.moderated_t(
                    log_cpm.iloc[:, :n_genes],
                    design=matrix,
                    contrast=deseq.contrast_vector(matrix, contrast),
                )
                for contrast in CONTRASTS
            }
        ).loc[r.index]
        made += [
            Difference(
                f"limma, {n_genes} genes: {name}",
                _relative(ours[name], r[name]),
                1e-6,
                "the same equations; limma stops its Newton steps to the degrees of freedom at 1e-8",
            )
            for name in ("log2_fold_change", "t", "df", "p_value")
        ]
    return made


def treated(donor: str) -> bool:
    """Whether a donor of the example is in the treated arm: those of odd number."""
    return int(donor[1:]) % 2 == 1


def covariates(donors: tuple[str, ...]) -> NDArray[np.float64]:
    """Age and sex of donors, as the script of R makes them up."""
    numbers = [int(donor[1:]) for donor in donors]
    return np.array([[n**2, n in (1, 2, 5, 8)] for n in numbers], dtype=float)


def arms() -> list[Difference]:
    """Two arms, with and without covariates, and associations against t.test, lm, cor.test and wilcox.test."""
    golden = read("arms.tsv").set_index(["contrast", "population"])
    cells = read("cells.tsv").assign(denominator="PBMC", unusable="")
    cells["logit"] = log_odds(cells["n_cells"], cells["n_denominator"])
    blocks = dict(iter(cells.groupby("population")))
    rows = []
    for contrast, population in golden.index:
        change = compare.measure_change(
            blocks[population], contrast=tuple(contrast.split("-")), least_expected=0.0
        )
        d, donors = change.values, change.paired.donors
        own = np.array([treated(donor) for donor in donors])
        x = covariates(donors)
        welch, beside = welch_t(d[own], d[~own]), covariate_t(d, x)
        adjusted = welch_t_beside(d[own], d[~own], np.vstack([x[own], x[~own]]))
        low, high = welch.interval()
        levels = associate_levels(d, x[:, 1] == 1)
        pairs_of = int(x[:, 1].sum() * (1 - x[:, 1]).sum())
        rows.append(
            {
                "difference": welch.estimate,
                "se": welch.se,
                "df": welch.df,
                "ci_low": low,
                "ci_high": high,
                "p_value": welch.p_value,
                "adjusted": adjusted.estimate,
                "adjusted_se": adjusted.se,
                "adjusted_df": adjusted.df,
                "adjusted_p": adjusted.p_value,
                "beside_se": beside.se,
                "beside_df": beside.df,
                "beside_p": beside.p_value,
                "rank_estimate": associate_numbers(d, x[:, 0]).estimate,
                "levels_p": levels.p_value,
                "levels_u": (levels.estimate + 1) / 2 * pairs_of,
            }
        )
    ours = pd.DataFrame(rows, index=golden.index)
    why = "the same formula, rounding apart"
    return [Difference(f"arms: {name}", _relative(ours[name], golden[name]), 1e-10, why) for name in ours]


def genes_of_arms() -> list[Difference]:
    """PyDESeq2 with the interaction of arm and visit, against DESeq2."""
    counts, _, _ = example()
    design = read("samples.tsv").set_index("sample").loc[counts.index]
    design["control"] = ["" if treated(donor) else "control" for donor in design["donor"]]
    matrix = control_arms.design_matrix(design)
    vectors = {contrast: control_arms.contrast_vector(matrix, contrast) for contrast in CONTRASTS}
    tables = deseq.wald_tests(counts, matrix, vectors)
    ours = _stacked({contrast: table.set_index("gene") for contrast, table in tables.items()})
    golden = read("deseq2_arms.tsv").set_index(["contrast", "gene"])
    return _against_deseq2("DESeq2, arms", ours.loc[golden.index], golden, BOUNDS["counts", "parametric"])


def negative_binomial() -> list[Difference]:
    """PyDESeq2 as the project calls it, against DESeq2 and edgeR."""
    made = []
    ours = {name: _wald(name) for name in LEAST}
    for (name, trend), r in read("deseq2.tsv").groupby(["example", "trend"], sort=False):
        golden, label = r.set_index(["contrast", "gene"]), f"DESeq2, {name}, {trend}"
        made += _against_deseq2(label, ours[name].loc[golden.index], golden, BOUNDS[name, trend])
    edger = read("edger.tsv").set_index(["contrast", "gene"])
    why = "quasi-likelihood F-tests are another model"
    made.append(_rank_correlation("edgeR", ours["counts"].loc[edger.index], edger, 0.95, why))
    return made


def everything() -> list[Difference]:
    """All comparisons."""
    return [*shares(), *arms(), *linear(), *negative_binomial(), *genes_of_arms()]


def _wald(name: str) -> pd.DataFrame:
    counts, matrix, _ = example(name)
    vectors = {contrast: deseq.contrast_vector(matrix, contrast) for contrast in CONTRASTS}
    tables = deseq.wald_tests(counts, matrix, vectors)
    return _stacked({contrast: table.set_index("gene") for contrast, table in tables.items()})


def _against_deseq2(name: str, ours: pd.DataFrame, r: pd.DataFrame, bounds: Bounds) -> list[Difference]:
    changes = (ours["log2_fold_change"] - r["log2_fold_change"]).abs()
    errors = (ours["lfc_se"] / r["lfc_se"] - 1).abs()
    closed = "size factors have a closed form"
    return [
        Difference(f"{name}: mean count", _relative(ours["base_mean"], r["base_mean"]), 1e-10, closed),
        Difference(f"{name}: log2 fold change, median", changes.median(), bounds.change / 10, bounds.why),
        Difference(f"{name}: log2 fold change, largest", changes.max(), bounds.change, bounds.why),
        Difference(f"{name}: relative error of se, median", errors.median(), bounds.se / 4, bounds.why),
        Difference(f"{name}: relative error of se, largest", errors.max(), bounds.se, bounds.why),
        _rank_correlation(name, ours, r, bounds.correlation, bounds.why),
    ]


def _rank_correlation(name: str, ours: pd.DataFrame, r: pd.DataFrame, bound: float, why: str) -> Difference:
    """Spearman's correlation of p-values in the contrast where it is lowest."""
    both = pd.DataFrame({"ours": ours["p_value"], "r": r["p_value"]})
    lowest = min(stats.spearmanr(part).statistic for _, part in both.groupby("contrast"))
    return Difference(f"{name}: rank correlation of p-values", float(lowest), bound, why, correlation=True)


def _stacked(tables: dict[pairs.Contrast, pd.DataFrame]) -> pd.DataFrame:
    named = {schema.contrast_name(contrast): table for contrast, table in tables.items()}
    return pd.concat(named, names=["contrast", "gene"])


def _relative(ours: ArrayLike, r: ArrayLike) -> float:
    x, y = np.asarray(ours, dtype=float), np.asarray(r, dtype=float)
    return float(np.max(np.abs(x - y) / np.maximum(np.abs(y), 1e-300)))


if __name__ == "__main__":
    missed = 0
    for one in everything():
        sign = "at least" if one.correlation else "at most"
        print(f"{one.what:56}{one.value:12.6g}  {sign} {one.bound:g}  {'ok' if one.ok else 'MISSED'}")
        missed += not one.ok
    sys.exit(missed > 0)
