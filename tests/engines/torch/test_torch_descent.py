"""The manual loop on torch tensors against the core's gradient descent in numpy."""

import numpy as np
import pytest
from sklearn.datasets import make_classification

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.logistic.penalties.log_f import LogF
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.penalties.ridge import Ridge
from lr_pipeline.core.solvers.gradient_descent import GradientDescent, normal_start
from lr_pipeline.core.solvers.result import Status
from lr_pipeline.core.solvers.step_size import StepDecay
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.engines.torch.torch_descent import ManualGradientDescent
from lr_pipeline.engines.torch.torch_kernel import TorchKernel


@pytest.fixture(scope="module")
def table():
    """The tutorial's table, 100 × 10, with weights."""
    X, y = make_classification(n_samples=100, n_features=10, random_state=0)
    return X, y.astype(float), np.random.default_rng(0).uniform(0.5, 2.0, 100)


def assert_same_descent(manual, reference, tolerance=1e-12):
    """Check that both descents have the same points and the same end."""
    assert (manual.status, manual.iterations) == (reference.status, reference.iterations)
    assert manual.evaluations == reference.evaluations
    assert manual.parameters == pytest.approx(reference.parameters, rel=0, abs=tolerance)
    assert len(manual.trace) == len(reference.trace)
    for ours, theirs in zip(manual.trace, reference.trace, strict=True):
        assert (ours.iteration, ours.step) == (theirs.iteration, theirs.step)
        assert ours.value == pytest.approx(theirs.value, rel=0, abs=tolerance)
        assert ours.gradient_norm == pytest.approx(theirs.gradient_norm, rel=0, abs=tolerance)
        if theirs.parameters is not None:
            assert ours.parameters == pytest.approx(theirs.parameters, rel=0, abs=tolerance)


def descend_thrice(rows, penalty, start, **settings):
    """Run the manual loop by closed forms and by autograd, then the core's descent in numpy."""
    objectives = [
        LogisticObjective(rows, kernel, penalty)
        for kernel in (TorchKernel(), TorchKernel(autograd=True), NumpyKernel())
    ]
    manual = ManualGradientDescent(**settings)
    fits = [manual.minimize(objective, start) for objective in objectives[:2]]
    fits.append(GradientDescent(**settings).minimize(objectives[2], start))
    assert len({objective.passes for objective in objectives}) == 1
    return fits


# Three times 5,000 steps take half a minute.
@pytest.mark.parametrize("iterations", [500, pytest.param(5000, marks=pytest.mark.slow)])
def test_every_step_follows_the_numpy_gradient_descent(table, iterations):
    """At the tutorial's learning rate the recorded steps agree to 1e-12, from the same start.

    The loss is convex and the step below 2/L, so no step magnifies an error. Of 5,000 roundings
    of some eps each, of either sign, about 70 eps remain; 1e-12 is 4,500 eps.
    """
    X, y, _ = table
    manual, autograd, reference = descend_thrice(
        ArrayRows(X, y),
        NoPenalty(),
        normal_start(11, seed=0),
        learning_rate=1e-3,
        iterations=iterations,
        record_every=10,
        record_parameters=True,
    )
    assert manual.value < manual.trace[0].value
    assert_same_descent(manual, reference)
    assert_same_descent(autograd, reference)


PENALTIES = [Ridge(2.5), Ridge(2.5, np.arange(1.0, 11.0)), LogF(2.0, np.arange(10.0))]


@pytest.mark.parametrize("penalty", PENALTIES, ids=["l2", "l2-scaled", "log-f"])
def test_penalty_weights_and_blocks_are_those_of_the_objective(table, penalty):
    """A weighted table in four uneven blocks, with a penalty; the rate is halved now and then."""
    rows = ArrayRows(*table, block_rows=31)
    rate = StepDecay(0.1, every=50)
    settings = {"learning_rate": rate, "iterations": 200}
    start = normal_start(11, seed=1)
    manual, autograd, reference = descend_thrice(rows, penalty, start, **settings)
    assert_same_descent(manual, reference)
    assert_same_descent(autograd, reference)


def test_the_tolerance_stops_it_where_it_stops_the_numpy_descent(table):
    """A small change of the value ends the run with that status."""
    X, y, _ = table
    settings = {"learning_rate": 0.5, "iterations": 500, "tolerance": 1e-5}
    manual, autograd, reference = descend_thrice(
        ArrayRows(X, y), Ridge(1.0), np.zeros(11), **settings
    )
    assert manual.status is Status.SMALL_CHANGE
    assert_same_descent(autograd, reference)
    assert_same_descent(manual, reference)


def test_a_rate_far_too_large_diverges_without_an_error(table):
    """The value grows, the status says so, and the parameters stay finite."""
    X, y, _ = table
    objective = LogisticObjective(ArrayRows(X, y), TorchKernel(), Ridge(100.0))
    fit = ManualGradientDescent(learning_rate=50.0, iterations=20).minimize(objective, np.zeros(11))
    assert fit.status is Status.DIVERGED
    assert fit.value > fit.trace[0].value


def test_the_result_is_the_last_iterate_and_the_start_is_left_alone(table):
    """Value and gradient norm belong to the parameters returned; a pass is counted for each."""
    X, y, _ = table
    objective = LogisticObjective(ArrayRows(X, y), TorchKernel(), NoPenalty())
    start = normal_start(11, seed=2)
    before, seen = start.copy(), []
    solver = ManualGradientDescent(learning_rate=0.1, iterations=25, record_every=10)
    fit = solver.minimize(objective, start, seen.append)
    assert objective.passes == fit.evaluations == 26
    assert np.array_equal(start, before)
    assert [point.iteration for point in fit.trace] == [0, 10, 20, 25]
    assert tuple(seen) == fit.trace
    value, gradient = LogisticObjective(ArrayRows(X, y), NumpyKernel(), NoPenalty()).value_gradient(
        fit.parameters
    )
    assert fit.value == pytest.approx(value, rel=1e-14, abs=0)
    assert fit.gradient_norm == pytest.approx(np.linalg.norm(gradient), rel=1e-12, abs=0)


@pytest.mark.parametrize("autograd", [True, False])
def test_firths_penalty_is_descended_along_the_objectives_gradient(autograd):
    """The same iterates as gradient descent: the tutorial's job ends on separated tables too."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(40, 3)), rng.integers(0, 2, 40).astype(float)
    start = np.zeros(4)
    fits = [
        solver.minimize(LogisticObjective(ArrayRows(X, y), kernel, Firth()), start)
        for solver, kernel in (
            (ManualGradientDescent(0.1, iterations=20), TorchKernel(autograd=autograd)),
            (GradientDescent(0.1, iterations=20), NumpyKernel()),
        )
    ]
    assert fits[0].parameters == pytest.approx(fits[1].parameters, abs=1e-12)
    assert fits[0].iterations == 20


def test_what_the_loop_cannot_minimise_is_refused_with_the_remedy(table):
    """Another objective and another kernel name the solver to use instead."""
    X, y, _ = table
    rows, start, solver = ArrayRows(X, y), np.zeros(11), ManualGradientDescent()
    with pytest.raises(ValueError, match=r"needs kernel 'torch', found 'numpy'.*gradient_descent"):
        solver.minimize(LogisticObjective(rows, NumpyKernel(), NoPenalty()), start)

    class Parabola:
        def value(self, w):
            return 0.5 * float(w @ w)

        def value_gradient(self, w):
            return self.value(w), w

    with pytest.raises(TypeError, match=r"found Parabola\. Use solver gradient_descent"):
        solver.minimize(Parabola(), start)
