"""From a file with missing values and categories to coefficients, against statsmodels' design."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from lr_pipeline.tables.sources.declared_tables import FileTable
from lr_pipeline.tables.split.perturbation import perturbed_table
from lr_pipeline.tables.split.split_table import SplitPolicy, choose_rows

N = 1_500


@pytest.fixture(scope="module")
def frame():
    """Return two numbers and two categories, with missing values in all, and rare levels."""
    rng = np.random.default_rng(12)
    age, dose = rng.normal(50, 12, N), rng.normal(3e-3, 1e-3, N)
    city = rng.choice(
        ["Köln", "Lyon", "Oslo", "Bern", "Turku"], N, p=[0.4, 0.3, 0.29, 0.006, 0.004]
    )
    smoker = rng.choice(["no", "yes"], N)
    z = 0.03 * (age - 50) + 300 * (dose - 3e-3) + (city == "Lyon") - 0.5 * (smoker == "yes")
    df = pd.DataFrame({"age": age, "dose": dose, "city": city, "smoker": smoker})
    lost = rng.random(df.shape) < 0.08
    df = df.mask(lost)
    return df.assign(died=np.where(rng.random(N) < 1 / (1 + np.exp(-z)), "yes", "no"))


@pytest.fixture(scope="module", params=["csv", "parquet"])
def table(request, frame, tmp_path_factory):
    """Return the file as a table."""
    path = tmp_path_factory.mktemp("rows") / f"rows.{request.param}"
    frame.to_csv(path, index=False) if request.param == "csv" else frame.to_parquet(path)
    return FileTable(path, "died").read()


def peers_design(df):
    """Build median, missing indicator, dummies without the most frequent level, and rare levels."""
    columns = {"(intercept)": pd.Series(1.0, df.index)}
    for name in ("age", "dose"):
        columns[name] = df[name].fillna(df[name].median())
        columns[f"{name}=missing"] = df[name].isna()
    for name in ("city", "smoker"):
        counts = df[name].value_counts()
        rare = counts.index[counts < 10]
        pooled = df[name].where(~df[name].isin(rare), "(other)").fillna("missing")
        dummies = pd.get_dummies(pooled, prefix=name, prefix_sep="=")
        columns |= dict(dummies.drop(columns=f"{name}={counts.index[0]}").items())
    return pd.DataFrame(columns).astype(float)


def test_coefficients_equal_statsmodels_on_the_same_design(table, frame, train):
    """Coefficients and standard errors agree to 1e-8, in the original units."""
    model = train(table)
    X = peers_design(frame)
    assert "city=(other)" in X
    assert {"city=missing", "smoker=missing", "age=missing"} <= set(X)
    peer = sm.Logit((frame["died"] == "yes").astype(float), X).fit(disp=0, tol=1e-14, maxiter=100)
    found = {"(intercept)": model.fit.intercept} | dict(model.coefficients)
    assert set(found) == set(X)
    errors = dict(
        zip(model.coefficients, model.fit.standard_errors, strict=True),
        **{"(intercept)": model.fit.intercept_standard_error},
    )
    for name in X:
        assert found[name] == pytest.approx(peer.params[name], rel=1e-8, abs=1e-8)
        assert errors[name] == pytest.approx(peer.bse[name], rel=1e-8)


def test_a_model_does_not_move_with_the_test_rows(table, train):
    """Preparation, standardization and fit have the same bits for any test rows."""
    in_train, in_test = choose_rows(table, SplitPolicy())
    models = [train(one.where(in_train)) for one in (table, perturbed_table(table, in_test))]
    fits = [model.fit for model in models]
    assert fits[0].intercept == fits[1].intercept
    assert models[0].coefficients == models[1].coefficients
    np.testing.assert_array_equal(fits[0].standard_errors, fits[1].standard_errors)
