"""The fields of a stored model's JSON and their types, as pydantic checks them."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from lr_pipeline.core.existence.existence import Verdict
from lr_pipeline.core.logistic.penalties.by_name import PENALTIES
from lr_pipeline.core.solvers.result import Status


def _one_of(known: Iterable[str]) -> AfterValidator:
    """Return a check that a text is one of the known ones."""
    names = tuple(known)

    def check(found: str) -> str:
        if found not in names:
            raise ValueError(f"expected one of {', '.join(names)}")
        return found

    return AfterValidator(check)


def _ascending() -> AfterValidator:
    """Return a check that numbers ascend."""

    def check(found: list[float]) -> list[float]:
        if any(a >= b for a, b in pairwise(found)):
            raise ValueError("the numbers must ascend")
        return found

    return AfterValidator(check)


Count = Annotated[int, Field(ge=0)]
Number = FiniteFloat
Known = FiniteFloat | Literal["inf", "-inf"] | None  # None where withheld
Vector = list[FiniteFloat]
Positive = Annotated[FiniteFloat, Field(gt=0)]
NotNegative = Annotated[FiniteFloat, Field(ge=0)]
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]


class _Part(BaseModel):
    """An object with strict types: a number is no text and no NaN. Unknown fields are ignored."""

    model_config = ConfigDict(strict=True)


class _Certificate(_Part):
    loss: Number | None
    standard_errors: Number | None
    rigorous: bool
    iterations_needed: Count | None


class _OtherMinimum(_Part):
    excess: Number
    parameters: Vector


class _Search(_Part):
    starts: Count
    agreeing: Count
    parameters: Vector | None
    others: list[_OtherMinimum]


class _TracePoint(_Part):
    iteration: Count
    value: Number | None
    gradient_norm: Number | None
    step: Number
    parameters: Vector | None


class _Existence(_Part):
    verdict: Annotated[str, _one_of(verdict.value for verdict in Verdict)]
    columns: list[str]
    separating_columns: list[str]
    separating_direction: Vector
    separating_intercept: Number
    separated_rows: Count
    dependent_columns: list[str]


class _Interval(_Part):
    estimate: Known
    lower: Known
    upper: Known


class _Parameter(_Part):
    lower: Known
    upper: Known
    statistics: Known
    p_values: Known


class _Column(_Parameter):
    odds_ratios: _Interval
    odds_ratios_per_sd: _Interval
    variance_inflation: Known


class _ModelTest(_Part):
    statistic: Number
    degrees_of_freedom: Count
    p_value: Number


class _Inference(_Part):
    level: Annotated[FiniteFloat, Field(gt=0, lt=1)]
    method: str
    withheld: str
    inseparable: str = ""
    better_start: Vector | None = None
    intercept: _Parameter
    columns: dict[str, _Column]
    model_test: _ModelTest | None


class _NumberEncoding(_Part):
    kind: Literal["number"]
    name: str
    median: Number
    marks_missing: bool
    sampled_rows: Count | None = None
    missing: Count = 0


class _CategoryEncoding(_Part):
    kind: Literal["category"]
    name: str
    reference: str
    levels: list[str]
    pooled: list[str] = []
    marks_missing: bool
    missing: Count = 0


class _Roles(_Part):
    target: str
    positive: str | int | Number | bool | None
    features: list[str]
    id: str | None
    group: str | None
    time: str | None
    weight: str | None


class _Reading(_Part):
    model_config = ConfigDict(strict=True, extra="forbid")

    missing: list[str] = []
    keep_na: list[str] = []
    decimal_comma: list[str] = []


class _Preparation(_Part):
    roles: _Roles
    encodings: list[Annotated[_NumberEncoding | _CategoryEncoding, Field(discriminator="kind")]]
    reading: _Reading = _Reading()


class _Costs(_Part):
    false_positive: NotNegative
    false_negative: NotNegative
    true_positive: NotNegative
    true_negative: NotNegative


class _FoldOutcome(_Part):
    rule: str
    threshold: Share
    flagged: Share
    right: Share
    missed: Share


class _Platt(_Part):
    kind: Literal["platt"]
    intercept: Number
    slope: NotNegative


class _Isotonic(_Part):
    kind: Literal["isotonic"]
    starts: Annotated[Vector, _ascending()]
    values: Annotated[list[Share], _ascending()]

    @model_validator(mode="after")
    def _one_value_more(self) -> "_Isotonic":
        if len(self.values) != len(self.starts) + 1:
            raise ValueError(f"values must be {len(self.starts) + 1}, one more than starts")
        return self


class _Decision(_Part):
    threshold: Share
    rule: str
    folds: Count
    rows: Count
    costs: _Costs | None
    recalibration: Annotated[_Platt | _Isotonic, Field(discriminator="kind")] | None
    outcomes: list[_FoldOutcome]


class _Model(_Part):
    """The fields that both kinds of model have."""

    target: str
    positive: str | int | Number | bool | None
    features: list[str]
    train_fingerprint: str
    train_rows: Count
    versions: dict[str, str]
    source_content: dict[str, str | Count] = {}
    preparation: _Preparation
    columns: list[str]
    coefficients: dict[str, Number]
    intercept: Number
    intercept_standard_error: Number | None
    standard_errors: dict[str, Number] | None
    covariance: list[Vector] | None
    dependent_columns: list[str]
    certificate: _Certificate
    unique: bool
    iterations: Count
    gradient_norm: Number
    objective: str
    solver: str
    status: Annotated[str, _one_of(status.label for status in Status)]


class _Linear(_Model):
    kind: Literal["linear"]
    residual_variance: Number | None
    r_squared: Number | None
    num_rows: Count
    condition: Number
    method: str
    log_likelihood: Number | None


class _Logistic(_Model):
    kind: Literal["logistic"]
    kernel: str
    penalty: Annotated[str, _one_of(PENALTIES)]
    l2: Annotated[Number, Field(ge=0)]
    log_f: Positive | None = None
    remedy: str
    evaluations: Count
    value: Number
    log_likelihood: Number
    inference_withheld: str
    certificate_units: Vector | None
    center: Vector
    scale: list[Positive]
    scaled_parameters: Vector
    existence: _Existence | None
    search: _Search | None = None
    class_weights: Annotated[Vector, Field(min_length=2, max_length=2)] | None = None
    trace: list[_TracePoint]
    inference: _Inference
    ranges: dict[str, Annotated[Vector, Field(min_length=2, max_length=2)]] = {}
    decision: _Decision | None = None


KINDS: dict[str, type[_Model]] = {"linear": _Linear, "logistic": _Logistic}
