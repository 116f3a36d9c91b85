"""The linear baseline: least squares on the 0/1 label, as a model that predicts."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.least_squares.linear_fit import LinearFit
from lr_pipeline.models.fit_json import (
    array_from_dict,
    array_to_dict,
    certificate_from_dict,
    certificate_to_dict,
    or_infinite,
    or_null,
)
from lr_pipeline.models.frame_rows import RowsToPredict, rows_to_predict
from lr_pipeline.models.linear_predictor import LinearPredictor
from lr_pipeline.models.trained_model import TrainedModel, origin_from_dict
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.versions import with_format_version

PLAIN_FIELDS = (
    "intercept",
    "intercept_standard_error",
    "residual_variance",
    "r_squared",
    "num_rows",
    "unique",
    "condition",
    "method",
    "gradient_norm",
    "iterations",
)


@dataclass(frozen=True)
class LinearModel(TrainedModel):
    """ŷ = β₀ + x·β, an estimate of P(y = 1) that may leave [0, 1]."""

    fit: LinearFit

    @property
    def intercept(self) -> float:
        """β₀, which is ŷ of a row whose design columns are all zero."""
        return self.fit.intercept

    @property
    def coefficients(self) -> dict[str, float]:
        """Design column → change of ŷ per original unit of the column."""
        return dict(zip(self.preparation.columns, self.fit.coefficients.tolist(), strict=True))

    @property
    def predictor(self) -> LinearPredictor:
        """The linear predictor, which computes ŷ of rows as they are stored."""
        center = np.zeros(len(self.preparation.columns))
        parameters = np.concatenate([[self.fit.intercept], self.fit.coefficients])
        return LinearPredictor(self.preparation, center, parameters)

    def predict_proba(
        self, rows: RowsToPredict, aggregate: Aggregate = aggregate_here
    ) -> Float64[np.ndarray, " rows"]:
        """Return ŷ of every row, under ``LogisticModel``'s name; it may be outside [0, 1]."""
        return self.predictor.of_table(rows_to_predict(rows, self.preparation), aggregate)

    def to_json(self) -> str:
        """Return strict JSON; ``model_from_json`` restores every bit."""
        columns = self.preparation.columns
        fit = self.fit
        document = {
            "kind": "linear",
            "objective": "Σ weight (y − β₀ − x·β)²",
            "solver": "least_squares",
            "status": fit.status.label,
            **{name: getattr(fit, name) for name in PLAIN_FIELDS},
            "columns": list(columns),
            "coefficients": self.coefficients,
            "standard_errors": array_to_dict(fit.standard_errors, columns),
            "dependent_columns": [columns[j] for j in fit.dependent_columns],
            "covariance": None if fit.covariance is None else fit.covariance.tolist(),
            "log_likelihood": or_null(fit.log_likelihood),
            "certificate": certificate_to_dict(fit.certificate),
            **self.origin_to_dict(),
        }
        document = with_format_version("model", document)
        return json.dumps(document, allow_nan=False, indent=1, ensure_ascii=False)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "LinearModel":
        """Restore a model from JSON that was parsed and checked."""
        columns, covariance = document["columns"], document["covariance"]
        fit = LinearFit(
            **{name: document[name] for name in PLAIN_FIELDS},
            coefficients=array_from_dict(document["coefficients"], columns),
            standard_errors=array_from_dict(document["standard_errors"], columns),
            dependent_columns=tuple(columns.index(name) for name in document["dependent_columns"]),
            covariance=None if covariance is None else np.array(covariance),
            log_likelihood=or_infinite(document["log_likelihood"]),
            certificate=certificate_from_dict(document["certificate"]),
        )
        return cls(**origin_from_dict(document), fit=fit)
