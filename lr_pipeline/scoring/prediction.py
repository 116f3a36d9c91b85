"""Predict a block of new rows: probabilities, intervals, and values new to the model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from jaxtyping import Bool

from lr_pipeline.core.logistic.row_scores import RowForms
from lr_pipeline.core.types import Design, RowVector
from lr_pipeline.engines.parallel import one_blas_thread
from lr_pipeline.models.linear_predictor import LinearPredictor
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.tables.preparation.encoding import CategoryEncoding, newly_missing
from lr_pipeline.tables.values.column_values import plain_values

Mask = Bool[np.ndarray, " n"]


class Prediction(NamedTuple):
    """P(y = 1) of n rows, its interval, and by feature the rows whose values are new, if any.

    ``unexpected_missing``: rows that lack a feature which every training row has; its median or
    most frequent level is imputed. ``log_odds`` are those of the probability, and ``design`` is
    what the model saw of the rows.
    """

    probability: RowVector
    lower: RowVector | None
    upper: RowVector | None
    out_of_range: Mapping[str, Mask]
    unseen: Mapping[str, Mask]
    unexpected_missing: Mapping[str, Mask]
    log_odds: RowVector
    design: Design


@dataclass(frozen=True)
class Predictor:
    """A logistic model prepared to predict block by block.

    z = w₀ + x·w, p = g(z); the interval is g(z ± q s), s² = x̃ᵀ Σ x̃ with x̃ = (1, x), Σ the
    covariance of the estimates and q = Φ⁻¹((1 + level) / 2) (Hosmer and Lemeshow, *Applied Logistic
    Regression*, 1.4). g is σ, or the model's recalibration, which increases too; the interval
    leaves out that g itself was estimated. It is an interval for the probability, not for the
    outcome. There is none where standard errors are withheld.
    """

    model: LogisticModel

    @property
    def level(self) -> float:
        """Coverage probability of an interval, as in the model's own inference."""
        return self.model.inference.level

    @property
    def withheld(self) -> str:
        """Why there are no intervals, or an empty string."""
        fit = self.model.fit
        if fit.covariance is None:
            return fit.inference_withheld or "the model has no standard errors"
        return self.model.inference.withheld

    @cached_property
    def _forms(self) -> RowForms:
        """x̃ᵀ T Σ Tᵀ x̃ in the units of (1, (x − center) / scale), so that a mean costs no digits."""
        fit = self.model.fit
        T = np.diag(np.concatenate([[1.0], fit.scale]))
        T[0, 1:] = fit.center
        with one_blas_thread():  # the last bits depend on the number of threads
            return RowForms(T @ np.asarray(fit.covariance) @ T.T, fit.center, fit.scale)

    @cached_property
    def _predictor(self) -> LinearPredictor:
        return self.model.predictor

    def predict(self, batch: pa.RecordBatch) -> Prediction:
        """Predict the rows of a block that has the model's features."""
        X = self.model.preparation.design(batch)
        out_of_range = dict(self._out_of_range(X))
        z = self._predictor.of_design(X)
        probability, lower, upper = self.model.decision.probability, None, None
        if not self.withheld:
            reach = NormalDist().inv_cdf((1.0 + self.level) / 2.0) * np.sqrt(self._forms.of(X))
            lower, upper = probability(z - reach), probability(z + reach)
        unseen, missing = dict(self._unseen(batch)), dict(self._unexpected_missing(batch))
        found = out_of_range, unseen, missing
        return Prediction(probability(z), lower, upper, *found, self.model.decision.log_odds(z), X)

    def _out_of_range(self, X: Design) -> Iterator[tuple[str, Mask]]:
        """Yield each numeric feature and its rows out of the training range.

        A missing value counts as its median, which is within the range.
        """
        columns = self.model.preparation.columns
        places = {name: j for j, name in enumerate(columns)}
        for name, (least, greatest) in self.model.ranges.items():
            values = X[:, places[name]]
            if len(values) and not (least <= values.min() and values.max() <= greatest):
                yield name, (values < least) | (values > greatest)

    def _unseen(self, batch: pa.RecordBatch) -> Iterator[tuple[str, Mask]]:
        """Yield each category and its rows whose level the training set lacks."""
        for encoding in self.model.preparation.encodings:
            if isinstance(encoding, CategoryEncoding):
                column = batch.column(encoding.name)
                if encoding.unseen(column):
                    yield encoding.name, unseen_rows(encoding, column)

    def _unexpected_missing(self, batch: pa.RecordBatch) -> Iterator[tuple[str, Mask]]:
        """Yield each feature that no training row lacks, and the rows that lack it."""
        for encoding in self.model.preparation.encodings:
            missing = newly_missing(encoding, batch.column(encoding.name))
            if missing is not None:
                yield encoding.name, missing.to_numpy(zero_copy_only=False)


def unseen_rows(encoding: CategoryEncoding, column: pa.Array) -> Mask:
    """Return a mask (n,) of the rows whose level training lacks; each level is checked once."""
    coded = plain_values(column).dictionary_encode()
    levels = coded.dictionary
    # The last place is for missing values.
    unseen = np.zeros(len(levels) + 1, dtype=bool)
    for place in range(len(levels)):
        unseen[place] = encoding.unseen(levels.slice(place, 1)) > 0
    return np.asarray(unseen[coded.indices.fill_null(len(levels)).to_numpy()])
