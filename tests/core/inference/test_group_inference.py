"""The covariance between groups: a square, whatever the groups' scores are."""

import numpy as np

from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.inference.group_inference import infer_by_groups, sandwich_covariance
from lr_pipeline.core.inference.logistic_inference import infer_logistic
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.engines.memory import ArrayRows


def test_what_the_groups_say_nothing_of_is_withheld():
    """Scores that do not move a parameter leave it a variance of about 0, from above."""
    rng = np.random.default_rng(3)
    X = rng.normal([0.0, 10.0, 100.0, 0.0], size=(200, 4))
    y = (rng.random(200) < 0.4) * 1.0
    rows = ArrayRows(X, y)
    fit = fit_logistic(rows, NumpyKernel())
    wald = infer_logistic(rows, NumpyKernel(), fit, method="wald")
    to_standard = np.diag(np.append(1.0, fit.scale))
    to_standard[0, 1:] = fit.center
    moves = to_standard @ fit.covariance  # (p, p): by column, the scores that move a parameter
    for number in range(100):
        j = number % 5
        still, score = moves[:, j], rng.normal(size=5)
        score -= still * (score @ still) / (still @ still)
        V = sandwich_covariance(fit, np.outer(score, score), 30)
        assert (np.diag(V) >= 0.0).all()
        by_groups, inference = infer_by_groups(fit, wald, V, 30)
        errors = np.append(by_groups.intercept_standard_error, by_groups.standard_errors)
        for found in (errors, inference.p_values, inference.lower):
            assert np.flatnonzero(np.isnan(found)).tolist() == [j]
