"""Format numbers for readers: with few digits, none of them misleading."""

import math
from collections.abc import Callable

MINUS = "−"
UNDEFINED = "–"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def significant(x: float | None, digits: int = 4) -> str:
    """Return ``x`` with some significant digits: 0.09516, −13.02, 1.235 × 10⁻⁵."""
    if x is None or math.isnan(x):
        return UNDEFINED
    if x == 0:
        return "0"
    sign = MINUS if x < 0 else ""
    if math.isinf(x):
        return f"{sign}∞"
    mantissa, exponent = f"{abs(x):.{digits - 1}e}".split("e")
    if -4 < int(exponent) < 6:
        return f"{sign}{abs(x):.{max(digits - 1 - int(exponent), 0)}f}"
    return f"{sign}{mantissa} × {power_of_ten(int(exponent))}"


def power_of_ten(exponent: int) -> str:
    """Return 10 with a superscript exponent: 10⁻³."""
    return f"10{str(exponent).translate(_SUPERSCRIPT)}"


def metric(x: float | None) -> str:
    """Return a metric with four decimals; a value near 0 or 1 is never shown as 0 or 1."""
    if x is None:
        return UNDEFINED
    if 0.99995 <= x < 1:
        return "> 0.9999"
    if 0 < x < 0.001:
        return significant(x, 3)
    return f"{x:.4f}"


def percent(share: float) -> str:
    """Return a share of rows in percent: 48.8 %; a small one with two digits: 0.039 %."""
    return f"{significant(100 * share, 2)} %" if 0.0 < share < 0.00995 else f"{100 * share:.1f} %"


def p_value(p: float | None) -> str:
    """Return a p-value with three decimals, or a bound where they would all be zero.

    Near 0.05 there are as many as show on which side of it the p-value is.
    """
    if p is None:
        return UNDEFINED
    text = f"{p:.3f}"
    if text == "0.050" and p != 0.05:
        return significant(p, 3 if f"{p:.4f}" != "0.0500" else 6)
    return "< 0.001" if p < 0.001 else text


def p_compared(p: float | None) -> str:
    """Return a p-value with its relation, for a sentence: = 0.012 or < 0.001."""
    text = p_value(p)
    return text if text.startswith("<") else f"= {text}"


def exponential(log_value: float, digits: int = 4) -> str:
    """Return exp(log_value) with some significant digits, also beyond the range of a float."""
    if math.isinf(log_value):
        return "0" if log_value < 0 else significant(log_value)
    if abs(log_value) < 600:
        return significant(math.exp(log_value), digits)
    exponent, fraction = divmod(log_value / math.log(10), 1)
    mantissa, carry = f"{10**fraction:.{digits - 1}e}".split("e")
    return f"{mantissa} × {power_of_ten(int(exponent) + int(carry))}"


def plain(x: float) -> str:
    """Return a number with four significant digits and no zeros that say nothing: 28, 17.5."""
    text = significant(x)
    return text if "×" in text or "." not in text else text.rstrip("0").rstrip(".")


def count(n: int | float) -> str:
    """Return a number of rows, or a sum of weights: 1,234 or 12.5."""
    return f"{n:,}" if isinstance(n, int) else significant(float(n))


def ratio_with_interval(log_ratio: float, interval: tuple[float, float] | None) -> str:
    """Return exp of a number and of its interval, with the digits that the width justifies."""
    if interval is None:
        return exponential(log_ratio, 3)
    width = interval[1] - interval[0]
    digits = 3 if not 0.0 < width < math.inf else min(max(2 - math.floor(math.log10(width)), 2), 6)
    estimate, lower, upper = (exponential(one, digits) for one in (log_ratio, *interval))
    return f"{estimate} ({lower} to {upper})"


def decimals_for(interval: tuple[float, float]) -> int:
    """Return the decimals that show two significant digits of an interval's width."""
    width = interval[1] - interval[0]
    if not 0.0 < width < math.inf:
        return 2
    return min(max(1 - math.floor(math.log10(width)), 0), 8)


def fixed(value: float, places: int) -> str:
    """Return a number with some decimals: −0.35; a rounded zero has no sign."""
    if not math.isfinite(value):
        return significant(value)
    text = f"{abs(value):,.{places}f}"
    return text if value >= 0 or not any(digit in text for digit in "123456789") else MINUS + text


def with_interval(
    value: float,
    ends: tuple[float, float],
    shown: Callable[[float, int], str] = fixed,
    unit: str = "",
) -> str:
    """Return a value with its interval, in the digits that this justifies: 0.81 (0.75 to 0.87).

    ``shown`` formats each number with some decimals; ``unit`` follows the value.
    """
    places = decimals_for(ends)
    return f"{shown(value, places)}{unit} ({shown(ends[0], places)} to {shown(ends[1], places)})"


def signed(value: float, places: int) -> str:
    """Return a difference with its sign: +4.5, −0.35; a rounded zero has none."""
    text = fixed(value, places)
    return f"+{text}" if value > 0 and any(digit in text for digit in "123456789") else text
