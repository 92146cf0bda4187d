"""The noise between visits is found again where it was planted."""

import numpy as np
import pandas as pd
import pytest

from benchmark import visit_noise


@pytest.mark.parametrize("planted", [0.0, 0.15, 0.3])
def test_planted_noise_is_found(planted):
    rng = np.random.default_rng(1)
    logit = -3 + rng.normal(0, 0.4, (400, 1)) + rng.normal(0, planted, (400, 3))
    n = rng.integers(1000, 4000, (400, 3))
    x = rng.binomial(n, 1 / (1 + np.exp(-logit)))
    assert visit_noise.visit_sd(x, n) == pytest.approx(planted, abs=0.03)
    counting = 1 / x + 1 / (n - x)
    total = np.sqrt(2 * planted**2 + 2 * counting.mean())
    assert visit_noise.difference_sd(x, n) == pytest.approx(total, rel=0.1)


def test_each_population_has_its_denominator():
    columns = [
        "Treg",
        "naive CD4",
        "memory CD4",
        "naive B",
        "memory B",
        "CD16+ NK",
        "CD16- NK",
        *visit_noise.MONOCYTES,
    ]
    rng = np.random.default_rng(2)
    table = pd.DataFrame(rng.integers(50, 900, (24, len(columns))), columns=columns)
    table = table.assign(donor=np.repeat([f"P{i}" for i in range(8)], 3), day=np.tile([0, 3, 7], 8))
    found = visit_noise.tabulate(table).set_index("population")
    x = table["Treg"].to_numpy().reshape(8, 3)
    n = table[list(visit_noise.CD4)].sum(axis=1).to_numpy().reshape(8, 3)
    assert found.loc["Treg", "visit SD"] == pytest.approx(visit_noise.visit_sd(x, n))
    assert visit_noise.tabulate(table.sample(frac=1, random_state=0)).set_index("population").equals(found)
