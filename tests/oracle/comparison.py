"""This project and R on one example: `.venv/bin/python tests/oracle/comparison.py` prints how far apart they are."""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[2] / "scripts"))

from cd20scope import abundance, crosscheck, deseq, pairs, rules
from cd20scope.other_tests import signed_rank

GOLDEN = Path(__file__).parent / "golden"
CONTRASTS = [("week2", "baseline"), ("month6", "baseline"), ("month6", "week2")]


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


def read(name: str, folder: Path = GOLDEN) -> pd.DataFrame:
    """Read a table of the example or of R."""
    return pd.read_csv(folder / name, sep="\t")


def shares() -> list[Difference]:
    """Shares: the abundance step, ranks and corrections, against t.test, wilcox.test and p.adjust."""
    cells, golden = read("cells.tsv"), read("shares.tsv")
    cells = cells.assign(denominator="PBMC", fraction=0.0, fraction_upper=1.0)
    cells["logit"] = cells["logit_expected"] = abundance.log_odds(cells["n_cells"], cells["n_denominator"])
    ours = abundance.compare(cells, contrasts=CONTRASTS).set_index(["contrast", "population"])
    ours = ours.loc[pd.MultiIndex.from_frame(golden[["contrast", "population"]])]
    # the interval of vanished cells is not shown, so that of the test itself is compared
    changes = {
        (pairs.contrast_name(contrast), str(population)): abundance.measure_change(rows, contrast=contrast)
        for contrast in CONTRASTS
        for population, rows in cells.groupby("population")
    }
    made = [changes[key] for key in ours.index]
    t = [pairs.paired_t(change.values) for change in made]
    ranks = [signed_rank(change.values) for change in made]
    holm, bh = (method(golden["p_value"], alpha=0.05) for method in (rules.holm, rules.false_discovery))
    columns = {
        # what the abundance step calls not testable, too few cells, is compared as a bare t-test
        "estimate": np.where(ours["estimate"].isna(), [test.estimate for test in t], ours["estimate"]),
        "p_value": np.where(ours["p_value"].isna(), [test.p_value for test in t], ours["p_value"]),
        "ci_low": [test.interval()[0] for test in t],
        "ci_high": [test.interval()[1] for test in t],
        "p_below": [test.p_below(np.log(0.2)) for test in t],
        "pseudomedian": [test.estimate for test in ranks],
        "rank_low": [test.interval(0.2)[0] for test in ranks],
        "rank_high": [test.interval(0.2)[1] for test in ranks],
        "rank_p": [test.p_value for test in ranks],
        "holm": holm["p_adjusted"],
        "bh": bh["p_adjusted"],
    }
    why = "the same formula, rounding apart"
    return [
        Difference(f"shares: {name}", _relative(np.asarray(values), golden[name].to_numpy()), 1e-10, why)
        for name, values in columns.items()
    ]


def example() -> tuple[pd.DataFrame, pd.DataFrame, pd.Series, list[pairs.Contrast]]:
    """Counts of the genes that enter, their design matrix, the library sizes and the contrasts."""
    counts = pd.read_csv(GOLDEN / "counts.tsv", sep="\t", index_col=0)
    design = read("samples.tsv").set_index("sample", drop=False)
    kept = counts.loc[:, ((counts >= 10).sum() >= 7).to_numpy()]
    return kept, deseq.design_matrix(design), counts.sum(axis=1), list(CONTRASTS)


def linear() -> list[Difference]:
    """The cross-check against limma with a trend."""
    counts, matrix, size, contrasts = example()
    golden = read("limma.tsv").set_index(["contrast", "gene"])
    log_cpm = crosscheck.log2_cpm(counts, library_size=size)
    worst = dict.fromkeys(("log2_fold_change", "t", "df", "p_value"), 0.0)
    for contrast in contrasts:
        vector = deseq.contrast_vector(matrix, contrast)
        ours = crosscheck.moderated_t(log_cpm, design=matrix, contrast=vector)
        r = golden.loc[pairs.contrast_name(contrast)].loc[ours.index]
        for name in worst:
            worst[name] = max(worst[name], _relative(ours[name].to_numpy(), r[name].to_numpy()))
    why = "the same equations; limma finds the degrees of freedom of the prior by Newton steps"
    return [Difference(f"limma, trend: {name}", value, 1e-6, why) for name, value in worst.items()]


def negative_binomial() -> list[Difference]:
    """PyDESeq2 as the project calls it, against DESeq2 and edgeR."""
    counts, matrix, _, contrasts = example()
    golden, edger = (read(f"{name}.tsv").set_index(["contrast", "gene"]) for name in ("deseq2", "edger"))
    vectors = {contrast: deseq.contrast_vector(matrix, contrast) for contrast in contrasts}
    tables = deseq.wald_tests(counts, matrix, vectors, threads=1)
    change, se, with_deseq2, with_edger = [], [], [], []
    for contrast, table in tables.items():
        ours = table.set_index("gene")
        r = golden.loc[pairs.contrast_name(contrast)].loc[ours.index]
        q = edger.loc[pairs.contrast_name(contrast)].loc[ours.index]
        change.append(np.abs(ours["log2_fold_change"] - r["log2_fold_change"]))
        se.append(np.abs(ours["lfc_se"] / r["lfc_se"] - 1))
        with_deseq2.append(stats.spearmanr(ours["p_value"], r["p_value"]).statistic)
        with_edger.append(stats.spearmanr(ours["p_value"], q["p_value"]).statistic)
    changes, errors = np.concatenate(change), np.concatenate(se)
    why = "dispersions are fitted by other optimisers, and weigh the samples of a gene"
    return [
        Difference("DESeq2: log2 fold change, median", float(np.median(changes)), 1e-4, why),
        Difference("DESeq2: log2 fold change, largest", float(changes.max()), 0.005, why),
        Difference("DESeq2: standard error, median, relative", float(np.median(errors)), 0.002, why),
        Difference("DESeq2: rank correlation of p-values", min(with_deseq2), 0.999, why, correlation=True),
        Difference(
            "edgeR: rank correlation of p-values", min(with_edger), 0.95, "another model", correlation=True
        ),
    ]


def everything() -> list[Difference]:
    """All comparisons."""
    return [*shares(), *linear(), *negative_binomial()]


def _relative(ours: np.ndarray, r: np.ndarray) -> float:
    return float(np.max(np.abs(ours - r) / np.maximum(np.abs(r), 1e-12)))


if __name__ == "__main__":
    for made in everything():
        sign = "at least" if made.correlation else "at most"
        print(f"{made.what:46}{made.value:12.3g}  {sign} {made.bound:g}  {'ok' if made.ok else 'MISSED'}")
