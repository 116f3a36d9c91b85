"""Likelihoods against scipy's distributions; products against Python's multiplication."""

import json
from math import log

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import log_loss

from lr_pipeline.studies.likelihood import (
    bernoulli_terms,
    epsilon_numbers,
    likelihood_grid,
    likelihood_study,
    multiply,
)
from lr_pipeline.studies.likelihood_figures import draw_log_likelihood, draw_underflow

X = np.random.default_rng(5).normal(3.0, 2.0, 60)
Y = (np.arange(60) % 3 == 0) * 1.0


@pytest.fixture(scope="module")
def study():
    """Return the study of sixty values and labels."""
    return likelihood_study(X, Y, "height", "sold")


def multiply_until_lost(factors: list[float]) -> tuple[int, float]:
    """Return Python's product of the factors, repeated until it is 0 or ∞."""
    product, rows = 1.0, 0
    while True:
        for factor in factors:
            product, rows = product * factor, rows + 1
            if product in (0.0, float("inf")):
                return rows, product


def test_the_normal_estimate_is_scipys(study) -> None:
    """Mean, deviation and their log likelihood agree."""
    normal = study.numbers["normal"]
    mean, deviation = stats.norm.fit(X)
    assert normal["mean"] == pytest.approx(mean, rel=1e-13)
    assert normal["deviation"] == pytest.approx(deviation, rel=1e-13)
    expected = stats.norm(mean, deviation).logpdf(X).sum()
    assert normal["log_likelihood"] == pytest.approx(expected, rel=1e-13)


def test_the_grids_largest_value_is_at_the_closed_form(study) -> None:
    """No other grid point has a greater likelihood; each value is scipy's."""
    normal = study.numbers["normal"]
    for name in ("mean", "deviation", "log_likelihood"):
        assert normal["grid"][name] == pytest.approx(normal[name], rel=1e-12)
    grid = likelihood_grid(X, normal["mean"], normal["deviation"])
    for i, j in ((0, 0), (80, 3), (17, 80)):
        expected = stats.norm(grid.means[i], grid.deviations[j]).logpdf(X).sum()
        assert grid.log_likelihood[i, j] == pytest.approx(expected, rel=1e-12)


def test_the_bernoulli_likelihood_is_the_log_loss(study) -> None:
    """The log likelihood is scipy's, minus its mean scikit-learn's; there are 20 ones in 60."""
    bernoulli = study.numbers["bernoulli"]
    assert (bernoulli["rows"], bernoulli["ones"]) == (60, 20)
    assert bernoulli["probability"] == pytest.approx(1 / 3)
    expected = stats.bernoulli(1 / 3).logpmf(Y).sum()
    assert bernoulli["log_likelihood"] == pytest.approx(expected, rel=1e-13)
    assert bernoulli["log_loss"] == pytest.approx(log_loss(Y, np.full(60, 1 / 3)), rel=1e-13)


@pytest.mark.parametrize("name", ["normal", "bernoulli"])
def test_the_product_is_lost_at_the_row_where_pythons_is(study, name) -> None:
    """The sum of the logarithms then continues, near the log of the smallest float64."""
    factors = {
        "normal": stats.norm(*stats.norm.fit(X)).pdf(X),
        "bernoulli": stats.bernoulli(Y.mean()).pmf(Y),
    }[name].tolist()
    lost = study.numbers["underflow"][name]
    rows, product = multiply_until_lost(factors)
    assert (lost["rows"], lost["product"]) == (rows, product) == (rows, 0.0)
    expected = sum(log(factors[k % 60]) for k in range(rows))
    assert lost["log_likelihood"] == pytest.approx(expected, rel=1e-12)
    assert -752 < lost["log_likelihood"] < -744.4


def test_halves_are_lost_at_the_1075th() -> None:
    """2^−1074 is the smallest float64 above 0."""
    product = multiply("halves", np.full(80, -log(2)))
    assert product.rows == 1075
    assert product.logarithm == pytest.approx(-1075 * log(2), rel=1e-13)


def test_densities_above_one_overflow_instead() -> None:
    """A small deviation gives an infinite product, which JSON has as text."""
    law = stats.norm(*stats.norm.fit(X * 1e-4))
    lost = multiply("densities", law.logpdf(X * 1e-4)).numbers()
    rows, product = multiply_until_lost(law.pdf(X * 1e-4).tolist())
    assert (lost["rows"], lost["product"], product) == (rows, "infinity", float("inf"))
    json.dumps(lost, allow_nan=False)


def test_certain_labels_are_never_lost() -> None:
    """All labels are 1: probability 1, loss 0, and the product stays 1."""
    share, terms = bernoulli_terms(np.ones(5))
    assert (share, terms.tolist()) == (1.0, [0.0] * 5)
    product = multiply("certain", terms)
    assert (product.rows, product.value, product.logarithm) == (None, 1.0, 0.0)
    assert draw_underflow([product]).axes
    assert bernoulli_terms(np.zeros(5))[1].tolist() == [0.0] * 5


@pytest.mark.parametrize(("z", "exact"), [(-40.0, 40.0), (-800.0, 800.0)])
def test_the_tutorials_epsilon_bounds_the_loss(z, exact) -> None:
    """The loss is at most 8 log 10 = 18.42, however wrong the row."""
    numbers = epsilon_numbers(z)
    assert numbers["exact"] == pytest.approx(exact, rel=1e-15)
    assert numbers["with_epsilon"] == pytest.approx(8 * log(10), rel=1e-8)
    assert epsilon_numbers(0.0)["with_epsilon"] == pytest.approx(-log(0.5 + 1e-8))


def test_a_constant_feature_has_no_maximum() -> None:
    """Its deviation would be 0."""
    with pytest.raises(ValueError, match="'flag' must vary for a normal law, found 2"):
        likelihood_study(np.full(60, 2.0), Y, "flag")


def test_the_contours_surround_the_maximum(study) -> None:
    """The cross is at the closed form, and the title has its numbers."""
    mean, deviation = stats.norm.fit(X)
    grid = likelihood_grid(X, float(mean), float(deviation))
    (axes,) = draw_log_likelihood(grid, float(mean), float(deviation), "身高").axes
    (cross,) = axes.lines
    assert (cross.get_xdata()[0], cross.get_ydata()[0]) == (mean, deviation)
    assert "身高" in axes.get_title("left")
    assert all(png.startswith(b"\x89PNG") for png in study.pictures.values())
