"""Columns whose coefficients cannot be told apart are named, and have no inference."""

import numpy as np
import pytest

import lr_pipeline
from lr_pipeline.core.columns.rank import analyse_columns
from lr_pipeline.core.inference.collinearity import (
    LARGEST_INFLATION,
    describe_inseparable,
    inseparable_groups,
)
from lr_pipeline.core.inference.logistic_inference import infer_logistic
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.engines.memory import ArrayRows

ROWS = 400


def inflation_of(X: np.ndarray) -> np.ndarray:
    """1 / (1 − R²) of each column on the others, from residuals."""
    found = []
    for j in range(X.shape[1]):
        others = np.column_stack([np.ones(len(X)), np.delete(X, j, axis=1)])
        residual = X[:, j] - others @ np.linalg.lstsq(others, X[:, j], rcond=None)[0]
        found.append(np.sum((X[:, j] - X[:, j].mean()) ** 2) / np.sum(residual**2))
    return np.array(found)


def groups_of(X: np.ndarray) -> list[list[int]]:
    """The groups of columns that move together."""
    rows = ArrayRows(X, np.arange(len(X)) % 2.0)
    return inseparable_groups(analyse_columns(rows), inflation_of(X))


def calls(noise: float = 1e-4) -> tuple[np.ndarray, np.ndarray]:
    """Minutes and charges of two kinds of call, proportional to rounding, and a third column."""
    rng = np.random.default_rng(3)
    day, night, visits = rng.normal(180, 50, ROWS), rng.normal(200, 50, ROWS), rng.normal(size=ROWS)
    charges = [rate * minutes + noise * rng.normal(size=ROWS) * 50 for rate, minutes in
               ((0.17, day), (0.045, night))]  # fmt: skip
    X = np.column_stack([day, visits, charges[0], night, charges[1]])
    z = 0.01 * (day - 180) + 0.7 * visits
    return X, (rng.random(ROWS) < 1 / (1 + np.exp(-z))).astype(float)


def test_pairs_are_groups_of_their_own() -> None:
    """Day columns are one group, night columns another; the third column is in none."""
    assert groups_of(calls()[0]) == [[0, 2], [3, 4]]


def test_a_sum_and_its_parts_are_one_group() -> None:
    """A table's totals are such sums, up to rounding."""
    rng = np.random.default_rng(4)
    parts = rng.normal(size=(ROWS, 3))
    total = parts.sum(axis=1) + 1e-4 * rng.normal(size=ROWS)
    X = np.column_stack([parts, rng.normal(size=ROWS), total])
    assert groups_of(X) == [[0, 1, 2, 4]]


def test_many_noisy_copies_are_one_group() -> None:
    """They are one group although each copy is close only to all others together."""
    rng = np.random.default_rng(9)
    copies = rng.normal(size=(ROWS, 1)) + 1e-4 * rng.normal(size=(ROWS, 20))
    X = np.column_stack([rng.normal(size=(ROWS, 3)), copies])
    assert groups_of(X) == [list(range(3, 23))]


@pytest.mark.parametrize(("noise", "tied"), [(3e-3, False), (1e-4, True)])
def test_the_rule_is_an_inflation_of_ten_thousand(noise, tied) -> None:
    """Correlations of 0.99 are no reason to withhold inference."""
    X, _ = calls(noise)
    assert bool(inflation_of(X).max() > LARGEST_INFLATION) is tied
    assert bool(groups_of(X)) is tied


@pytest.mark.parametrize("method", ["profile", "wald"])
@pytest.mark.parametrize("penalty", ["none", "firth"])
def test_nothing_is_inferred_of_tied_columns_and_the_others_keep_theirs(method, penalty) -> None:
    """Odds ratio, interval and test are withheld; the reason has the columns' names."""
    X, y = calls()
    fit = lr_pipeline.fit_logistic(X, y, penalty=penalty)
    if (method, penalty) == ("wald", "firth"):
        return  # everything is withheld
    names = ["day", "visits", "day_charge", "night", "night_charge"]
    found = infer_logistic(ArrayRows(X, y), NumpyKernel(), fit, method=method, names=names)
    assert found.tied.tolist() == [True, False, True, True, True]
    for part in (
        *found.odds_ratios,
        *found.odds_ratios_per_sd,
        found.p_values[1:],
        found.lower[1:],
    ):
        assert np.isnan(part).tolist() == [True, False, True, True, True]
    assert np.isfinite(fit.coefficients).all()
    assert found.withheld == ""
    worst = f"{inflation_of(X).max():.1e}"
    assert found.inseparable == (
        "these columns move together, so that their coefficients cannot be told apart: day, "
        f"day_charge; night, night_charge (variance inflation up to {worst}). No interval, test or "
        "odds ratio is given for them; predictions are not affected. Leave out all but one of each "
        "group, or use their sum or difference instead"
    )
    alone = lr_pipeline.fit_logistic(X[:, [0, 1, 3]], y, penalty=penalty)
    other = lr_pipeline.infer(alone, X[:, [0, 1, 3]], y, method=method)
    assert found.p_values[2] == pytest.approx(other.p_values[2], rel=0.5)


def test_a_penalty_that_tells_them_apart_withholds_nothing() -> None:
    """log-F has one optimum for all columns, also dependent ones."""
    X, y = calls()
    fit = lr_pipeline.fit_logistic(X, y, penalty="log-f")
    found = lr_pipeline.infer(fit, X, y)
    assert found.inseparable == ""
    assert not found.tied.any()


def test_very_many_groups_are_cut() -> None:
    """The message names six groups of six columns."""
    groups = [list(range(9 * k, 9 * k + 9)) for k in range(8)]
    text = describe_inseparable(groups, np.full(72, 1e7), None)
    assert ": 0, 1, 2, 3, 4, 5 and 3 more; 9, 10," in text
    assert "; and 2 more groups (variance inflation up to 1.0e+07)" in text
    assert describe_inseparable([], np.ones(3), None) == ""
