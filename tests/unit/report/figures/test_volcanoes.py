"""Axes of the volcano plots are those of all contrasts."""

import numpy as np
import pandas as pd
import report_tables
from drawn_figures import dots_of

from cd20scope.report.figures import volcanoes

ORDER = ["Treg", "NK"]


def genes(*, contrast, fold, p):
    n = len(fold)
    return pd.DataFrame(
        {
            "population": "Treg",
            "contrast": contrast,
            "gene": [f"G{number}" for number in range(n)],
            "log2_fold_change": fold,
            "p_value": p,
            "p_adjusted": p,
            "n_pairs": 8,
        }
    )


def test_two_contrasts_have_the_same_axes():
    table = pd.concat(
        [
            genes(contrast="week2-baseline", fold=np.array([-3.0, 0.1, 0.2]), p=np.array([1e-12, 0.5, 0.2])),
            genes(contrast="month6-baseline", fold=np.array([0.4, -0.1, 0.2]), p=np.array([0.01, 0.5, 0.2])),
        ]
    )
    limits = []
    for contrast in ("week2-baseline", "month6-baseline"):
        (ax,) = volcanoes.volcanoes(table, contrast=contrast, alpha=0.05, order=ORDER).axes
        limits.append((ax.get_xlim(), ax.get_ylim()))
    assert limits[0] == limits[1]
    assert limits[0][1][1] > 12


def test_a_gene_beyond_the_axes_is_drawn_at_their_edge():
    rng = np.random.default_rng(1)
    fold = np.append(rng.normal(0, 0.3, 3000), 25.0)
    table = genes(contrast="month6-baseline", fold=fold, p=np.append(rng.uniform(0.01, 1, 3000), 0.0))
    reach, height = volcanoes.limits(table)
    assert 0.5 < reach < 2
    assert height < 5  # a p-value of 0 sets no limit
    (ax,) = volcanoes.volcanoes(table, contrast="month6-baseline", alpha=0.05, order=ORDER).axes
    assert dots_of(ax) == 3001
    places = np.concatenate([cloud.get_offsets() for cloud in ax.collections])
    assert np.abs(places[:, 0]).max() == np.float64(reach)
    assert places[:, 1].max() == np.float64(height)


def test_panels_of_one_contrast_have_one_scale():
    made, _ = report_tables.expression(n_genes=40)
    axes = volcanoes.volcanoes(made, contrast="month6-baseline", alpha=0.05, order=ORDER).axes
    assert len({ax.get_xlim() for ax in axes}) == len({ax.get_ylim() for ax in axes}) == 1
