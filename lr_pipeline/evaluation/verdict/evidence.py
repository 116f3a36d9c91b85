"""What the report's verdict is based on: a model's numbers beside those of simpler predictions."""

import math
from dataclasses import dataclass, replace

import numpy as np

from lr_pipeline.core.fitting.plain_fit import CERTIFIED
from lr_pipeline.core.solvers.result import Status
from lr_pipeline.evaluation.calibration import wilson_interval
from lr_pipeline.evaluation.comparisons.comparison import Comparison, of_pair
from lr_pipeline.evaluation.findings import BASELINE, Findings, HeldOutRows, ModelSection, Notice
from lr_pipeline.evaluation.intervals.interval import Interval, no_interval
from lr_pipeline.evaluation.metrics import Metrics
from lr_pipeline.evaluation.model_results import ModelResults

LOSSES = ("log_loss", "brier_score")
_OPPOSITE = {"better": "worse", "worse": "better"}


@dataclass(frozen=True)
class Calibration:
    """Whether the probabilities are right: ``slope`` of the labels' log odds on the predictions'.

    ``p_value`` is that of the test of slope and intercept together. ``observed``: the interval of
    the share of ones, divided by the mean prediction; 1 is right.
    """

    slope: float | None
    slope_interval: Interval
    p_value: float | None
    ratio: float
    observed: tuple[float, float]


@dataclass(frozen=True)
class Evidence:
    """The ``model`` that the report's verdict is about, and how it compares.

    ``against_prevalence`` and ``against_linear`` are by the loss that decides; the linear one is
    None where there is no linear baseline. ``rarer``: test cases of the rarer class.
    """

    model: ModelSection
    linear: ModelSection | None
    metrics: Metrics
    reference: Metrics
    auc: Interval
    against_prevalence: Comparison
    against_linear: Comparison | None
    calibration: Calibration
    rarer: float
    notices: tuple[Notice, ...]

    @property
    def converged(self) -> bool:
        """Whether the fit is at its optimum, as its certificate shows; closed forms are."""
        fit = self.model.fit
        if fit is None:
            return True
        certified = fit.certificate is None or fit.certificate.standard_errors <= CERTIFIED
        return fit.status is Status.CONVERGED and certified

    def has(self, kind: str) -> list[Notice]:
        """Return the notices of this kind."""
        return [notice for notice in self.notices if notice.kind == kind]


def evidence(findings: Findings, results: ModelResults) -> Evidence:
    """Gather the evidence on the first logistic model, else on the first model.

    There must be one.
    """
    logistic = [one for one in findings.models if one.linear_predictor is not None]
    model = (logistic or list(findings.models))[0]
    linear = next((one for one in findings.models if _is_linear(one) and one is not model), None)
    held_out = findings.held_out
    return Evidence(
        model,
        linear,
        results.metrics[model.name],
        results.metrics[BASELINE],
        results.intervals.get(model.name, {}).get("roc_auc", no_interval("not computed")),
        _compared(results, model.name, BASELINE),
        None if linear is None else _compared(results, model.name, linear.name),
        _calibration(held_out, model, results),
        _rarer_cases(held_out),
        tuple(findings.notices),
    )


def _is_linear(model: ModelSection) -> bool:
    """Tell whether this is the linear baseline: it has coefficients, and no log odds."""
    return model.linear_predictor is None and bool(model.coefficients)


def _compared(results: ModelResults, first: str, second: str) -> Comparison:
    """Return the comparison that decides: one with the answer worse, else one with better.

    Where neither does, that is the one by log loss, or by Brier score if a log loss is undefined. A
    few confident errors can hide all else from the log loss, and never from the Brier score.
    """
    found = [_either_way(results, first, second, loss) for loss in LOSSES]
    for wanted in ("worse", "better"):
        decided = [one for one in found if one.verdict == wanted]
        if decided:
            return decided[0]
    return next((one for one in found if one.verdict != "withheld"), found[0])


def _either_way(results: ModelResults, first: str, second: str, metric: str) -> Comparison:
    if same := of_pair(results.comparisons, first, second, metric):
        return same
    found = of_pair(results.comparisons, second, first, metric)
    if found is None:
        reason = no_interval("the two were not compared")
        return Comparison(first, second, metric, None, reason, None, None, "", "withheld")
    low, high = found.interval.low, found.interval.high
    turned = replace(
        found.interval,
        low=None if high is None else -high,
        high=None if low is None else -low,
    )
    return replace(
        found,
        first=first,
        second=second,
        difference=None if found.difference is None else -found.difference,
        interval=turned,
        verdict=_OPPOSITE.get(found.verdict, found.verdict),  # type: ignore[arg-type]
    )


def _calibration(held_out: HeldOutRows, model: ModelSection, results: ModelResults) -> Calibration:
    negative, positive = held_out.class_counts
    predicted = float(np.average(model.probabilities, weights=held_out.weight))
    ratio, ends = math.inf, (0.0, math.inf)
    if predicted > 0.0:
        cases = negative + positive
        low, high = wilson_interval(float(positive), cases)
        ratio, ends = positive / cases / predicted, (low / predicted, high / predicted)
    for one in results.answers.reliability:
        if model.name in one.alike.names:
            return Calibration(
                one.line.slope, one.line.slope_interval, one.line.p_value, ratio, ends
            )
    return Calibration(None, no_interval("not computed"), None, ratio, ends)


def _rarer_cases(held_out: HeldOutRows) -> float:
    whole = held_out.whole
    return float(min(held_out.class_counts if whole is None else whole.class_weights))
