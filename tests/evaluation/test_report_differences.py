import copy

import pytest

from lr_pipeline.evaluation.report_differences import compare_reports

THEN = {
    "run": {"id": "a"},
    "code": {"version": "0.1.0", "libraries": {"numpy": "2.1"}},
    "data": {"content": {"sha256": "aa"}},
    "test_fingerprint": "t",
    "fits": {
        "numpy_model": {
            "coefficients": {"x": 1.5},
            "standard_errors": {"x": 0.1},
            "certificate": 1e-9,
        },
        "linear_baseline": {
            "coefficients": {"x": 0.25},
            "standard_errors": {"x": None},
            "certificate": None,
        },
    },
    "models": {"numpy_model": {"log_loss": 0.40312, "roc_auc": None}},
    "intervals": {"numpy_model": {"log_loss": {"low": 0.35, "high": 0.45}}},
    "list": [1, 2.0, "three"],
    "verdict": {"answer": "yes"},
}


def changed(*path_and_value):
    """Return the report with another value at a path."""
    *path, last, value = path_and_value
    now = copy.deepcopy(THEN)
    place = now
    for name in path:
        place = place[name]
    place[last] = value
    return now


def test_a_report_that_differs_in_its_run_alone_is_the_same_bits():
    """Times and run ids are no results."""
    found = compare_reports(THEN, changed("run", "id", "b"))
    assert (found.outcome, found.unequal, found.differences) == ("same bits", 0, ())
    assert found.compared > 10


@pytest.mark.parametrize(
    "now",
    [
        changed("fits", "numpy_model", "coefficients", "x", 1.5 + 1.9e-10),
        changed("fits", "linear_baseline", "coefficients", "x", 0.25 * (1 + 1e-12)),
        changed("models", "numpy_model", "log_loss", 0.4033),
        changed("list", 1, 2.0000000001),
    ],
)
def test_what_certificates_and_intervals_allow_is_the_same_digits(now):
    """Two certificates of 1e-9 of a standard error of 0.1 allow 2e-10."""
    found = compare_reports(THEN, now)
    assert (found.outcome, found.unequal) == ("same digits", 1)


@pytest.mark.parametrize(
    ("now", "sentence"),
    [
        (
            changed("fits", "numpy_model", "coefficients", "x", 1.5 + 3e-9),
            "numpy_model: coefficient of 'x' 1.5000000 then, 1.5000000 now",
        ),
        (
            changed("fits", "linear_baseline", "coefficients", "x", 0.26),
            "linear_baseline: coefficient of 'x' 0.25000000 then, 0.26000000 now",
        ),
        (
            changed("models", "numpy_model", "log_loss", 0.42),
            "numpy_model: log_loss 0.40 then, 0.42 now",
        ),
        (
            changed("models", "numpy_model", "roc_auc", 0.5),
            "numpy_model: roc_auc – then, 0.5000 now",
        ),
        (changed("data", "content", "sha256", "bb"), "the data changed: sha256 aa then, bb now"),
        (
            changed("test_fingerprint", "u"),
            "the test rows changed: fingerprint t then, u now",
        ),
        (changed("verdict", "answer", "not proven"), "verdict: yes then, not proven now"),
        (changed("fits", {}), "numpy_model is in one of the reports alone"),
    ],
)
def test_what_differs_is_said_in_a_line(now, sentence):
    """Each line has both values."""
    found = compare_reports(THEN, now)
    assert found.outcome == "different"
    assert found.differences[0] == sentence


def test_other_libraries_are_a_cause_and_no_difference():
    """A replay after an update that changes nothing is the same."""
    found = compare_reports(THEN, changed("code", "libraries", "numpy", "2.2"))
    assert found.outcome == "same bits"
    assert found.causes == ("libraries numpy: 2.1 then, 2.2 now",)
