"""Predictions of models of any kind: this package's, scikit-learn's, columns of probabilities."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.types import RowVector
from lr_pipeline.engines.arrays.array_forms import require_one_index
from lr_pipeline.engines.arrays.array_input import vector_array
from lr_pipeline.engines.arrays.array_limits import require_weights
from lr_pipeline.evaluation.findings import Findings, GroupHashes, HeldOutRows, ModelSection
from lr_pipeline.models.decision.decision import THRESHOLD
from lr_pipeline.models.fitted import FittedLinear, FittedLogistic
from lr_pipeline.models.frame_rows import rows_to_predict
from lr_pipeline.models.linear_model import LinearModel
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.tables.roles import quoted
from lr_pipeline.tables.table import Table

ONLY_MODEL = "model"


def findings_of_arrays(
    models: Any,
    X: Any = None,
    y: Any = None,
    weight: Any = None,
    threshold: float | Mapping[str, float] | None = None,
    train_prevalence: float | None = None,
    group: Any = None,
) -> Findings:
    """Predict rows by one model, or by each of several, and put them beside their labels.

    For the arguments and errors see ``lr_pipeline.evaluate``.
    """
    if isinstance(X, Table):
        if not (y is None and weight is None and group is None):
            raise ValueError(
                "a Table has its own label, weight and group, found y=, weight= or group= beside it"
            )
        labels, weights = X.labels(), X.weights()
        group = None if X.roles.group is None else X.column(X.roles.group).to_pandas()
    else:
        labels, weights = _labels_and_weights(X, y, weight)
    named = models if isinstance(models, Mapping) else {ONLY_MODEL: models}
    given = threshold if isinstance(threshold, Mapping) else dict.fromkeys(named, threshold)
    if strange := [name for name in given if name not in named]:
        raise ValueError(
            f"threshold= names {strange[0]!r}, which is none of the models: {quoted(named)}"
        )
    if train_prevalence is not None and not 0.0 <= train_prevalence <= 1.0:
        raise ValueError(f"train_prevalence must be between 0 and 1, found {train_prevalence:g}")
    sections = [
        _section(name, model, X, len(labels), given.get(name)) for name, model in named.items()
    ]
    known = [_training_prevalence(model) for model in named.values()]
    prevalences = [train_prevalence, *known, float(np.average(labels, weights=weights))]
    held_out = HeldOutRows(
        labels=labels,
        prevalence=next(share for share in prevalences if share is not None),
        weight=weights,
        group=None if group is None else _group_codes(group, len(labels)),
    )
    if isinstance(X, Table):
        held_out = replace(held_out, target=X.roles.target, positive=str(X.roles.positive))
    return Findings(held_out, sections)


def _labels_and_weights(X: Any, y: Any, weight: Any) -> tuple[RowVector, RowVector | None]:
    if y is None:
        raise ValueError("y is missing: pass one label a row, or a Table, which has its own")
    require_one_index(X=X, y=y, weight=weight)
    labels = vector_array("y", y)
    weights = None if weight is None else vector_array("weight", weight)
    if weights is not None:
        require_weights(weights)
        if len(weights) != len(labels):
            raise ValueError(f"expected {len(labels)} weights, found {len(weights)}")
    wrong = (labels != 0.0) & (labels != 1.0)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"labels must be 0 or 1, found {labels[row]:g} in row {row}")
    return labels, weights


def _group_codes(group: Any, rows: int) -> GroupHashes:
    """Return a number (n,) that is equal for rows of one group."""
    from pandas import isna

    names = np.asarray(group).ravel()
    if len(names) != rows:
        raise ValueError(f"expected the group of each of {rows} rows, found {len(names)}")
    if (missing := isna(names)).any():
        raise ValueError(f"each row needs its group, found none in row {int(np.argmax(missing))}")
    _, codes = np.unique(names.astype(str), return_inverse=True)
    return codes.astype(np.uint64)


def _training_prevalence(model: Any) -> float | None:
    """Return the share of ones in training, where the model has recorded it."""
    fit = model.fit if isinstance(model, LogisticModel) else model
    weights = getattr(fit, "class_weights", None)
    return None if weights is None else weights[1] / sum(weights)


def _section(name: str, model: Any, X: Any, rows: int, threshold: float | None) -> ModelSection:
    z, p = _predictions(name, model, X)
    if len(p) != rows:
        raise ValueError(f"expected {rows} predictions of {name!r}, one a label, found {len(p)}")
    if threshold is None:
        threshold = model.decision.threshold if isinstance(model, LogisticModel) else THRESHOLD
    return ModelSection(name, name, p, z, threshold=threshold)


def _predictions(name: str, model: Any, X: Any) -> tuple[RowVector | None, RowVector]:
    """Return z with p = σ(z), where the model has it, and p."""
    if not hasattr(model, "predict_proba") and not isinstance(model, FittedLinear):
        if hasattr(model, "predict"):
            raise TypeError(
                f"{name!r} predicts no probabilities, found {type(model).__name__}: give a "
                "classifier with predict_proba, or a column of probabilities"
            )
        return None, vector_array(f"the column of {name!r}", model)
    if X is None:
        raise ValueError(f"X is missing: {name!r} is a model, which predicts rows")
    if isinstance(model, FittedLogistic):
        z = model.linear_predictor(X)
        return z, sigmoid(z)
    if isinstance(model, FittedLinear):
        return None, model.predict(X)
    if isinstance(model, LogisticModel):
        z = model.decision.log_odds(model.linear_predictor(rows_to_predict(X, model.preparation)))
        return z, model.predict_proba(X)
    if isinstance(model, LinearModel):
        return None, model.predict_proba(X)
    return None, _of_classifier(name, model, X)


def _of_classifier(name: str, model: Any, X: Any) -> RowVector:
    """Return the probability of the second of two classes, as scikit-learn orders them."""
    classes = list(getattr(model, "classes_", [0, 1]))
    if [bool(one) if one in (0, 1) else one for one in classes] != [False, True]:
        raise ValueError(
            f"expected {name!r} to be a classifier of labels 0 and 1, found {classes}: train it "
            "on such labels, or give its column of probabilities"
        )
    found = np.asarray(model.predict_proba(X))
    return vector_array(f"the probabilities of {name!r}", found[:, 1] if found.ndim > 1 else found)
