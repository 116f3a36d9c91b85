"""Metrics of predicted labels, from the weights in the cells of a confusion matrix."""

import math


def label_metrics(
    true_negative: int | float,
    false_positive: int | float,
    false_negative: int | float,
    true_positive: int | float,
) -> tuple[dict[str, float | None], dict[str, str]]:
    """Return metric → value, ``None`` where it is undefined, and metric → why it is undefined.

    With tn, fp, fn and tp for the weights of the cells:

    - ``accuracy`` (tn + tp) / all, ``precision`` tp / (tp + fp), ``recall`` tp / (tp + fn),
      ``specificity`` tn / (tn + fp), ``f1`` 2 tp / (2 tp + fp + fn);
    - ``balanced_accuracy`` the mean of recall and specificity;
    - ``mcc`` (tp tn − fp fn) / √((tp + fp)(tp + fn)(tn + fp)(tn + fn)), Matthews' correlation.
    """
    tn, fp, fn, tp = true_negative, false_positive, false_negative, true_positive
    values: dict[str, float | None] = {
        "accuracy": (tn + tp) / (tn + fp + fn + tp),
        "precision": _ratio(tp, tp + fp),
        "recall": _ratio(tp, tp + fn),
        "specificity": _ratio(tn, tn + fp),
        "f1": _ratio(2 * tp, 2 * tp + fp + fn),
        "balanced_accuracy": None,
        "mcc": None,
    }
    recall, specificity = values["recall"], values["specificity"]
    if recall is not None and specificity is not None:
        values["balanced_accuracy"] = (recall + specificity) / 2
    sides = [tp + fp, tp + fn, tn + fp, tn + fn]
    if all(sides):
        norm = math.prod(math.sqrt(side) for side in sides)
        values["mcc"] = (tp * tn - fp * fn) / norm
    no_ones, no_zeros = tp + fn == 0, tn + fp == 0
    missing = "no test label is 1" if no_ones else "no test label is 0" if no_zeros else ""
    alike = "0" if tp + fp == 0 else "1"
    because = {
        "precision": "no test row is predicted to be 1",
        "recall": missing,
        "specificity": missing,
        "balanced_accuracy": missing,
        "f1": "no test label is 1, and none is predicted to be",
        "mcc": missing or f"every test row is predicted to be {alike}",
    }
    return values, {name: because[name] for name, value in values.items() if value is None}


def _ratio(part: int | float, whole: int | float) -> float | None:
    return part / whole if whole else None
