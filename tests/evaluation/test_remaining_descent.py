"""How far gradient descent stopped from the optimum, compared with longer runs."""

import numpy as np
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.penalties.log_f import LogF
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.penalties.penalty import Penalty
from lr_pipeline.core.solvers import GradientDescent, Newton
from lr_pipeline.core.solvers.gradient_descent import normal_start
from lr_pipeline.core.solvers.step_size import InverseTimeDecay
from lr_pipeline.core.types import Parameters
from lr_pipeline.engines.design import prepare_rows
from lr_pipeline.evaluation.remaining_descent import iterations_to_shrink, measure_descent
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.train import Training, train_logistic
from lr_pipeline.tables.sources.declared_tables import SyntheticTable
from lr_pipeline.tables.split.split_table import split_table
from lr_pipeline.tables.table import Table


@pytest.fixture(scope="module")
def train_set() -> Table:
    """Return the tutorial's 80 training rows; two of the ten features depend on others."""
    source = SyntheticTable()
    train, _ = split_table(source.read(), source.split)
    return train


def start_at_seed_0(num_parameters: int) -> Parameters:
    """Return the tutorial job's draw."""
    return normal_start(num_parameters, seed=0)


def descend(
    train_set: Table,
    steps: int,
    rate: float = 1e-3,
    standardize: bool = False,
    penalty: Penalty | None = None,
) -> LogisticModel:
    """Run gradient descent from the tutorial's normal draw."""
    solver = GradientDescent(rate, steps, record_every=steps, standardize=standardize)
    training = Training(solver, penalty or NoPenalty(), start=start_at_seed_0)
    return train_logistic(train_set, prepare_rows, NumpyKernel(), training)


def test_iterations_to_shrink_counts_the_steps_that_a_quadratic_takes() -> None:
    """One step fewer leaves the error above the tolerance."""
    hessian = np.array([[2.0, 0.5], [0.5, 1.0]])
    error = np.array([3.0, -2.0])
    steps, w = 0, error
    while np.max(np.abs(w)) > 1e-6:
        w = w - 0.1 * hessian @ w
        steps += 1
    assert iterations_to_shrink(hessian, error, 0.1, 1e-6) == steps


def test_a_step_beyond_the_stability_limit_never_arrives() -> None:
    """2/λ is 1 for the larger eigenvalue 2."""
    hessian, error = np.diag([0.5, 2.0]), np.ones(2)
    assert iterations_to_shrink(hessian, error, 0.99, 1e-6) is not None
    assert iterations_to_shrink(hessian, error, 1.0, 1e-6) is None


def test_an_error_within_the_tolerance_needs_no_step() -> None:
    """The rate need not even be stable then."""
    hessian = np.diag([0.5, 2.0])
    assert iterations_to_shrink(hessian, np.array([1e-6, -1e-7]), 0.1, 1e-6) == 0
    assert iterations_to_shrink(hessian, np.array([2e-6, 0.0]), 0.1, 1e-6) > 0


def test_directions_that_change_no_prediction_are_left_out() -> None:
    """The error along the null space stays, and does not count."""
    hessian, error = np.diag([0.0, 1.0]), np.array([5.0, 1.0])
    assert iterations_to_shrink(hessian, error, 0.5, 1e-6) is None
    assert iterations_to_shrink(hessian, error, 0.5, 1e-6, dependent=1) == 20


def test_the_gap_is_the_difference_to_newtons_coefficients(train_set) -> None:
    """5,000 steps at 1e-3 are far from the optimum, which Newton reaches in a few."""
    model = descend(train_set, 5_000)
    newton = train_logistic(
        train_set, prepare_rows, NumpyKernel(), Training(Newton(), penalty=NoPenalty())
    )
    gap = measure_descent("numpy_model", model, train_set, prepare_rows)
    differences = {k: abs(v - newton.coefficients[k]) for k, v in model.coefficients.items()}
    assert gap.difference == pytest.approx(max(differences.values()), rel=1e-9)
    assert gap.parameter == max(differences, key=differences.__getitem__)
    assert gap.learning_rate == 1e-3
    assert gap.newton_iterations == newton.fit.iterations < 10
    assert 1.5 < gap.difference < 1.6
    assert 400_000 < gap.iterations_needed < 450_000


@pytest.mark.parametrize("penalty", [NoPenalty(), LogF(60.0)])
def test_the_estimate_holds_when_the_descent_is_run_to_the_end(train_set, penalty) -> None:
    """With a rate of 1 (500,000 steps would take a minute) it is within 10 % of the steps taken."""
    first = descend(train_set, 20, rate=1.0, penalty=penalty)
    gap = measure_descent("numpy_model", first, train_set, prepare_rows)
    short = descend(train_set, round(0.9 * gap.iterations_needed), rate=1.0, penalty=penalty)
    enough = descend(train_set, round(1.1 * gap.iterations_needed), rate=1.0, penalty=penalty)
    assert measure_descent("numpy_model", short, train_set, prepare_rows).difference > gap.tolerance
    assert (
        measure_descent("numpy_model", enough, train_set, prepare_rows).difference < gap.tolerance
    )


@pytest.mark.slow
def test_the_tutorials_own_descent_takes_as_long_as_estimated(train_set) -> None:
    """Run to the end in plain numpy, some 400,000 steps: within 10 % of the estimate."""
    needed = measure_descent(
        "numpy_model", descend(train_set, 5_000), train_set, prepare_rows
    ).iterations_needed
    newton = train_logistic(
        train_set, prepare_rows, NumpyKernel(), Training(Newton(), penalty=NoPenalty())
    )
    columns = [np.asarray(train_set.column(name)) for name in newton.features]
    X = np.column_stack([np.ones(train_set.num_rows), *columns])
    y, w = train_set.labels(), start_at_seed_0(X.shape[1])
    optimum = np.array([newton.intercept, *newton.coefficients.values()])
    # Directions that no step changes are left out of the distance, as in the models.
    seen = np.linalg.pinv(X) @ X
    steps = 0
    while np.max(np.abs(seen @ (w - optimum))) > 1e-6:
        for _ in range(1_000):
            w = w - 1e-3 * X.T @ (1.0 / (1.0 + np.exp(-X @ w)) - y) / len(y)
        steps += 1_000
    assert abs(steps - needed) < 0.1 * needed


def test_a_descent_on_standardized_columns_is_not_given_an_estimate(train_set) -> None:
    """It has other eigenvalues; the distance is reported anyway."""
    gap = measure_descent(
        "numpy_model", descend(train_set, 100, standardize=True), train_set, prepare_rows
    )
    assert gap.iterations_needed is None
    assert gap.difference > 0


def test_a_decaying_rate_is_not_given_an_estimate(train_set) -> None:
    """No single factor describes its further steps."""
    solver = GradientDescent(InverseTimeDecay(1.0, 0.1), 100)
    model = train_logistic(
        train_set, prepare_rows, NumpyKernel(), Training(solver, penalty=NoPenalty())
    )
    gap = measure_descent("numpy_model", model, train_set, prepare_rows)
    assert gap.iterations_needed is None
    assert gap.difference > 0


def test_only_gradient_descent_is_measured(train_set) -> None:
    """Newton's method already has a certificate."""
    newton = train_logistic(
        train_set, prepare_rows, NumpyKernel(), Training(Newton(), penalty=NoPenalty())
    )
    assert measure_descent("numpy_model", newton, train_set, prepare_rows) is None


@pytest.mark.slow
def test_numpy_and_torch_take_the_same_path(train_set) -> None:
    """Losses and every weight agree to 1e-12 at each of the 51 recorded steps."""
    from lr_pipeline.engines.torch.torch_descent import ManualGradientDescent
    from lr_pipeline.engines.torch.torch_kernel import TorchKernel

    settings = {"learning_rate": 1e-3, "iterations": 5_000, "record_every": 100}
    fits = [
        train_logistic(
            train_set,
            prepare_rows,
            kernel,
            Training(
                solver(**settings, record_parameters=True), NoPenalty(), start=start_at_seed_0
            ),
        ).fit
        for kernel, solver in (
            (NumpyKernel(), GradientDescent),
            (TorchKernel(), ManualGradientDescent),
        )
    ]
    assert [point.iteration for point in fits[0].trace] == list(range(0, 5_001, 100))
    for ours, theirs in zip(fits[0].trace, fits[1].trace, strict=True):
        assert abs(ours.value - theirs.value) < 1e-12
        np.testing.assert_allclose(ours.parameters, theirs.parameters, rtol=0, atol=1e-12)
