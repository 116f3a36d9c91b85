"""Double-double arithmetic against exact rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.core.linear_algebra.double_double import DoubleDouble, join, two_product, two_sum

PRECISION = Fraction(1, 2**104)
SPAN = 60  # powers of two that the operands cover


def exact(number: DoubleDouble) -> Fraction:
    """The value of a scalar."""
    return Fraction(float(number.high)) + Fraction(float(number.low))


reals = st.builds(
    lambda m, e: float(np.ldexp(m, e)), st.floats(-1, 1), st.integers(-SPAN, SPAN)
).filter(lambda a: a == 0 or abs(a) > 2.0**-200)
numbers = st.builds(lambda a, b: DoubleDouble(*two_sum(a, b * 2.0**-53 * a)), reals, reals)
small_arrays = st.lists(reals, min_size=1, max_size=40)


@settings(deadline=None)
@given(reals, reals)
def test_the_error_of_a_sum_is_exact(a: float, b: float) -> None:
    """The sum s + e is exactly a + b."""
    s, e = two_sum(a, b)
    assert Fraction(s) + Fraction(e) == Fraction(a) + Fraction(b)


@settings(deadline=None)
@given(reals, reals)
def test_the_error_of_a_product_is_exact(a: float, b: float) -> None:
    """The sum p + e is exactly a b."""
    p, e = two_product(a, b)
    assert Fraction(p) + Fraction(e) == Fraction(a) * Fraction(b)


@settings(deadline=None)
@given(numbers, numbers)
def test_operations_are_right_to_a_few_units_of_twice_the_precision(
    a: DoubleDouble, b: DoubleDouble
) -> None:
    """It holds for +, −, · and / of two numbers, and of a number and a float64."""
    for other in (b, b.high):
        right = exact(b) if isinstance(other, DoubleDouble) else Fraction(b.high)
        assert abs(exact(a + other) - (exact(a) + right)) <= 4 * PRECISION * abs(exact(a) + right)
        assert abs(exact(a - other) - (exact(a) - right)) <= 4 * PRECISION * abs(exact(a) - right)
        assert abs(exact(a * other) - exact(a) * right) <= 8 * PRECISION * abs(exact(a) * right)
        if right:
            quotient = exact(a) / right
            assert abs(exact(a / other) - quotient) <= 16 * PRECISION * abs(quotient)


@settings(deadline=None)
@given(small_arrays)
def test_a_sum_loses_nothing_to_cancellation(values: list[float]) -> None:
    """Arrays of every length have their numbers subtracted again, and a small number is left."""
    array = np.array([*values, 1.0, *(-v for v in values)])
    size = sum(abs(Fraction(v)) for v in array.tolist())
    assert abs(exact(DoubleDouble(array).sum()) - 1) <= 16 * PRECISION * size


def test_sums_run_along_the_axis_asked_for() -> None:
    """A (2, 3) array gives 3 sums along axis 0 and 2 along axis 1."""
    A = DoubleDouble(np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]))
    assert A.sum().high.tolist() == [11.0, 22.0, 33.0]
    assert A.sum(axis=1).high.tolist() == [6.0, 60.0]


def test_the_sum_of_nothing_is_zero() -> None:
    """An array of no rows and three columns has three sums of zero."""
    assert DoubleDouble(np.zeros((0, 3))).sum().high.tolist() == [0.0, 0.0, 0.0]


def test_joined_parts_keep_both_halves() -> None:
    """Scalars and arrays are joined, with and without a low part."""
    joined = join([DoubleDouble(1.0), DoubleDouble(np.array([2.0]), np.array([2e-17]))])
    assert joined.high.tolist() == [1.0, 2.0]
    assert joined.low.tolist() == [0.0, 2e-17]


def test_an_array_on_the_left_is_refused() -> None:
    """Otherwise numpy would silently return an array of objects."""
    with pytest.raises(TypeError):
        np.ones(2) + DoubleDouble(np.ones(2))
