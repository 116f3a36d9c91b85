"""A model whose rows have all that an export must prepare: gaps, odd names, rare levels."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lr_pipeline.models.decision.decision import Decision
from lr_pipeline.models.decision.recalibration import Isotonic, Platt
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.tables.table import Table
from tests.scoring.conftest import fit

AGE, TAG, CITY, CODE, FLAG = "年龄", '<script>alert("1")</script>', "it's -- a city", "code", "flag"


@pytest.fixture(scope="session")
def odd() -> pd.DataFrame:
    """Return 600 rows: missing values, odd names and texts, codes, booleans, rare levels."""
    rng = np.random.default_rng(7)
    n = 600
    city = rng.choice(["Oslo", 'L"yon', "Köl'n", "<b>&amp;", "北京"], n).astype(object)
    frame = pd.DataFrame(
        {
            AGE: rng.normal(5e4, 9.0, n),
            TAG: rng.normal(1e-3, 1e-4, n),
            CITY: city,
            CODE: rng.integers(1, 4, n),
            FLAG: rng.random(n) < 0.3,
        }
    )
    frame.loc[:59, AGE] = np.nan
    frame.loc[40:99, CITY] = None
    frame.loc[100:101, CITY] = ["rare", "rarer"]
    frame.loc[102:104, CITY] = ["Oslo ", "Köl’n", "北京\u200b"]  # spellings of known levels
    z = (frame[AGE].fillna(5e4) - 5e4) / 9 + (frame[CITY] == "北京") + frame[FLAG]
    z += 0.5 * (frame[CODE] == 2) + 5e3 * (frame[TAG] - 1e-3) - 0.5
    frame["y"] = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int)
    frame.loc[100:101, "y"] = [0, 1]
    return frame


@pytest.fixture(scope="session")
def rows(odd: pd.DataFrame) -> Table:
    """Return the rows as a table in which the code is a category."""
    frame = odd.assign(**{CODE: odd[CODE].astype(str)})
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    return Table.from_arrow(arrow, target="y", category=[CODE])


@pytest.fixture(scope="session")
def model(rows: Table) -> LogisticModel:
    """Return a maximum-likelihood model of them."""
    return fit(rows)


def with_recalibration(model: LogisticModel, name: str) -> LogisticModel:
    """Return the model, recalibrated: "none", "platt", "isotonic" or "flat"."""
    recalibrations = {
        "none": None,
        "platt": Platt(-0.25, 0.875),
        "isotonic": Isotonic((-1.5, -0.5, 0.25, 2.0), (0.05, 0.2, 0.4, 0.7, 0.95)),
        "flat": Isotonic((), (0.3,)),
    }
    decision = Decision(threshold=0.4, recalibration=recalibrations[name])
    return replace(model, decision=decision)


RECALIBRATIONS = ("none", "platt", "isotonic", "flat")
