"""A threshold that answers every test row alike is a warning."""

import numpy as np
import pytest

from lr_pipeline.evaluation.test_scores import ScoredTestSet
from lr_pipeline.evaluation.threshold_notices import threshold_notices
from lr_pipeline.models.decision.decision import Decision
from lr_pipeline.models.logistic_model import LogisticModel


def notices(threshold: float, weight: np.ndarray | None = None) -> list[str]:
    """Return the notices for two alike models of rows with probabilities 0.2 to 0.4."""
    z = np.log(np.array([0.2, 0.3, 0.4]) / np.array([0.8, 0.7, 0.6]))
    model = object.__new__(LogisticModel)
    object.__setattr__(model, "decision", Decision(threshold))
    scored = ScoredTestSet(np.array([0.0, 1, 0]), weight, {"a": z, "b": z}, 1, "exact")
    return [one.text for one in threshold_notices({"a": model, "b": model}, scored)]


def test_a_threshold_that_flags_some_rows_is_no_notice() -> None:
    """One of three rows is above 0.35."""
    assert notices(0.35) == []


@pytest.mark.parametrize(("threshold", "answer"), [(0.5, "no"), (0.1, "yes")])
def test_one_answer_for_every_row_is_one_warning_for_both_models(threshold, answer) -> None:
    """It names the threshold, the answer and what to do."""
    (text,) = notices(threshold)
    assert f"{threshold} the answer of a and b is {answer} for every test row" in text
    assert "capacity" in text


def test_rows_of_weight_0_do_not_count() -> None:
    """Only the row above the threshold has no weight: the answer is no for all that count."""
    (text,) = notices(0.35, np.array([1.0, 1.0, 0.0]))
    assert "is no for every test row" in text
