"""What changed since the last report, as plain data."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from lr_pipeline.evaluation.strict_numbers import strict_numbers


@dataclass(frozen=True)
class Change:
    """A fact that is not the same; None where one of the reports does not have it."""

    what: str
    before: Any
    now: Any


@dataclass(frozen=True)
class ColumnChange:
    """A feature that came or went, or that became columns of the design in another way.

    ``before`` and ``now`` are its kind, its reference level, or the levels that only one has.
    """

    column: str
    what: Literal["added", "removed", "kind", "reference", "levels"]
    before: Any = None
    now: Any = None


@dataclass(frozen=True)
class CoefficientShift:
    """A coefficient that moved further than the errors of both estimates explain.

    ``standard_error`` is that of the difference; ``adjusted`` is the p-value after Holm's
    correction for all coefficients that were compared.
    """

    column: str
    before: float
    now: float
    standard_error: float
    adjusted: float


@dataclass(frozen=True)
class CoefficientChanges:
    """Coefficients of model ``model`` in both reports: ``compared`` of them, some ``moved``.

    ``left_out`` are in both, but have no standard error, or are relative to another reference
    level. ``withheld`` says why none were compared.
    """

    model: str
    compared: int = 0
    moved: tuple[CoefficientShift, ...] = ()
    left_out: int = 0
    withheld: str = ""


@dataclass(frozen=True)
class MetricChange:
    """A metric whose shown digits changed; ``overlap``: whether its 95 % intervals overlap.

    ``overlap`` is None where one of them is missing. ``decimals`` are those that are shown.
    """

    model: str
    metric: str
    before: int | float | None
    now: int | float | None
    difference: int | float | None
    overlap: bool | None
    decimals: int


@dataclass(frozen=True)
class SinceLast:
    """All that changed since the report that run ``run`` made at ``made``.

    ``same_test_rows`` is None where it is not known. ``unknown`` names what the earlier report does
    not tell, and ``problem`` says why it could not be read at all.
    """

    run: str
    made: str
    verdict: Change | None = None
    data: tuple[Change, ...] = ()
    columns: tuple[ColumnChange, ...] = ()
    coefficients: CoefficientChanges | None = None
    metrics: tuple[MetricChange, ...] = ()
    metrics_withheld: str = ""
    same_test_rows: bool | None = None
    settings: tuple[Change, ...] = ()
    code: tuple[Change, ...] = ()
    unknown: tuple[str, ...] = ()
    problem: str = ""

    @property
    def nothing(self) -> bool:
        """Whether everything that was compared is the same, and nothing was left uncompared."""
        moved = self.coefficients.moved if self.coefficients else ()
        found = (self.verdict, self.problem, self.metrics_withheld)
        lists = (self.data, self.columns, moved, self.metrics, self.settings, self.code)
        return not any(found) and not any(lists) and not self.unknown

    def numbers(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        return strict_numbers(asdict(self) | {"nothing": self.nothing})
