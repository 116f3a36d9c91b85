"""Notices about thresholds that answer every test row alike."""

from collections.abc import Iterator

import numpy as np

from lr_pipeline.evaluation.findings import Notice
from lr_pipeline.evaluation.test_scores import Models, ScoredTestSet
from lr_pipeline.models.logistic_model import LogisticModel


def threshold_notices(models: Models, scored: ScoredTestSet) -> Iterator[Notice]:
    """Yield a warning for thresholds of logistic models that flag no test row, or every one."""
    alike: dict[tuple[float, str], list[str]] = {}
    for name, model in models.items():
        if isinstance(model, LogisticModel):
            flagged = _share_flagged(name, model, scored)
            if flagged in (0.0, 1.0):
                answer = "no" if flagged == 0.0 else "yes"
                alike.setdefault((model.decision.threshold, answer), []).append(name)
    for (threshold, answer), names in alike.items():
        yield Notice(
            "warning",
            f"With the threshold {threshold:.4g} the answer of {' and '.join(names)} is {answer} "
            "for every test row. Choose it by costs, capacity or a target, such as --threshold "
            "capacity:50.",
        )


def _share_flagged(name: str, model: LogisticModel, scored: ScoredTestSet) -> float:
    """Return the share of the test cases above the model's threshold."""
    if name in scored.metrics:
        found = scored.metrics[name]
        flagged = found.true_positive + found.false_positive
        return flagged / (flagged + found.true_negative + found.false_negative)
    yes = model.decision.probability(scored.scores[name]) > model.decision.threshold
    return float(np.average(yes, weights=scored.weight))
