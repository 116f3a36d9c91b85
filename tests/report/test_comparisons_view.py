"""The section on comparisons: what is shown of each, and what is said once."""

import json

from lr_pipeline.report.comparisons_view import comparisons_view


def compared(first, second, metric, verdict="undecided", **others):
    ends = {"low": -0.0312, "high": 0.0112, "withheld": ""}
    tested = verdict not in ("same", "withheld")
    return {
        "first": first,
        "second": second,
        "metric": metric,
        "difference": -0.01,
        "interval": ends if tested else {"low": None, "high": None, "withheld": "too few"},
        "p_value": 0.2 if tested else None,
        "adjusted": 0.4 if tested else None,
        "smallest_detectable": 0.0303 if tested else None,
        "method": "paired t test",
        "verdict": verdict,
    } | others


NUMBERS = {
    "titles": {"base": "Prevalence", "a": "A", "twin": "Twin", "<b>": "<b>"},
    "comparisons": [
        compared("a", "base", "log_loss", "better", adjusted=0.0002),
        compared("twin", "base", "log_loss", "better", adjusted=0.0002),
        compared("<b>", "base", "log_loss", "withheld"),
        compared("twin", "a", "brier_score", "same"),
        compared("<b>", "a", "roc_auc"),
    ],
    "line": None,
    "training": None,
}


def test_a_comparison_has_the_digits_of_its_interval_and_a_verdict_in_words():
    """Difference and interval with signs; "not told apart" instead of "equal"."""
    view = comparisons_view(json.loads(json.dumps(NUMBERS)))
    assert view.tables == (
        (
            "A − Prevalence",
            [["Log loss", "−0.010 (−0.031 to +0.011)", "< 0.001", "0.030", "better"]],
        ),
        ("<b> − A", [["ROC AUC", "−0.010 (−0.031 to +0.011)", "0.400", "0.030", "not told apart"]]),
    )
    assert view.tests == 2


def test_models_that_are_the_same_are_named_and_shown_once():
    """The twin's own comparisons would say everything twice."""
    view = comparisons_view(NUMBERS)
    assert view.alike == (
        "Twin and A give every test row the same probability, up to rounding: there is nothing "
        "to compare.",
    )
    assert view.withheld == ("Not compared: <b> with Prevalence by Log loss. Reason: too few.",)
    assert not any("Twin" in pair for pair, _ in view.tables)


def test_where_nothing_could_be_compared_one_sentence_says_so():
    """The reason is that of every comparison."""
    few = [
        compared("a", "base", "log_loss", "withheld"),
        compared("a", "base", "roc_auc", "withheld"),
    ]
    view = comparisons_view(NUMBERS | {"comparisons": few})
    assert view.withheld == ("The models are not compared: too few.",)
    assert view.tables == ()
