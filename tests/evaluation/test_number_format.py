import math

import pytest

from lr_pipeline.evaluation import number_format


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (0.0, "0"),
        (-13.0213, "−13.02"),
        (0.095158, "0.09516"),
        (9.99996, "10.00"),
        (123456.7, "123457"),
        (1.2345e-5, "1.234 × 10⁻⁵"),
        (-1e300, "−1.000 × 10³⁰⁰"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
    ],
)
def test_significant_keeps_four_digits_and_a_readable_exponent(x, text):
    """Fixed notation where it is short, powers of ten elsewhere, a true minus sign."""
    assert number_format.significant(x) == text


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (None, "–"),
        (0.0, "0.0000"),
        (1.0, "1.0000"),
        (0.9999999, "> 0.9999"),
        (0.99994, "0.9999"),
        (3.2e-7, "3.20 × 10⁻⁷"),
        (0.6931, "0.6931"),
    ],
)
def test_a_metric_that_is_not_quite_perfect_is_never_shown_as_perfect(x, text):
    """1.0000 and 0.0000 mean exactly one and exactly zero."""
    assert number_format.metric(x) == text


@pytest.mark.parametrize(("p", "text"), [(None, "–"), (0.0, "< 0.001"), (0.0456, "0.046")])
def test_p_values_have_three_decimals_or_a_bound(p, text):
    """A p-value is never printed as zero."""
    assert number_format.p_value(p) == text


@pytest.mark.parametrize(
    ("log_value", "text"),
    [
        (0.0, "1.000"),
        (math.log(2), "2.000"),
        (-math.log(10) * 1000.5, "3.162 × 10⁻¹⁰⁰¹"),
        (math.log(10) * 1000.0, "1.000 × 10¹⁰⁰⁰"),
        (math.log(10) * 999.99999, "1.000 × 10¹⁰⁰⁰"),
    ],
)
def test_exponential_reaches_beyond_the_range_of_a_float(log_value, text):
    """An odds ratio of 10¹⁰⁰⁰ is printed, where exp would overflow."""
    assert number_format.exponential(log_value) == text


@pytest.mark.parametrize(("n", "text"), [(1234567, "1,234,567"), (12.5, "12.50")])
def test_counts_are_grouped_and_sums_of_weights_are_rounded(n, text):
    """Whole numbers of rows are exact; weights need few digits."""
    assert number_format.count(n) == text


def test_percent_has_one_decimal():
    """A share as a percentage."""
    assert number_format.percent(0.4875) == "48.8 %"


def test_a_p_value_near_the_limit_shows_on_which_side_it_is():
    """0.04961 is not printed as the limit itself."""
    p_value = number_format.p_value
    assert (p_value(0.04961), p_value(0.05031), p_value(0.05)) == ("0.0496", "0.0503", "0.050")
    assert p_value(0.0499999) == "0.0499999"
    assert (p_value(0.0494), p_value(0.051)) == ("0.049", "0.051")


def test_small_shares_keep_two_digits():
    """A rare event's share is not rounded to one digit."""
    percent = number_format.percent
    assert (percent(0.00394), percent(0.000051), percent(0.0)) == ("0.39 %", "0.0051 %", "0.0 %")
    assert (percent(0.01), percent(0.382)) == ("1.0 %", "38.2 %")


def test_plain_numbers_have_no_zeros_that_say_nothing():
    """Medians and levels are shown as a person would write them."""
    texts = [number_format.plain(x) for x in (28.0, 17.5, 0.3333, 0.0, 100.0, -2.5, 1e7)]
    assert texts == ["28", "17.5", "0.3333", "0", "100", "−2.5", "1.000 × 10⁷"]
