"""Agreement of two fits, measured in standard errors."""

from dataclasses import replace

import numpy as np
import pytest

from lr_pipeline.core.certificate.firth_certificate import estimated
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.solvers.gradient_descent import GradientDescent
from lr_pipeline.core.solvers.lbfgs import Lbfgs
from lr_pipeline.models.agreement import measure_agreement


def moved(model, shift: float):
    """Return the model with another intercept."""
    scaled = model.fit.scaled_parameters.copy()
    scaled[0] += shift
    return replace(model, fit=replace(model.fit, scaled_parameters=scaled))


def unproven(model):
    """Return the model with an estimate in place of a proof."""
    certificate = estimated(model.fit.certificate)
    return replace(model, fit=replace(model.fit, certificate=certificate))


def test_two_algorithms_agree_within_their_certificates(train, overlapping) -> None:
    """Newton and L-BFGS meet at the same optimum."""
    found = measure_agreement(train(overlapping), train(overlapping, solver=Lbfgs()), overlapping)
    assert found.within_tolerance
    assert "within" in found.description


def test_a_moved_model_does_not_agree(train, overlapping) -> None:
    """A hundredth of a unit in the intercept is more than the certificates allow."""
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
    """If the objectives differ too, each model is at another optimum."""
    model = train(separated, penalty=Firth())
    elsewhere = moved(model, 0.5)
    elsewhere = replace(elsewhere, fit=replace(elsewhere.fit, value=model.fit.value + 1e-3))
    found = measure_agreement(model, elsewhere, separated)
    assert not found.within_tolerance
    assert "two local optima" in found.description


def test_nothing_is_agreed_upon_without_certificates(train, overlapping) -> None:
    """Two unfinished descents may coincide, but this proves nothing."""
    unfinished = train(overlapping, solver=GradientDescent(learning_rate=1e-9, iterations=1))
    found = measure_agreement(unfinished, unfinished, overlapping)
    assert found.distance == 0.0
    assert not found.within_tolerance
    assert "no tolerance" in found.description


@pytest.mark.parametrize("by", [0.0, 0.5], ids=["within", "beyond"])
def test_estimated_distances_are_not_called_a_bound(train, separated, by) -> None:
    """Firth's minima are not proven, so the description says what is compared."""
    model = unproven(train(separated, penalty=Firth()))
    found = measure_agreement(model, moved(model, by), separated)
    assert not found.rigorous
    assert "certificates allow" not in found.description
    assert found.description.endswith(
        "that their distances from the optimum add up to by estimate, which is no bound"
    )


def test_one_estimate_is_enough_to_make_it_no_bound(train, separated) -> None:
    """Two proven minima give a bound."""
    proven = train(separated, penalty=Firth())
    assert measure_agreement(proven, proven, separated).rigorous
    assert "both certificates allow" in measure_agreement(proven, proven, separated).description
    assert not measure_agreement(proven, unproven(proven), separated).rigorous
    assert not measure_agreement(unproven(proven), proven, separated).rigorous
