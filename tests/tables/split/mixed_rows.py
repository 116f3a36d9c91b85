"""Rows with values of every kind, for the tests of splits."""

import numpy as np
import pandas as pd


def mixed_rows(n: int) -> pd.DataFrame:
    """Rows that all differ, with numbers, texts, truth values and times; some are missing."""
    rng = np.random.default_rng(1)
    number = rng.normal(size=n)
    return pd.DataFrame(
        {
            "number": np.where(number > 1, np.nan, number),
            "count": rng.integers(0, 3, n),
            "text": rng.choice(["u", "v", None], n),
            "flag": rng.random(n) > 0.5,
            "when": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(n), "D"),
            "y": np.arange(n) % 2,
        }
    )
