"""Real and constructed tables that are difficult for logistic regression."""

from functools import cache

import numpy as np


@cache
def breast_cancer():
    """X (569, 30), y = malignant: completely separated by all its columns, not by the first ten."""
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    return data.data, 1.0 - data.target


@cache
def spector():
    """Effects of a teaching method (Spector & Mazzeo, 1980; Greene's textbook): GPA, TUCE, PSI."""
    import statsmodels.api as sm

    data = sm.datasets.spector.load()
    return data.exog.to_numpy(float)[:, :3].copy(), data.endog.to_numpy(float)


@cache
def fair(rows=300):
    """Affairs (Fair, 1978): eight columns with few distinct values; every twentieth row."""
    import statsmodels.api as sm

    data = sm.datasets.fair.load_pandas()
    chosen = slice(0, 20 * rows, 20)
    return data.exog.to_numpy(float)[chosen].copy(), (data.endog.to_numpy() > 0)[chosen] * 1.0


def overlapping(n=200, seed=0):
    """Three normal columns, and labels drawn from a logistic model."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 3))
    p = 1.0 / (1.0 + np.exp(-(X @ [1.0, -1.0, 0.5] + 0.3)))
    return X, (rng.random(n) < p) * 1.0


def undamped_newton_diverges():
    """Thirteen rows with a finite estimate, on which undamped Newton from zero diverges."""
    X = [[-1.0, -0.2, -0.2], [-0.7, -0.8, 0.2], [0.3, -0.2, 0.5], [1.3, 0.8, -2.0]]
    X += [[-5.3, 1.5, -0.3], [-0.8, -1.7, 0.6], [-1.3, -2.4, 2.4], [-15.6, 51.5, -0.3]]
    X += [[-0.3, -1.8, -4.1], [1.1, -3.6, -1.2], [-6.7, 7.0, 0.1], [-2.0, 2.1, -0.4]]
    X += [[157.4, 3.3, -0.3]]
    return np.array(X), np.array([0.0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1])


def one_positive(n=1000):
    """One row of label 1, in the middle of the others."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((n, 2))
    y = np.zeros(n)
    X[n // 2], y[n // 2] = [2.0, -1.0], 1.0
    return X, y


def nearly_separated(gap=1e-6):
    """One column in which the classes overlap by two rows, ``gap`` apart."""
    x = np.linspace(-1.0, 1.0, 60)
    y = (x > 0) * 1.0
    x[29], x[30] = gap, -gap
    return x[:, None], y


def near_duplicate(distance):
    """The overlapping table with a fourth column that differs from the first by ``distance``."""
    X, y = overlapping()
    noise = np.random.default_rng(5).standard_normal(len(y))
    return np.column_stack([X, X[:, 0] + distance * noise]), y


def polynomial(degree=8):
    """Powers of one column on [0, 1], and labels that are independent of it."""
    rng = np.random.default_rng(6)
    x = rng.random(200)
    return np.column_stack([x**k for k in range(1, degree + 1)]), (rng.random(200) < 0.5) * 1.0
