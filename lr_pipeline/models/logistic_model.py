"""A trained logistic regression: it predicts, explains itself and is stored as JSON."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.fitting.fit import LogisticFit
from lr_pipeline.core.fitting.plain_fit import CERTIFIED
from lr_pipeline.core.inference.inference import LogisticInference
from lr_pipeline.core.solvers.result import Status
from lr_pipeline.models.decision.decision import DEFAULT_DECISION, Decision
from lr_pipeline.models.fit_json import fit_from_dict, fit_to_dict
from lr_pipeline.models.frame_rows import RowsToPredict, rows_to_predict
from lr_pipeline.models.inference_json import inference_from_dict, inference_to_dict
from lr_pipeline.models.linear_predictor import LinearPredictor
from lr_pipeline.models.ranges import Ranges
from lr_pipeline.models.trained_model import TrainedModel, origin_from_dict
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.table import Table
from lr_pipeline.versions import with_format_version


@dataclass(frozen=True)
class LogisticModel(TrainedModel):
    """P(y = 1 | x) = σ(w₀ + x·w) for the rows of a table like the training set.

    ``kernel`` is the name of the kernel that computed the sums of ``fit``. ``inference`` and
    ``ranges``, (least, greatest) of each numeric feature, are from the training set. ``decision``
    may recalibrate the probability, and says above which one the answer is yes.
    """

    kernel: str
    fit: LogisticFit
    inference: LogisticInference
    ranges: Ranges
    decision: Decision = DEFAULT_DECISION

    @property
    def intercept(self) -> float:
        """w₀, which is the log odds of a row whose design columns are all zero."""
        return self.fit.intercept

    @property
    def coefficients(self) -> dict[str, float]:
        """Design column → change of the log odds per original unit of the column."""
        return dict(zip(self.preparation.columns, self.fit.coefficients.tolist(), strict=True))

    @property
    def converged(self) -> bool:
        """Whether it is, by its certificate, within 0.001 standard errors of its optimum."""
        fit = self.fit
        near = fit.certificate.standard_errors <= CERTIFIED
        return fit.status is Status.CONVERGED and bool(near)

    @property
    def convergence(self) -> str:
        """How the fit ended and how far from the optimum it can be, in one sentence."""
        fit = self.fit
        bound = fit.certificate.standard_errors
        distance = (
            f"{'at most' if fit.certificate.rigorous else 'about'} {bound:.1g} standard errors "
            f"from {fit.optimum}"
            if np.isfinite(bound)
            else f"no bound on the distance to {fit.optimum}"
        )
        if fit.search is not None:
            distance += f" ({fit.search.description})"
        steps = f"{fit.iterations:,} iteration{'' if fit.iterations == 1 else 's'}"
        sentence = f"{fit.solver}: {fit.status.label} after {steps}, {distance}"
        return sentence if fit.status is Status.CONVERGED else f"{sentence}; {fit.status.remedy}"

    @property
    def predictor(self) -> LinearPredictor:
        """The linear predictor, which computes the log odds of rows as they are stored."""
        fit = self.fit
        slopes = fit.scaled_parameters[1:] / fit.scale
        parameters = np.concatenate([fit.scaled_parameters[:1], slopes])
        return LinearPredictor(self.preparation, fit.center, parameters)

    def linear_predictor(
        self, table: Table, aggregate: Aggregate = aggregate_here
    ) -> Float64[np.ndarray, " rows"]:
        """Return the log odds z (rows,) of y = 1 for every row of ``table``."""
        return self.predictor.of_table(table, aggregate)

    def predict_proba(self, rows: RowsToPredict) -> Float64[np.ndarray, " rows"]:
        """Return P(y = 1) for every row of a table or data frame with the columns :attr:`features`.

        It is recalibrated where the model's decision says so. For errors see ``rows_to_predict``.
        """
        z = self.linear_predictor(rows_to_predict(rows, self.preparation))
        return self.decision.probability(z)

    def to_json(self) -> str:
        """Return strict JSON; ``model_from_json`` restores every bit."""
        document = {
            "kind": "logistic",
            "kernel": self.kernel,
            **fit_to_dict(self.fit, self.preparation.columns),
            "inference": inference_to_dict(self.inference, self.preparation.columns),
            "ranges": {name: list(bounds) for name, bounds in self.ranges.items()},
            "decision": self.decision.to_dict(),
            **self.origin_to_dict(),
        }
        document = with_format_version("model", document)
        return json.dumps(document, allow_nan=False, indent=1, ensure_ascii=False)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "LogisticModel":
        """Restore a model from JSON that was parsed and checked."""
        decision = document.get("decision")
        return cls(
            **origin_from_dict(document),
            kernel=document["kernel"],
            fit=fit_from_dict(document),
            inference=inference_from_dict(document["inference"], document["columns"]),
            ranges={name: (low, high) for name, (low, high) in document.get("ranges", {}).items()},
            decision=DEFAULT_DECISION if decision is None else Decision.from_dict(decision),
        )
