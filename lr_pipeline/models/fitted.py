"""What ``fit_logistic`` and ``fit_linear`` return: fits that know the columns they were given."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lr_pipeline.core.fitting.logistic_fit import LogisticFit
from lr_pipeline.core.inference.inference import LogisticInference
from lr_pipeline.core.least_squares.linear_fit import LinearFit
from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.logistic.row_scores import score_rows
from lr_pipeline.core.types import Columns, Design, Parameters, RowVector
from lr_pipeline.engines.arrays.array_input import design_array
from lr_pipeline.models.fit_summary import Summary, summarize_linear, summarize_logistic
from lr_pipeline.models.frame_rows import columns_by_name, rows_to_predict
from lr_pipeline.models.linear_predictor import LinearPredictor
from lr_pipeline.tables.preparation.preparation import Preparation


@dataclass(frozen=True, eq=False)
class FittedLogistic(LogisticFit):
    """A logistic regression with the names of its columns, where they have any.

    ``preparation``: how a ``Table`` became the design, None for a fit of arrays.
    """

    columns: tuple[str, ...] | None = None
    preparation: Preparation | None = field(default=None, repr=False)

    def linear_predictor(self, X: Any) -> RowVector:
        """Return z = intercept + x · coefficients of each row, (n,): the log odds of y = 1.

        ``X``: an array with the columns of the fit in their order; or a data frame, whose columns
        are found by name, and other columns ignored. For a fit of a ``Table``: a table or a data
        frame with its features, which are prepared as for the fit.

        Raises
        ------
        TypeError, ValueError
            A column is missing, or the values are not as for the fit.
        """
        slopes = self.scaled_parameters[1:] / self.scale
        parameters = np.concatenate([self.scaled_parameters[:1], slopes])
        return _scores(X, self.columns, self.preparation, self.center, parameters)

    def predict_proba(self, X: Any) -> RowVector:
        """Return P(y = 1 | x) = σ(z) of each row, (n,); ``X`` as for ``linear_predictor``."""
        return sigmoid(self.linear_predictor(X))

    def summary(self, inference: LogisticInference | None = None) -> Summary:
        """Return the table of estimates, standard errors, tests and intervals, with names.

        The inference is Wald's, as in most packages, unless that of ``infer`` is given.
        """
        return summarize_logistic(self, self.columns, inference)


@dataclass(frozen=True, eq=False)
class FittedLinear(LinearFit):
    """A least-squares fit with the names of its columns, where they have any."""

    columns: tuple[str, ...] | None = None
    preparation: Preparation | None = field(default=None, repr=False)

    def predict(self, X: Any) -> RowVector:
        """Return ŷ = intercept + x · coefficients of each row, (n,).

        ``X`` is as for ``FittedLogistic.linear_predictor``.
        """
        parameters = np.append(self.intercept, self.coefficients)
        center = np.zeros(len(self.coefficients))
        return _scores(X, self.columns, self.preparation, center, parameters)

    def summary(self) -> Summary:
        """Return the table of estimates, standard errors, tests and intervals, with names."""
        return summarize_linear(self, self.columns)


def _scores(
    X: Any,
    columns: tuple[str, ...] | None,
    preparation: Preparation | None,
    center: Columns,
    parameters: Parameters,
) -> RowVector:
    if preparation is None:
        return score_rows(_design(X, columns, len(center)), center, parameters)
    predictor = LinearPredictor(preparation, center, parameters)
    return predictor.of_table(rows_to_predict(X, preparation))


def _design(X: Any, columns: Sequence[str] | None, number: int) -> Design:
    """Return X (n, d) with the columns of the fit, by name where both have names."""
    design, _ = design_array(columns_by_name(X, columns))
    if design.shape[1] != number:
        raise ValueError(f"expected {number} columns as in the fit, found {design.shape[1]}")
    if not np.isfinite(design).all():
        row = int(np.argmax(~np.isfinite(design).all(axis=1)))
        raise ValueError(f"X must hold finite numbers, found others in row {row}")
    return design
