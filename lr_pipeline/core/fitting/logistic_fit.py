"""What a logistic regression returns."""

from dataclasses import dataclass, field

from lr_pipeline.core.certificate.distance import Certificate
from lr_pipeline.core.existence.existence import Existence
from lr_pipeline.core.fitting.minimum_search import MinimumSearch
from lr_pipeline.core.logistic.penalties.penalty import Penalty
from lr_pipeline.core.solvers.result import Status, TracePoint
from lr_pipeline.core.types import Columns, ParameterMatrix, Parameters

SUM_OF_LOSSES = "Σ weight·[log(1 + exp(z)) − y·z], z = intercept + X·coefficients"


@dataclass(frozen=True, eq=False)
class LogisticFit:
    """A fitted logistic regression; coefficients in the units of the table.

    z = intercept + X coefficients is the log-odds of the label 1. Where the design is
    rank-deficient (``unique`` is False) the coefficients are those of least Euclidean norm.

    ``penalty``, ``objective``: the penalty used, and what was minimised as a formula.
    ``value``: the objective divided by Σ weight; ``log_likelihood``: the sum, without penalty.
    ``evaluations``: passes over the rows that the solver made.
    ``covariance`` (p, p), intercept first, ``standard_errors`` (d,): ``None`` where they would be
    wrong; ``inference_withheld`` gives the reason.
    ``certificate_units`` (p,): the unit of ``certificate.standard_errors`` for each parameter,
    the square root of the diagonal of the inverse Hessian, or a bound on it without standard
    errors; not for inference. ``None`` where the Hessian is singular.
    ``existence`` is None where the penalty makes it irrelevant and it was not given.
    ``class_weights``: Σ weight of the rows of label 0 and of label 1, None if not recorded.
    ``search``: how the lowest minimum was found where the objective can have several, as Firth's
    can; None where it has one, or a start was given.
    z = scaled_parameters[0] + ((X − center) / scale) scaled_parameters[1:] loses no digits where
    a column's mean is much larger than its deviation.
    """

    intercept: float
    coefficients: Columns
    penalty: Penalty
    solver: str
    status: Status
    iterations: int
    evaluations: int
    value: float
    log_likelihood: float
    gradient_norm: float
    trace: tuple[TracePoint, ...]
    certificate: Certificate
    unique: bool
    dependent_columns: tuple[int, ...]
    existence: Existence | None
    covariance: ParameterMatrix | None
    standard_errors: Columns | None
    intercept_standard_error: float | None
    inference_withheld: str
    certificate_units: Parameters | None
    center: Columns
    scale: Columns
    scaled_parameters: Parameters = field(repr=False)
    search: MinimumSearch | None = field(default=None, repr=False)
    class_weights: tuple[float, float] | None = None

    @property
    def objective(self) -> str:
        """The minimised sum as a formula for people, with the penalty and its strength."""
        return f"{SUM_OF_LOSSES}; {self.penalty.formula}"

    @property
    def optimum(self) -> str:
        """The point to which the certificate measures the distance, in words."""
        return "a minimum" if self.penalty.may_have_several_minima else "the optimum"
