"""Calibration, threshold and lift of some models, as plain numbers."""

import json

import numpy as np
import pytest

from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.ranking import count_scores
from lr_pipeline.evaluation.answers.answer_results import answer_results
from lr_pipeline.evaluation.findings import HeldOutRows, ModelSection
from lr_pipeline.evaluation.intervals.units import Cases
from lr_pipeline.models.decision.decision import Costs, Decision, FoldOutcome


def results(n: int = 200, decision: Decision | None = None, **changes):
    """Return the results of a linear model and of two alike logistic ones."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=n)
    y = (rng.random(n) < sigmoid(z)).astype(float)
    y = changes.pop("labels", y)
    held_out = HeldOutRows(y, 0.4, **changes)
    threshold = 0.5 if decision is None else decision.threshold
    models = [
        ModelSection("linear", "linear", 0.5 + 0.3 * z),
        ModelSection("one", "one", sigmoid(z), z, threshold=threshold, decision=decision),
        ModelSection("two", "two", sigmoid(z + 1e-9), z + 1e-9, threshold=threshold),
    ]
    cases = Cases.of(held_out)
    weight = np.ones(n) if held_out.weight is None else held_out.weight
    kept = weight > 0
    counts = {one.name: count_scores(y[kept], one.score[kept], weight[kept]) for one in models}
    return answer_results(held_out, models, cases, counts), y, z


def test_models_that_are_alike_are_told_once() -> None:
    """The second logistic model is named beside the first; the line stands alone."""
    found, *_ = results()
    assert [one.names for one in found.alike] == [("linear",), ("one", "two")]
    assert found.alike[1].apart < 1e-8
    assert [one["models"] for one in found.numbers()["calibration"]] == [["linear"], ["one", "two"]]
    assert found.threshold is not None
    assert found.threshold.model == "one"


def test_numbers_are_strict_json() -> None:
    """Also for a line that leaves [0, 1], which has neither a calibration line nor a floor."""
    found, *_ = results()
    numbers = json.loads(json.dumps(found.numbers(), allow_nan=False))
    line = numbers["calibration"][0]
    assert line["line"]["withheld"] == "predictions outside (0, 1)"
    assert line["expected_error"]["calibrated"] is None


def test_rows_of_a_thousand_are_those_of_the_test_set() -> None:
    """Flagged, right and missed at the model's threshold, counted again from the definition."""
    decision = Decision(0.3, "as agreed", 5, 90, Costs(1.0, 4.0))
    found, y, z = results(decision=decision)
    assert found.threshold is not None
    chosen, yes = found.threshold.chosen, sigmoid(z) > 0.3
    assert chosen.flagged == pytest.approx(1000 * yes.mean())
    assert chosen.right == pytest.approx(1000 * (yes * y).mean())
    assert chosen.missed == pytest.approx(1000 * (~yes * y).mean())
    assert chosen.cost == pytest.approx(chosen.flagged - chosen.right + 4 * chosen.missed)
    assert {one.rows for one in found.threshold.others} == {"test rows"}


def test_thresholds_compared_on_folds_are_told_as_they_were_found_there() -> None:
    """They come from the model and not from the test rows."""
    outcome = FoldOutcome("chosen", 0.3, 0.5, 0.25, 0.05)
    decision = Decision(0.3, "lowest cost", 5, 90, Costs(1.0, 4.0), outcomes=(outcome,))
    found, *_ = results(decision=decision)
    assert found.threshold is not None
    (only,) = found.threshold.others
    assert (only.rows, only.flagged, only.right) == ("held-out training rows", 500.0, 250.0)
    assert (only.precision, only.recall) == pytest.approx((0.5, 0.25 / 0.3))
    assert only.cost == pytest.approx(250 + 4 * 50)


@pytest.mark.parametrize("labels", [np.zeros(200), np.ones(200)])
def test_one_class_alone_has_neither_lift_nor_curves(labels) -> None:
    """The threshold's rows of a thousand are told all the same."""
    found, *_ = results(labels=labels)
    assert found.lift is None
    assert found.curves is None
    assert found.threshold is not None
    json.dumps(found.numbers(), allow_nan=False)


def test_rows_of_weight_0_do_not_count() -> None:
    """Their labels can be anything."""
    weight = np.ones(200)
    weight[::3] = 0.0
    one, y, _ = results(weight=weight)
    other = y.copy()
    other[::3] = 1.0 - y[::3]
    changed, *_ = results(weight=weight, labels=other)
    assert one.numbers() == changed.numbers()


def test_no_models_have_no_sections() -> None:
    """Nothing is computed, and nothing fails."""
    held_out = HeldOutRows(np.array([0.0, 1.0]), 0.5)
    assert answer_results(held_out, [], Cases.of(held_out), {}).numbers()["lift"] is None
