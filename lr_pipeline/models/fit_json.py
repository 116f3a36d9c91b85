"""Convert a logistic fit to plain data for JSON, and back, without losing a bit.

Floats are written with the fewest digits that restore them. JSON has no infinity, so it is null in
fields that may be infinite.
"""

from collections.abc import Sequence
from math import inf, isfinite
from typing import Any

import numpy as np

from lr_pipeline.core.certificate.distance import Certificate
from lr_pipeline.core.fitting.fit import LogisticFit
from lr_pipeline.core.fitting.minimum_search import MinimumSearch, OtherMinimum
from lr_pipeline.core.logistic.penalties.by_name import PENALTIES
from lr_pipeline.core.solvers.result import Status, TracePoint
from lr_pipeline.core.types import Columns
from lr_pipeline.models.table_existence import existence_from_dict, existence_to_dict

PLAIN_FIELDS = (
    "solver",
    "iterations",
    "evaluations",
    "value",
    "log_likelihood",
    "gradient_norm",
    "unique",
    "intercept",
    "intercept_standard_error",
    "inference_withheld",
)
ARRAY_FIELDS = ("covariance", "certificate_units", "center", "scale", "scaled_parameters")


def fit_to_dict(fit: LogisticFit, columns: Sequence[str]) -> dict[str, Any]:
    """Return plain data; numbers of columns are stored by column name."""
    strengths = {"l2": 0.0} | fit.penalty.strengths
    return {
        "penalty": fit.penalty.name,
        "l2": strengths.pop("l2"),
        "objective": fit.objective,
        **{name: getattr(fit, name) for name in PLAIN_FIELDS},
        "columns": list(columns),
        "coefficients": array_to_dict(fit.coefficients, columns),
        "standard_errors": array_to_dict(fit.standard_errors, columns),
        "status": fit.status.label,
        "remedy": fit.status.remedy,
        "certificate": certificate_to_dict(fit.certificate),
        "dependent_columns": [columns[j] for j in fit.dependent_columns],
        "existence": None if fit.existence is None else existence_to_dict(fit.existence, columns),
        "search": None if fit.search is None else _search_to_dict(fit.search),
        "class_weights": None if fit.class_weights is None else list(fit.class_weights),
        "trace": [_trace_point(point) for point in fit.trace],
        **{name: _list(getattr(fit, name)) for name in ARRAY_FIELDS},
        **strengths,
    }


def fit_from_dict(data: dict[str, Any]) -> LogisticFit:
    """Restore a fit: the inverse of :func:`fit_to_dict`."""
    columns = data["columns"]
    existence, search = data["existence"], data.get("search")
    class_weights = data.get("class_weights")  # absent from files of earlier versions
    kind = PENALTIES[data["penalty"]]
    penalty = kind(**{name: data[name] for name in kind.strength_names})
    return LogisticFit(
        **{name: data[name] for name in PLAIN_FIELDS},
        **{name: _array(data[name]) for name in ARRAY_FIELDS},
        penalty=penalty,
        coefficients=array_from_dict(data["coefficients"], columns),
        standard_errors=array_from_dict(data["standard_errors"], columns),
        status=next(status for status in Status if status.label == data["status"]),
        certificate=certificate_from_dict(data["certificate"]),
        dependent_columns=tuple(columns.index(name) for name in data["dependent_columns"]),
        existence=None if existence is None else existence_from_dict(existence),
        search=None if search is None else _read_search(search),
        class_weights=None if class_weights is None else tuple(class_weights),
        trace=tuple(_read_trace_point(point) for point in data["trace"]),
    )


def certificate_to_dict(certificate: Certificate) -> dict[str, Any]:
    """Return plain data for JSON."""
    return {
        "loss": or_null(certificate.loss),
        "standard_errors": or_null(certificate.standard_errors),
        "rigorous": certificate.rigorous,
        "iterations_needed": certificate.iterations_needed,
    }


def certificate_from_dict(data: dict[str, Any]) -> Certificate:
    """Restore a certificate: the inverse of :func:`certificate_to_dict`."""
    return Certificate(
        loss=or_infinite(data["loss"]),
        standard_errors=or_infinite(data["standard_errors"]),
        rigorous=data["rigorous"],
        iterations_needed=data["iterations_needed"],
    )


def _search_to_dict(search: MinimumSearch) -> dict[str, Any]:
    others = [
        {"excess": one.excess, "parameters": one.parameters.tolist()} for one in search.others
    ]
    return {
        "starts": search.starts,
        "agreeing": search.agreeing,
        "parameters": _list(search.parameters),
        "others": others,
    }


def _read_search(data: dict[str, Any]) -> MinimumSearch:
    others = (OtherMinimum(one["excess"], _array(one["parameters"])) for one in data["others"])
    parameters = _array(data["parameters"])
    return MinimumSearch(data["starts"], data["agreeing"], tuple(others), parameters)


def _trace_point(point: TracePoint) -> dict[str, Any]:
    return {
        "iteration": point.iteration,
        "value": or_null(point.value),
        "gradient_norm": or_null(point.gradient_norm),
        "step": point.step,
        "parameters": None if point.parameters is None else list(point.parameters),
    }


def _read_trace_point(data: dict[str, Any]) -> TracePoint:
    parameters = data["parameters"]
    return TracePoint(
        iteration=data["iteration"],
        value=or_infinite(data["value"]),
        gradient_norm=or_infinite(data["gradient_norm"]),
        step=data["step"],
        parameters=None if parameters is None else tuple(parameters),
    )


def array_to_dict(values: Columns | None, columns: Sequence[str]) -> dict[str, float] | None:
    """Return one number for each column, by its name."""
    return None if values is None else dict(zip(columns, values.tolist(), strict=True))


def array_from_dict(values: dict[str, float] | None, columns: Sequence[str]) -> Any:
    """Restore an array: the inverse of :func:`array_to_dict`."""
    return None if values is None else _array([values[name] for name in columns])


def _list(values: np.ndarray | None) -> list[Any] | None:
    return None if values is None else values.tolist()


def _array(values: list[Any] | None) -> Any:
    return None if values is None else np.array(values, dtype=np.float64)


def or_null(number: float) -> float | None:
    """Return a finite number, or None in place of infinity, which JSON lacks."""
    return number if isfinite(number) else None


def or_infinite(number: float | None) -> float:
    """Return the number, or infinity in place of None: the inverse of :func:`or_null`."""
    return inf if number is None else number
