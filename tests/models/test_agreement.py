"""Agreement of two fits, measured in standard errors."""

from dataclasses import replace

import numpy as np

from lr_pipeline.core.solvers.gradient_descent import GradientDescent
from lr_pipeline.core.solvers.lbfgs import Lbfgs
from lr_pipeline.models.agreement import measure_agreement


def moved(model, shift: float):
    """The model with its intercept moved."""
    scaled = model.fit.scaled_parameters.copy()
    scaled[0] += shift
    return replace(model, fit=replace(model.fit, scaled_parameters=scaled))


def test_two_algorithms_agree_within_their_certificates(train, overlapping) -> None:
    """Newton and L-BFGS meet at the same optimum."""
    found = measure_agreement(train(overlapping), train(overlapping, solver=Lbfgs()), overlapping)
    assert found.within_tolerance
    assert "within" in found.description


def test_a_moved_model_does_not_agree(train, overlapping) -> None:
    """A hundredth of a unit in the intercept is beyond what the certificates allow."""
    model = train(overlapping)
    found = measure_agreement(model, moved(model, 0.01), overlapping)
    assert not found.within_tolerance
    assert "beyond" in found.description


def test_the_distance_of_an_intercept_shift_is_its_information(train, overlapping) -> None:
    """‖Δw‖²_H = Δ² Σ p (1 − p) when only the intercept differs."""
    model = train(overlapping)
    p = model.predict_proba(overlapping)
    expected = 0.01 * np.sqrt(sum(q * (1 - q) for q in p.tolist()))
    found = measure_agreement(model, moved(model, 0.01), overlapping)
    np.testing.assert_allclose(found.distance, expected, rtol=1e-8)


def test_two_optima_of_firths_likelihood_are_told_apart(train, separated) -> None:
    """Where the objectives differ too, the models are at optima of their own."""
    model = train(separated, penalty="firth")
    elsewhere = moved(model, 0.5)
    elsewhere = replace(elsewhere, fit=replace(elsewhere.fit, value=model.fit.value + 1e-3))
    found = measure_agreement(model, elsewhere, separated)
    assert not found.within_tolerance
    assert "two local optima" in found.description


def test_nothing_is_agreed_upon_without_certificates(train, overlapping) -> None:
    """Two unfinished descents may coincide, and still prove nothing."""
    unfinished = train(overlapping, solver=GradientDescent(learning_rate=1e-9, iterations=1))
    found = measure_agreement(unfinished, unfinished, overlapping)
    assert found.distance == 0.0
    assert not found.within_tolerance
    assert "no tolerance" in found.description
