"""Check whether two fits of one likelihood agree as closely as their certificates promise."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.rows import Block
from lr_pipeline.core.types import Columns, Parameters
from lr_pipeline.engines.design import Prepare, prepare_rows
from lr_pipeline.engines.parallel import threads_for
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.provenance import require_same_table
from lr_pipeline.tables.table import Table

VALUE_ROUNDING = 1e-12


@dataclass(frozen=True)
class Agreement:
    """Distance between two models in standard errors, and how large it may be.

    ``tolerance`` is infinite if a model has no certificate; then agreement cannot be decided.
    ``rigorous``: whether ``tolerance`` is a bound; it is an estimate if one certificate is an
    estimate. ``two_optima``: the objective values differ as well, so each model is at another
    optimum; this is possible with a penalty that is not convex (Firth's).
    """

    distance: float
    tolerance: float
    two_optima: bool = False
    rigorous: bool = True

    @property
    def within_tolerance(self) -> bool:
        """Whether the certificates are finite and the distance is within their sum."""
        return bool(np.isfinite(self.tolerance) and self.distance <= self.tolerance)

    @property
    def description(self) -> str:
        """The verdict in one sentence."""
        if not np.isfinite(self.tolerance):
            return (
                f"{self.distance:.1e} standard errors apart, but no tolerance can be derived: "
                "a model without a certificate has not come near its optimum"
            )
        if self.two_optima and not self.within_tolerance:
            return (
                f"{self.distance:.1e} standard errors apart: the objectives differ, so that the "
                "models are at two local optima of the penalised likelihood"
            )
        relation = "within" if self.within_tolerance else "beyond"
        allowed = (
            "that both certificates allow"
            if self.rigorous
            else "that their distances from the optimum add up to by estimate, which is no bound"
        )
        return (
            f"{self.distance:.1e} standard errors apart, {relation} the {self.tolerance:.1e} "
            f"{allowed}"
        )


def measure_agreement(
    first: LogisticModel, second: LogisticModel, table: Table, prepare: Prepare = prepare_rows
) -> Agreement:
    """Compare two models in the metric of the Fisher information on ``table``.

    distance² = Σ weight · p (1 − p) (z₁ − z₂)² = ‖w₁ − w₂‖²_H, with z the linear predictors and
    p the probabilities of the first model. It bounds |w₁ⱼ − w₂ⱼ| / seⱼ for every j, and it needs
    no unique coefficients. Each model is within its certificate δ of the optimum, hence the
    distance is at most δ₁ + δ₂. Raises ``ProvenanceError`` where a model was not trained on
    ``table``.
    """
    for model in (first, second):
        require_same_table(f"the {model.kernel} model", model.train_fingerprint, table)
    one, other = first.predictor, second.predictor
    # Both in columns centred alike, so that z₁ − z₂ loses no digits where means are large.
    difference = one.parameters - other.parameters
    difference[0] -= (one.center - other.center) @ other.parameters[1:]
    squares = partial(_squared_distance, one.center, one.parameters, difference)
    rows = prepare(table).rows
    with threads_for(rows.num_columns):
        distance = float(np.sqrt(rows.sum(squares)))
    certificates = first.fit.certificate, second.fit.certificate
    return Agreement(
        distance,
        float(sum(certificate.standard_errors for certificate in certificates)),
        two_optima=_objectives_differ(first, second),
        rigorous=all(certificate.rigorous for certificate in certificates),
    )


def _squared_distance(
    center: Columns, parameters: Parameters, difference: Parameters, block: Block
) -> float:
    """Σ weight · p (1 − p) (z₁ − z₂)², with the parameters of z₁ and of z₁ − z₂."""
    both = np.column_stack([parameters, difference])
    z, apart = (both[0] + (block.X - center) @ both[1:]).T
    p = sigmoid(z)
    terms = p * (1.0 - p) * apart**2
    return float(terms.sum() if block.weight is None else terms @ block.weight)


def _objectives_differ(first: LogisticModel, second: LogisticModel) -> bool:
    """Tell whether the objective values differ by more than rounding and convergence explain."""
    values = first.fit.value, second.fit.value
    bound = first.fit.certificate.loss + second.fit.certificate.loss + VALUE_ROUNDING
    return bool(first.fit.penalty.may_have_several_minima and abs(values[0] - values[1]) > bound)
