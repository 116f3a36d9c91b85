"""A value of another type or shape than a function declares is an error in every test."""

import numpy as np
import pytest
from beartype.roar import BeartypeCallHintViolation, BeartypeDoorHintViolation

from lr_pipeline.core.linear_algebra.cholesky import cholesky_solve
from lr_pipeline.core.logistic.loss import log_loss, sigmoid
from lr_pipeline.core.solvers import Newton
from lr_pipeline.tables.split.split_policy import SplitPolicy
from tests.type_checks import checked

z, y = np.zeros(3), np.ones(3)


@pytest.mark.parametrize("warm", [False, True], ids=["first call", "after a right call"])
@pytest.mark.parametrize("other", [y[:, None], y[:2], y.astype("f4"), [1.0, 1.0, 1.0]])
def test_an_array_of_another_shape_or_dtype_is_refused(other, warm) -> None:
    """A column would be spread to a matrix without an error, and a list be converted."""
    if warm:
        assert log_loss(z, y).shape == (3,)
    with pytest.raises(BeartypeDoorHintViolation):
        log_loss(z, other)
    with pytest.raises(BeartypeDoorHintViolation):
        log_loss(z, y=other)


def test_a_name_is_one_number_within_a_call_only() -> None:
    """Both arguments have k rows; another call may have another k."""
    for k in (2, 3):
        assert cholesky_solve(np.eye(k), np.ones(k)).shape == (k,)
    with pytest.raises(BeartypeDoorHintViolation):
        cholesky_solve(np.eye(2), np.ones(3))


def test_an_answer_of_another_shape_is_refused() -> None:
    """Also if the function gave the right one for such an argument before."""
    answers = [np.zeros(3), np.zeros(2)]

    @checked
    def function(z: sigmoid.__annotations__["z"]) -> sigmoid.__annotations__["return"]:
        return answers.pop(0)

    assert function(z).shape == (3,)
    with pytest.raises(BeartypeDoorHintViolation):
        function(z)


def test_each_of_any_number_of_arguments_is_checked() -> None:
    """They are given by place or by name."""
    shape = sigmoid.__annotations__["z"]

    @checked
    def function(*places: shape, **names: shape) -> None:
        pass

    function(z, y, last=z)
    with pytest.raises(BeartypeDoorHintViolation):
        function(z, z[:, None])
    with pytest.raises(BeartypeDoorHintViolation):
        function(z, y, last=z[:2])


def test_a_type_that_nothing_imports_is_left_out() -> None:
    """The other types of such a function are checked."""

    @checked
    def function(figure: "matplotlib.Figure | None", width: float) -> "Figure":
        return figure

    assert function(7, 1.0) == 7
    with pytest.raises(BeartypeDoorHintViolation):
        function(7, "wide")


def test_types_without_a_shape_are_checked() -> None:
    """A text is not a number, in a dataclass and in a method."""
    with pytest.raises(BeartypeCallHintViolation):
        Newton(max_iterations="many")
    with pytest.raises(BeartypeCallHintViolation):
        SplitPolicy().settled(7, None)
