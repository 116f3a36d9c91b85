"""Coefficients that moved from one report to the next."""

import numpy as np
import pytest
import statsmodels.api as sm

from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.evaluation.since.shifts import coefficient_changes
from tests.evaluation.since.report_of_two import altered, since

FIT = "fits/numpy_model"


def fitted(names, values, errors) -> dict:
    """The numbers of a report with these coefficients."""
    return {
        "effects": {"name": "m"},
        "features": {},
        "fits": {
            "m": {
                "coefficients": dict(zip(names, map(float, values), strict=True)),
                "standard_errors": dict(zip(names, map(float, errors), strict=True)),
            }
        },
    }


def test_a_shift_of_four_standard_errors_has_the_normal_distributions_p_value() -> None:
    """√(0.3² + 0.4²) = 0.5, and 2 (1 − Φ(4)) = 6.334e-5, times 3 by Holm."""
    now = altered((f"{FIT}/coefficients/age", 3.0), (f"{FIT}/standard_errors/age", 0.4))
    found = since(now).coefficients
    assert found is not None
    (moved,) = found.moved
    assert (moved.column, moved.before, moved.now) == ("age", 1.0, 3.0)
    assert moved.standard_error == pytest.approx(0.5, rel=1e-15)
    assert moved.adjusted == pytest.approx(3 * 6.334e-5, rel=1e-3)
    assert (found.compared, found.left_out) == (3, 1)


def test_shifts_are_the_interactions_with_time_of_one_joint_model() -> None:
    """Wald's test of column × period in a joint fit is the same test (statsmodels)."""
    rng = np.random.default_rng(5)
    names = ["(intercept)", "a", "b"]
    parts, reports = [], []
    for slope in (0.5, 1.6):
        X = sm.add_constant(rng.normal(size=(500, 2)))
        y = (rng.random(500) < sigmoid(X @ np.array([0.2, slope, -0.5]))).astype(float)
        fit = sm.Logit(y, X).fit(disp=0)
        parts.append((X, y))
        reports.append(fitted(names, fit.params, fit.bse))
    (X, y), (U, v) = parts
    design = np.block([[X, np.zeros_like(X)], [U, U]])
    joint = sm.Logit(np.r_[y, v], design).fit(disp=0)
    found = coefficient_changes(*reports)
    assert found is not None
    (moved,) = found.moved
    assert moved.column == "a"
    assert moved.now - moved.before == pytest.approx(joint.params[4], rel=1e-6)
    assert moved.standard_error == pytest.approx(joint.bse[4], rel=1e-6)
    assert moved.adjusted == pytest.approx(3 * joint.pvalues[4], rel=1e-4)


def test_estimates_of_the_same_truth_seldom_seem_to_have_moved() -> None:
    """At most 5 % of reports name any of ten coefficients, and about 5 % do: 800 are compared."""
    rng, errors, alarms = np.random.default_rng(7), np.linspace(0.1, 1.0, 10), 0
    names = [f"x{j}" for j in range(10)]
    for _ in range(800):
        pair = [fitted(names, errors * rng.normal(size=10), errors) for _ in range(2)]
        found = coefficient_changes(*pair)
        alarms += bool(found and found.moved)
    assert 0.02 < alarms / 800 < 0.05 + 4 * (0.05 * 0.95 / 800) ** 0.5


def test_coefficients_against_another_reference_level_are_left_out() -> None:
    """The intercept is that of the reference level, too."""
    city = {"kind": "category", "levels": ["A", "C"], "pooled": [], "reference": "B"}
    now = altered(
        ("features/city", city),
        (
            f"{FIT}/coefficients",
            {"(intercept)": 9.0, "age": 1.0, "city=A": 9.0, "city=C": 9.0, "city=B": 9.0},
        ),
        (f"{FIT}/standard_errors", dict.fromkeys(("(intercept)", "age", "city=B", "city=C"), 0.1)),
    )
    found = since(now).coefficients
    assert found is not None
    assert (found.compared, found.left_out, found.moved) == (1, 3, ())


def test_a_pool_of_other_rare_levels_is_left_out() -> None:
    """Its coefficient is about other cities than before."""

    def with_pool(levels: list[str], value: float) -> dict:
        city = {"kind": "category", "levels": ["B", "C"], "pooled": levels, "reference": "A"}
        return altered(
            ("features/city", city),
            (f"{FIT}/coefficients/city=(other)", value),
            (f"{FIT}/standard_errors/city=(other)", 0.1),
        )

    same = since(with_pool(["D", "E"], 9.0), with_pool(["E", "D"], 1.0)).coefficients
    other = since(with_pool(["D", "F"], 9.0), with_pool(["D", "E"], 1.0)).coefficients
    assert same is not None and other is not None
    assert [one.column for one in same.moved] == ["city=(other)"]
    assert other.moved == () and other.left_out == same.left_out + 1


def test_without_standard_errors_nothing_is_compared_and_the_reason_is_said() -> None:
    """Withheld inference gives none, and neither does a report without a logistic model."""
    names = ("(intercept)", "age", "city=B", "city=C")
    found = since(altered((f"{FIT}/standard_errors", dict.fromkeys(names)))).coefficients
    assert found is not None and found.withheld == "no standard errors in both"
    assert since(altered(("effects", None))).coefficients is None
