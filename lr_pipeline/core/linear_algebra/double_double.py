"""Arithmetic with twice the precision of float64, on unevaluated sums of two float64 numbers.

Sources: Dekker (1971), Knuth (TAOCP 2, 4.2.2) and Hida, Li & Bailey (2001). Relative errors are a
few 2⁻¹⁰⁴. It does not work for numbers beyond 1e290, where splitting overflows, or products below
1e-290, whose errors underflow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Real = Any  # a float or a float64 array; every operation works item by item, like numpy's

SPLITTER = 2.0**27 + 1.0


def two_sum(a: Real, b: Real) -> tuple[Real, Real]:
    """Return s, e with s = fl(a + b) and s + e = a + b exactly."""
    s = a + b
    v = s - a
    return s, (a - (s - v)) + (b - v)


def two_product(a: Real, b: Real) -> tuple[Real, Real]:
    """Return p, e with p = fl(a b) and p + e = a b exactly."""
    p = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


def _split(a: Real) -> tuple[Real, Real]:
    """High and low half of the digits."""
    scaled = SPLITTER * a
    high = scaled - (scaled - a)
    return high, a - high


def _ordered_sum(a: Real, b: Real) -> "DoubleDouble":
    """Return a + b where |a| ≥ |b| or a = 0."""
    s = a + b
    return DoubleDouble(s, b - (s - a))


@dataclass(frozen=True, slots=True)
class DoubleDouble:
    """The number ``high + low`` with |low| ≤ u |high|: a scalar, or an array item by item."""

    high: Real
    low: Real = 0.0

    # makes numpy refuse array + DoubleDouble, which would give an array of objects
    __array_ufunc__ = None

    def __add__(self, other: "DoubleDouble | Real") -> "DoubleDouble":
        """Return self + other."""
        if not isinstance(other, DoubleDouble):
            high, error = two_sum(self.high, other)
            return _ordered_sum(high, error + self.low)
        high, error = two_sum(self.high, other.high)
        low, low_error = two_sum(self.low, other.low)
        partial = _ordered_sum(high, error + low)
        return _ordered_sum(partial.high, partial.low + low_error)

    def __mul__(self, other: "DoubleDouble | Real") -> "DoubleDouble":
        """Return self · other."""
        if not isinstance(other, DoubleDouble):
            product, error = two_product(self.high, other)
            return _ordered_sum(product, error + self.low * other)
        product, error = two_product(self.high, other.high)
        return _ordered_sum(product, error + (self.high * other.low + self.low * other.high))

    def __neg__(self) -> "DoubleDouble":
        """Return −self."""
        return DoubleDouble(-self.high, -self.low)

    def __sub__(self, other: "DoubleDouble | Real") -> "DoubleDouble":
        """Return self − other."""
        return self + -other

    def __truediv__(self, other: "DoubleDouble | Real") -> "DoubleDouble":
        """Return self / other, by two corrections of the float64 quotient."""
        divisor = other.high if isinstance(other, DoubleDouble) else other
        quotient = DoubleDouble(self.high / divisor)
        for _ in range(2):
            remainder = self - quotient * other
            quotient = quotient + remainder.high / divisor
        return quotient

    def __getitem__(self, index: Any) -> "DoubleDouble":
        """Return the items at ``index``."""
        return DoubleDouble(self.high[index], np.broadcast_to(self.low, np.shape(self.high))[index])

    def __len__(self) -> int:
        """Length of the first axis."""
        return len(self.high)

    def __float__(self) -> float:
        """Round to float64."""
        return float(self.high)

    def sum(self, axis: int = 0) -> "DoubleDouble":
        """Add along an axis, in pairs, to about 2⁻¹⁰⁴ of the sum of absolute values."""
        high = np.moveaxis(self.high, axis, 0)
        low = np.moveaxis(np.broadcast_to(self.low, np.shape(self.high)), axis, 0)
        total, error = np.zeros(high.shape[1:]), np.zeros(high.shape[1:])
        while len(high):
            if len(high) % 2:
                total, rounding = two_sum(total, high[-1])
                error = error + low[-1] + rounding
            half = len(high) // 2
            high, rounding = two_sum(high[:half], high[half : 2 * half])
            low = low[:half] + low[half : 2 * half] + rounding
        return _ordered_sum(total, error)


def join(parts: Sequence[DoubleDouble]) -> DoubleDouble:
    """Return the items of all parts, scalars and arrays, along the first axis."""
    lows = [np.broadcast_to(part.low, np.shape(part.high)) for part in parts]
    return DoubleDouble(
        np.concatenate([np.atleast_1d(part.high) for part in parts]),
        np.concatenate([np.atleast_1d(low) for low in lows]),
    )
