"""What the templates of calibration, threshold and lift are given."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lr_pipeline.evaluation.answers.answer_results import AnswerResults
from lr_pipeline.evaluation.answers.lift import Decile
from lr_pipeline.evaluation.answers.threshold_outcomes import ON_FOLDS, Outcome
from lr_pipeline.evaluation.findings import Findings, HeldOutRows
from lr_pipeline.evaluation.intervals.interval import Interval
from lr_pipeline.evaluation.model_results import ModelResults
from lr_pipeline.evaluation.number_format import (
    UNDEFINED,
    count,
    fixed,
    p_value,
    significant,
    with_interval,
)
from lr_pipeline.evaluation.reliability.alike_models import AlikeModels
from lr_pipeline.evaluation.reliability.calibration_line import CalibrationLine
from lr_pipeline.evaluation.reliability.reliability import Reliability
from lr_pipeline.report.canvas import embedded
from lr_pipeline.report.decision_figure import decision_figure
from lr_pipeline.report.lift_figure import lift_figure
from lr_pipeline.report.reliability_figure import reliability_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CALIBRATION = ("Model", "Intercept", "Slope", "Test of 0 and 1", "Expected error", "If right")
DECILES = ("Highest scores", "Positive", "Share (95 %)", "Lift", "Captured")


def answers_context(findings: Findings, results: ModelResults) -> dict[str, Any]:
    """Return the names in the three templates; each is None where there is nothing to show."""
    found, held_out = results.answers, findings.held_out
    return {
        "calibration": _calibration(held_out, results),
        "threshold": _threshold(held_out, results),
        "lift": _lift(held_out, found),
    }


def calibration_figure(held_out: HeldOutRows, results: ModelResults) -> "Figure":
    """Draw the reliability of all kinds of models, with the predictions of the main one."""
    found = results.answers
    assert found.main is not None
    values = (held_out.negative, held_out.positive)
    return reliability_figure(
        found.reliability,
        next(one.histogram for one in found.reliability if one.alike is found.main),
        found.main.model.title,
        (f"{held_out.target} = {values[0]}", f"{held_out.target} = {values[1]}"),
        held_out.unit,
    )


def _calibration(held_out: HeldOutRows, results: ModelResults) -> dict[str, Any] | None:
    found = results.answers
    if not found.reliability:
        return None
    figure = calibration_figure(held_out, results)
    lines = [one.line for one in found.reliability if not one.line.withheld]
    return {
        "alike": _alike_lines(found.alike),
        "headings": CALIBRATION,
        "rows": [_calibration_row(one) for one in found.reliability],
        "gaps": [
            f"{one.alike.model.title}: {one.line.withheld}"
            for one in found.reliability
            if one.line.withheld
        ],
        "method": _method(lines[0]) if lines else "",
        "figures": [embedded(figure, "reliability", "Observed against predicted, all models")],
    }


def _method(line: CalibrationLine) -> str:
    """Return how intervals and test were found; Wald's method with groups as units has both."""
    same = "groups" in line.slope_interval.method
    return line.test if same else f"{line.slope_interval.method}; {line.test}"


def _alike_lines(alike: Sequence[AlikeModels]) -> list[str]:
    """Return which models stand for others."""
    return [
        f"{one.model.title} stands for {', '.join(other.title for other in one.others)} too: their "
        + (
            f"probabilities differ by {significant(one.apart, 1)} at most."
            if one.apart
            else "probabilities are the same to the last bit."
        )
        for one in alike
        if one.others
    ]


def _calibration_row(one: Reliability) -> list[str]:
    line, error = one.line, one.error
    calibrated = UNDEFINED
    if error.calibrated is not None and error.calibrated_high is not None:
        calibrated = f"{_error(error.calibrated)}, 95 % below {_error(error.calibrated_high)}"
    return [
        one.alike.model.title,
        _shown(line.intercept, line.intercept_interval),
        _shown(line.slope, line.slope_interval),
        p_value(line.p_value),
        _error(error.value),
        calibrated,
    ]


def _error(share: float) -> str:
    """Return a distance of shares, with two digits where three decimals would have fewer."""
    return significant(share, 2) if 0.0 < share < 0.01 else f"{share:.3f}"


def _shown(value: float | None, interval: Interval) -> str:
    if value is None or interval.ends is None:
        return UNDEFINED
    return with_interval(value, interval.ends)


def _threshold(held_out: HeldOutRows, results: ModelResults) -> dict[str, Any] | None:
    found = results.answers
    told = found.threshold
    if told is None:
        return None
    figures = []
    if found.curves is not None:
        drawn = decision_figure(found.curves, told.threshold, _rows(held_out))
        figures = [embedded(drawn, "decision", "Net benefit and cost at every threshold")]
    costs = told.costs is not None
    headings = ("Threshold", "Flagged", "Right", "Missed", "Precision", "Recall")
    return {
        "told": told,
        "held_out_rows": f"{count(told.fold_rows)} training rows, each scored by a model of the "
        f"other rows ({told.folds} folds)",
        "number": significant(told.threshold, 3),
        "flagged": per_thousand(told.chosen.flagged),
        "right": per_thousand(told.chosen.right),
        "missed": per_thousand(told.chosen.missed),
        "cost": None if told.chosen.cost is None else _cost(told.chosen.cost),
        "indifference": None if told.costs is None else significant(told.costs.indifference, 3),
        "on_folds": bool(told.others) and told.others[0].rows == ON_FOLDS,
        "headings": (*headings, "Cost") if costs else headings,
        "rows": [_outcome_row(one, costs) for one in told.others],
        "matrices": [
            {
                "title": one.model.title,
                "threshold": significant(one.model.threshold, 3),
                "metrics": results.metrics[one.model.name],
            }
            for one in found.alike
        ],
        "costs_given": found.curves is not None and found.curves.costs_given,
        "figures": figures,
    }


def per_thousand(rows: float) -> str:
    """Return rows of a thousand: 312, 4.5 or 0.31."""
    return f"{rows:,.0f}" if rows >= 10 else significant(rows, 2)


def _outcome_row(one: Outcome, costs: bool) -> list[str]:
    cells = [
        f"{one.rule}: {significant(one.threshold, 3)}"
        if one.rule != f"{one.threshold:g}"
        else one.rule,
        per_thousand(one.flagged),
        per_thousand(one.right),
        per_thousand(one.missed),
        _share(one.precision),
        _share(one.recall),
    ]
    return [*cells, _cost(one.cost)] if costs else cells


def _cost(cost: float | None) -> str:
    return fixed(cost, 0) if cost is not None and abs(cost) >= 100 else significant(cost, 3)


def _share(share: float | None) -> str:
    return UNDEFINED if share is None else f"{share:.2f}"


def _lift(held_out: HeldOutRows, found: AnswerResults) -> dict[str, Any] | None:
    lift = found.lift
    if lift is None:
        return None
    drawn = lift_figure(lift, found.alike, _rows(held_out))
    return {
        "title": lift.title,
        "equal_scores": lift.equal_scores,
        "parts": len(lift.deciles),
        "cases": _cases(lift.deciles[0].cases),
        "headings": DECILES,
        "rows": [_decile_row(one, len(lift.deciles)) for one in lift.deciles],
        "figures": [embedded(drawn, "lift", "Gain and lift of all models")],
    }


def _decile_row(one: Decile, parts: int) -> list[str]:
    return [
        f"{100 * (one.number - 1) / parts:.0f} to {100 * one.number / parts:.0f} %",
        _cases(one.positive),
        with_interval(one.share, (one.lower, one.upper)),
        f"{one.lift:.2f}",
        f"{100 * one.captured:.1f} %",
    ]


def _cases(number: float) -> str:
    """Return a number of cases; parts of cases, as of ties, with one decimal."""
    nearest = round(number)
    return count(nearest) if abs(number - nearest) < 1e-6 * max(1, nearest) else f"{number:,.1f}"


def _rows(held_out: HeldOutRows) -> str:
    zeros, ones = held_out.class_counts
    return f"n = {count(zeros + ones)} {held_out.unit}, {count(ones)} ones"
