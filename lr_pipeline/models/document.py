"""What a stored model's JSON must hold, checked field by field before a model is made of it.

A file that was edited by hand, cut off or written by another program is refused with the name of
the first field that is wrong. The numbers must also belong together: a coefficient that was
changed alone would be shown, and not be used.
"""

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from lr_pipeline.core.existence.existence import Verdict
from lr_pipeline.core.logistic.penalties.by_name import PENALTIES
from lr_pipeline.core.solvers.result import Status
from lr_pipeline.tables.preparation.encoding import NumberEncoding
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.versions import without_format_version

STATUSES = tuple(status.label for status in Status)
VERDICTS = tuple(verdict.value for verdict in Verdict)
# scaled_parameters = coefficients * scale, computed in one order or the other.
RELATIVE_ROUNDING = 1e-12


class ModelDocumentError(ValueError):
    """A model's JSON is not what a model writes; ``field`` is the path of what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"field {field!r}: {message}" if field else message)
        self.field = field


def _known_penalty(name: str) -> str:
    if name not in PENALTIES:
        raise ValueError(f"expected one of {', '.join(PENALTIES)}")
    return name


def _known_status(label: str) -> str:
    if label not in STATUSES:
        raise ValueError(f"expected one of {', '.join(STATUSES)}")
    return label


def _known_verdict(value: str) -> str:
    if value not in VERDICTS:
        raise ValueError(f"expected one of {', '.join(VERDICTS)}")
    return value


Count = Annotated[int, Field(ge=0)]
Number = FiniteFloat
Known = FiniteFloat | Literal["inf", "-inf"] | None  # None: withheld
Vector = list[FiniteFloat]
Positive = Annotated[FiniteFloat, Field(gt=0)]


class _Part(BaseModel):
    """Strict: a text is no number, and NaN and infinity are none; what is not listed is ignored."""

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
    verdict: Annotated[str, AfterValidator(_known_verdict)]
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


class _Model(_Part):
    """What both kinds have."""

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
    status: Annotated[str, AfterValidator(_known_status)]


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
    penalty: Annotated[str, AfterValidator(_known_penalty)]
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
    trace: list[_TracePoint]
    inference: _Inference
    ranges: dict[str, Annotated[Vector, Field(min_length=2, max_length=2)]] = {}


KINDS: dict[str, type[_Model]] = {"linear": _Linear, "logistic": _Logistic}


def read_document(text: str) -> dict[str, Any]:
    """Parse a model's JSON and check every field of it.

    Raises
    ------
    ModelDocumentError
        The text is no JSON, or a field is missing, of another type, no finite number, or does not
        belong to the others.
    FormatVersionError
        A later version of this package wrote it.
    """
    document = _parsed(text)
    if isinstance(document, dict):
        document = without_format_version("model", document)
    if not isinstance(document, dict) or document.get("kind") not in tuple(KINDS):
        raise ModelDocumentError("kind", f"expected one of {', '.join(KINDS)}")
    try:
        KINDS[document["kind"]].model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise ModelDocumentError(field, _in_words(first)) from None
    for field, message in _contradictions(document):
        raise ModelDocumentError(field, message)
    return document


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_without_repetition)
    except RecursionError:
        raise ModelDocumentError("", "it is nested too deeply for a model's JSON") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ModelDocumentError("", f"it is no JSON, from {place} on") from None
    except ModelDocumentError:
        raise
    except ValueError:  # Python reads no integer of more than some thousand digits
        raise ModelDocumentError("", "it has a number of too many digits") from None


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's fields, of which JSON allows two with the same name."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ModelDocumentError(twice, "it occurs twice in one object")
    return found


def _in_words(error: Any) -> str:
    """What was expected and what was found, in one line."""
    if error["type"] == "missing":
        return "it is missing"
    found = repr(error["input"])
    shown = found if len(found) <= 60 else f"{found[:60]}…"
    return f"{error['msg'].removeprefix('Value error, ')}, found {shown}"


def _contradictions(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Fields, each sound by itself, that do not belong together."""
    for one in PENALTIES.values():
        for strength in one.strength_names:
            if (document.get("penalty") == one.name) != bool(document.get(strength)):
                yield (
                    strength,
                    f"it goes with penalty {one.name}, whose strength it is, and no other",
                )
    yield from _of_other_columns(document)
    yield from _of_other_lengths(document)
    if document["kind"] == "logistic":
        yield from _changed_alone(document)


def _of_other_columns(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Names that are not those of the preparation."""
    preparation = Preparation.from_dict(document["preparation"])
    columns, features = list(preparation.columns), list(preparation.roles.features)
    encoded = [one.name for one in preparation.encodings]
    numbers = [one.name for one in preparation.encodings if isinstance(one, NumberEncoding)]
    named = [
        ("preparation.encodings", encoded, features),
        ("columns", document["columns"], columns),
        ("features", document["features"], features),
        ("coefficients", document["coefficients"], columns),
        ("standard_errors", document["standard_errors"], columns),
    ]
    if document["kind"] == "logistic":
        named.append(("inference.columns", document["inference"]["columns"], columns))
        named.append(("ranges", document.get("ranges") or None, numbers))
    if existence := document.get("existence"):
        named.append(("existence.columns", existence["columns"], columns))
    for field, found, expected in named:
        if found is not None and list(found) != expected:
            wrong = next(iter({*found} ^ {*expected}), None)
            which = "their order" if wrong is None else repr(wrong)
            yield field, f"its names must be those of the preparation, and {which} is not"
    subsets = [("dependent_columns", document["dependent_columns"])]
    if existence:
        parts = ("separating_columns", "dependent_columns")
        subsets += [(f"existence.{part}", existence[part]) for part in parts]
    for field, found in subsets:
        if unknown := sorted(set(found) - set(columns)):
            yield field, f"{unknown[0]!r} is not in columns"


def _of_other_lengths(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Lists that do not have a number a column, or a parameter."""
    p = len(document["columns"]) + 1
    lengths = {"covariance": p}
    if document["kind"] == "logistic":
        lengths |= {"certificate_units": p, "scaled_parameters": p, "center": p - 1, "scale": p - 1}
    parts = {field: document[field] for field in lengths}
    rows = document["covariance"] or []
    parts |= {f"covariance.{j}": row for j, row in enumerate(rows)}
    search = document.get("search") or {"parameters": None, "others": []}
    parts["search.parameters"], others = search["parameters"], search["others"]
    parts |= {f"search.others.{j}.parameters": one["parameters"] for j, one in enumerate(others)}
    parts["inference.better_start"] = document.get("inference", {}).get("better_start")
    for field, values in parts.items():
        expected = lengths.get(field, p)
        if values is not None and len(values) != expected:
            yield field, f"expected {expected} items, found {len(values)}"


def _changed_alone(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Coefficients in original units that are not those in standardized ones, which predict."""
    shown = np.array([document["coefficients"][name] for name in document["columns"]])
    center, scale = np.array(document["center"]), np.array(document["scale"])
    used = np.array(document["scaled_parameters"])
    coefficients = used[1:] / scale
    apart = np.abs(coefficients - shown) > RELATIVE_ROUNDING * np.abs(shown)
    if apart.any():
        name = document["columns"][int(np.argmax(apart))]
        yield (
            f"coefficients.{name}",
            "it is not scaled_parameters / scale: one of them was changed without the other",
        )
    with np.errstate(over="ignore", invalid="ignore"):
        terms = np.array([used[0], *(-center * coefficients)])
        bound, off = RELATIVE_ROUNDING * np.abs(terms).sum(), terms.sum() - document["intercept"]
    if not abs(off) <= bound < np.inf:
        yield (
            "intercept",
            "it is not that of scaled_parameters, center and scale: one of them was changed "
            "without the others",
        )
