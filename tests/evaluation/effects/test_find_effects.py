"""Effects in steps, points of probability, joint tests and groups, against other programs."""

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from lr_pipeline.core.solvers import Newton
from lr_pipeline.evaluation.effects.column_kinds import rounded_step
from tests.evaluation.effects.conftest import effects_of


def dummies(frame, weights=None):
    """Fit statsmodels' GLM to the same columns, coded by pandas."""
    X = frame[["age", "smoker"]].assign(
        Koeln=(frame["city"] == "Köln").astype(float), Oslo=(frame["city"] == "Oslo").astype(float)
    )
    model = sm.GLM(
        frame["y"], sm.add_constant(X.astype(float)), sm.families.Binomial(), freq_weights=weights
    )
    return model.fit(tol=1e-14)


@pytest.mark.parametrize(
    ("width", "step"),
    [
        (16.1, 20.0),
        (13.0, 10.0),
        (1.5, 2.0),
        (1.3, 1.0),
        (0.0031, 0.002),
        (0.0, 1.0),
        (7.2e-9, 1e-8),
    ],
)
def test_a_step_is_one_two_or_five_times_a_power_of_ten(width, step):
    """It is the nearest by ratio; a constant column has the step 1."""
    assert rounded_step(width) == step


def test_steps_are_said_for_numbers_and_are_one_for_zeros_and_ones(found):
    """The interquartile range of age is about 16."""
    q1, q3 = np.quantile(found.frame["age"], [0.25, 0.75])
    assert found.columns["age"].step == (10.0 if q3 - q1 < 200**0.5 else 20.0)
    assert found.columns["smoker"].step == 1.0
    assert [one.kind for one in found.effects.columns if one.name == "smoker"] == ["binary"]


def test_points_of_a_column_of_zeros_and_ones_are_statsmodels_dummy_effect(found):
    """``get_margeff(dummy=True)`` has the same average change and standard error."""
    X = found.rows.X
    fit = sm.Logit(found.frame["y"], sm.add_constant(X)).fit(disp=0, tol=1e-12)
    margins = fit.get_margeff(at="overall", dummy=True)
    smoker = found.columns["smoker"]
    assert smoker.points == pytest.approx(margins.margeff[1], rel=1e-6)
    low, high = smoker.points_interval
    assert (high - low) / 2 == pytest.approx(1.959964 * margins.margeff_se[1], rel=1e-5)


def test_points_are_the_change_of_the_average_prediction(found):
    """They are those of tables in which every row has the changed value."""
    frame, model = found.frame, found.model
    older = frame.assign(age=frame["age"] + found.columns["age"].step)
    change = model.predict_proba(older).mean() - model.predict_proba(frame).mean()
    assert found.columns["age"].points == pytest.approx(change, rel=1e-9)
    oslo, lyon = (model.predict_proba(frame.assign(city=one)).mean() for one in ("Oslo", "Lyon"))
    assert found.columns["city=Oslo"].points == pytest.approx(oslo - lyon, rel=1e-9)


def test_intervals_of_points_are_those_of_a_numerical_delta_method(found):
    """The gradient by finite differences of predictions gives the same standard error."""
    frame, fit = found.frame, dummies(found.frame)
    V, w = fit.cov_params().to_numpy(), fit.params.to_numpy()

    def change(w, moved):
        both = [sm.add_constant(pd.DataFrame(one), has_constant="add").to_numpy() for one in moved]
        after, before = (1 / (1 + np.exp(-X @ w)) for X in both)
        return after.mean() - before.mean()

    X = pd.DataFrame(found.rows.X, columns=["age", "smoker", "K", "O"])
    step = found.columns["age"].step
    cases = {
        "age": (X.assign(age=X["age"] + step), X),
        "city=Oslo": (X.assign(K=0.0, O=1.0), X.assign(K=0.0, O=0.0)),
    }
    for name, moved in cases.items():
        e = 1e-5 * np.sqrt(np.diag(V))
        shifts = np.diag(e)
        g = [(change(w + s, moved) - change(w - s, moved)) / (2 * s.sum()) for s in shifts]
        error = np.sqrt(np.array(g) @ V @ np.array(g))
        low, high = found.columns[name].points_interval
        assert (high - low) / 2 == pytest.approx(1.959964 * error, rel=1e-4), name
    assert len(frame) == found.effects.rows.count("all") * 400


def test_the_joint_test_of_a_category_is_that_of_the_model_without_it(found):
    """It is statsmodels' likelihood-ratio statistic, with one degree of freedom a level."""
    full = dummies(found.frame)
    columns = ["const", "age", "smoker"]
    X = sm.add_constant(found.frame[columns[1:]].astype(float))
    null = sm.GLM(found.frame["y"], X, sm.families.Binomial()).fit(tol=1e-14)
    (city,) = (one for one in found.effects.features if one.name == "city")
    test = city.joint_test
    assert test.method == "likelihood ratio"
    assert test.statistic == pytest.approx(2 * (full.llf - null.llf), rel=1e-8)
    assert test.degrees_of_freedom == 2
    assert city.reference == "Lyon"


def test_walds_joint_test_is_statsmodels(found):
    """It is used where intervals are Wald's, for larger tables."""
    from lr_pipeline.evaluation.effects.joint_tests import wald_test

    fit = found.model.fit
    test = wald_test(np.asarray(fit.coefficients), fit.covariance, [2, 3])
    theirs = dummies(found.frame).wald_test("Koeln = 0, Oslo = 0", scalar=True, use_f=False)
    assert test.statistic == pytest.approx(float(theirs.statistic), rel=1e-6)
    assert test.p_value == pytest.approx(float(theirs.pvalue), rel=1e-6)


def test_a_weight_is_so_many_rows(frame):
    """Steps, points and tests of weighted rows are those of the rows written out."""
    weight = np.arange(len(frame)) % 4
    weighted = effects_of(frame.assign(times=weight), weight="times")
    written = effects_of(frame.loc[frame.index.repeat(weight)].reset_index(drop=True))
    for name, one in weighted.columns.items():
        other = written.columns[name]
        assert one.step == other.step
        assert one.points == pytest.approx(other.points, rel=1e-7)
        assert one.points_interval == pytest.approx(other.points_interval, rel=1e-6)
    pairs = zip(weighted.effects.features, written.effects.features, strict=True)
    for one, other in pairs:
        if one.joint_test:
            assert one.joint_test.statistic == pytest.approx(other.joint_test.statistic, rel=1e-6)


def test_columns_that_move_together_are_sets_and_have_no_numbers_of_their_own(frame):
    """Three columns of one quantity are one set, two columns that are equal an exact one."""
    rng = np.random.default_rng(5)
    minutes = rng.normal(180, 50, len(frame))
    columns = {
        "minutes": minutes,
        "charge": (0.17 * minutes).round(3),
        "seconds": (60 * minutes).round(1),
        "x": (x := rng.normal(size=len(frame)).round(3)),
        "double": 2 * x,
    }
    found = effects_of(frame.assign(**columns))
    sets = {frozenset(one.columns): one.exact for one in found.effects.together}
    assert sets == {
        frozenset(["minutes", "charge", "seconds"]): False,
        frozenset(["x", "double"]): True,
    }
    for name in ("minutes", "charge", "seconds", "x", "double"):
        one = found.columns[name]
        assert one.withheld, name
        assert (one.interval, one.p_value, one.points, one.standard_error) == (None,) * 4
        assert one.numbers()["odds_ratio"] is None
    assert found.columns["age"].interval is not None
    json.dumps(found.effects.numbers(), allow_nan=False)


def test_two_kernels_at_one_optimum_are_shown_once(frame):
    """No parameter differs by a visible part of its standard error."""
    found = effects_of(frame, other=Newton())
    (one,) = found.effects.agreements
    assert not one.differ
    assert one.largest < 1e-6
    assert all(column.others is None for column in found.effects.columns)


def test_a_descent_that_stopped_early_is_shown_beside_the_optimum(frame, descent):
    """The largest difference is in standard errors of the coefficient that it names."""
    found = effects_of(frame, other=descent)
    (one,) = found.effects.agreements
    assert one.differ
    bse = dict(zip(["(intercept)", *found.columns_in_order], dummies(frame).bse, strict=True))
    gaps = {"(intercept)": None} | {
        name: abs(found.columns[name].coefficient - found.columns[name].others["other"]) / bse[name]
        for name in found.columns_in_order
    }
    if one.column != "(intercept)":
        assert one.largest == pytest.approx(gaps[one.column], rel=1e-5)
    assert one.largest >= max(gap for gap in gaps.values() if gap is not None) * (1 - 1e-5)


def test_sets_that_share_a_column_are_one(frame):
    """A column with an exact and a nearly equal copy is one set of three."""
    minutes = np.random.default_rng(5).normal(180, 50, len(frame))
    columns = {"minutes": minutes, "hours": minutes * 4, "charge": (0.17 * minutes).round(3)}
    (group,) = effects_of(frame.assign(**columns)).effects.together
    assert set(group.columns) == {"minutes", "hours", "charge"}
    assert group.exact
    assert group.inflation > 1e4
