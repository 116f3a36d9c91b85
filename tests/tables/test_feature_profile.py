"""The profile describes each feature in each class, with values that JSON can hold."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lr_pipeline.tables.feature_profile import profile_features
from lr_pipeline.tables.table import Table


@pytest.fixture(scope="module")
def frame():
    """A table of 500 rows with a shifted number, text and a boolean."""
    rng = np.random.default_rng(3)
    number = rng.normal(1e6, 1, 500)
    return pd.DataFrame(
        {
            "number": np.where(rng.random(500) < 0.1, np.nan, number),
            "text": rng.choice(["a", "b", None], 500, p=[0.6, 0.3, 0.1]),
            "flag": rng.random(500) > 0.3,
            "y": rng.choice(["yes", "no"], 500),
        }
    )


@pytest.mark.parametrize(("side", "answer"), [("positive", "yes"), ("negative", "no")])
def test_mean_and_deviation_are_the_maximum_likelihood_estimate(frame, side, answer):
    """They equal scipy's fit of the normal distribution to the known values of each class."""
    found = profile_features(Table.from_pandas(frame, "y"))["features"]["number"][side]
    values = frame.loc[frame["y"] == answer, "number"]
    mean, deviation = stats.norm.fit(values.dropna())
    # Rounding of n = 500 sums of size 1e6 leaves a relative error of at most n times 1e-16.
    assert found["mean"] == pytest.approx(mean, rel=1e-13)
    assert found["deviation"] == pytest.approx(deviation, rel=1e-9)
    assert (found["min"], found["max"]) == (values.min(), values.max())
    assert found["count"] == values.notna().sum()
    assert found["missing"] == values.isna().sum()


def test_text_is_counted_level_by_level(frame):
    """The most frequent level is first; missing values are counted separately."""
    found = profile_features(Table.from_pandas(frame, "y"))["features"]["text"]["positive"]
    values = frame.loc[frame["y"] == "yes", "text"]
    assert found["levels"] == values.value_counts().to_dict()
    assert list(found["levels"]) == ["a", "b"]
    assert (found["count"], found["missing"]) == (values.notna().sum(), values.isna().sum())


def test_a_boolean_is_a_number(frame):
    """Its mean is the share of true rows."""
    found = profile_features(Table.from_pandas(frame, "y"))["features"]["flag"]["negative"]
    assert found["mean"] == pytest.approx(frame.loc[frame["y"] == "no", "flag"].mean())


def test_the_classes_are_counted_and_all_of_it_is_plain_json(frame):
    """The profile holds no numpy scalar."""
    profile = profile_features(Table.from_pandas(frame, "y"))
    yes = int((frame["y"] == "yes").sum())
    assert profile["classes"] == {"negative": 500 - yes, "positive": yes}
    assert (profile["rows"], profile["target"], profile["positive"]) == (500, "y", "yes")
    assert json.loads(json.dumps(profile, allow_nan=False)) == profile


def test_a_class_without_values_has_no_estimate():
    """The estimate is None, not NaN, and there is no warning."""
    df = pd.DataFrame({"x": [1.0, 2.0, None, None], "y": [0, 0, 1, 1]})
    found = profile_features(Table.from_pandas(df, "y"))["features"]["x"]["positive"]
    assert found == {
        "count": 0,
        "missing": 2,
        "min": None,
        "max": None,
        "mean": None,
        "deviation": None,
    }
