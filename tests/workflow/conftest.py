"""What the tests of init on whole studies share."""

import numpy as np
import pandas as pd
import pytest
from initiated_studies import EACH, GENES, PAIRS, barcodes


@pytest.fixture
def cells():
    """Counts of six samples in one matrix, and whose the cells are."""
    rng = np.random.default_rng(0)
    n = EACH * len(PAIRS)
    donors, visits = (np.repeat(own, EACH) for own in zip(*PAIRS, strict=True))
    obs = pd.DataFrame(
        {
            "subject": donors,
            "timepoint": visits,
            "Gender": np.where(donors == "P01", "female", "male"),
            "cell_type": np.tile(["B", "T"], n // 2),
            "n_counts": rng.random(n),
        },
        index=pd.Index(barcodes(rng, n), dtype=object),
    )
    return rng.poisson(1.5, (n, len(GENES))).astype(np.float32), obs
