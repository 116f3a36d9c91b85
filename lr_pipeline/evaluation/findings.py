"""The results of an evaluation as plain data, from which the report is drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from jaxtyping import UInt64

from lr_pipeline.core.certificate.distance import Certificate
from lr_pipeline.core.solvers.result import Status, TracePoint
from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.comparisons.optimism import TrainingMetrics
from lr_pipeline.evaluation.diagnostics.diagnostics import Diagnostics
from lr_pipeline.evaluation.effects.effects import Effects
from lr_pipeline.evaluation.metrics import Metrics
from lr_pipeline.evaluation.run_facts import RunFacts
from lr_pipeline.evaluation.slices.slices import Slices
from lr_pipeline.evaluation.validation_folds.cross_validation import CrossValidation
from lr_pipeline.models.decision.decision import THRESHOLD, Decision
from lr_pipeline.tables.level_counts import plain_count

GroupHashes = UInt64[np.ndarray, " n"]

BASELINE = "prevalence_baseline"  # predicts the training prevalence for every row
SEVERITIES = ("error", "warning", "note")
NOTICE_KINDS = (
    "leak",
    "unfinished",
    "separation",
    "dependent",
    "inseparable",
    "minima",
    "disagreement",
)


@dataclass(frozen=True)
class Notice:
    """Something the reader must know before the numbers: one sentence or two.

    ``kind`` is one of ``NOTICE_KINDS`` that the verdict knows, or empty.
    """

    severity: Literal["error", "warning", "note"]
    text: str
    kind: str = ""


@dataclass(frozen=True)
class CoefficientRow:
    """One coefficient in the original units of its column.

    ``interval`` is the 95 % interval; ``scale`` the standard deviation of the column over the
    training rows (``None`` for the intercept), so that value × scale is the effect of one standard
    deviation; ``variance_inflation`` is the factor by which dependence on the other columns
    increases the variance. ``tied``: the coefficient cannot be told apart from others, so that it
    is not the effect of its column alone.
    """

    name: str
    value: float
    standard_error: float | None = None
    interval: tuple[float, float] | None = None
    p_value: float | None = None
    scale: float | None = None
    variance_inflation: float | None = None
    tied: bool = False


@dataclass(frozen=True)
class FeatureRow:
    """How a feature became columns of the design, learned from the training rows.

    ``missing``: the training cases that lacked it; ``marked``: a column ``name=missing`` is its
    missing indicator. A number is imputed by its ``median``. A category has no median: its
    ``reference`` has no coefficient, each of ``levels`` has one, and the ``pooled`` levels share
    ``name=(other)``.
    """

    name: str
    kind: Literal["number", "category"]
    missing: int | float = 0
    marked: bool = False
    median: float | None = None
    reference: str | None = None
    levels: tuple[str, ...] = ()
    pooled: tuple[str, ...] = ()


@dataclass(frozen=True)
class FitFacts:
    """How an iterative fit ended, in the core's own terms.

    ``optimum``: the point from which the certificate bounds the distance. ``starts``: how many
    starts led to this optimum, where several were tried.
    """

    solver: str
    status: Status
    iterations: int
    gradient_norm: float
    certificate: Certificate | None = None
    trace: tuple[TracePoint, ...] = ()
    optimum: str = "the optimum"
    starts: str = ""


@dataclass(frozen=True)
class ModelSection:
    """One model: its predictions for the test rows and its coefficients.

    ``linear_predictor`` is z with p = σ(z); only logistic models have it, and only they have odds
    ratios. Where the probabilities are recalibrated it is that of these, and ``ranking`` is the
    model's own w₀ + x·w, which has no ties of a step function. ``withheld`` says why standard
    errors, intervals or p-values are missing; ``facts`` are further lines for the model's list
    (label → text). ``fit`` is ``None`` for closed forms. ``metrics``: the metrics of all test rows,
    where only some rows have predictions here. The model answers yes where its probability is
    above ``threshold``; ``decision`` says how that was chosen.
    """

    name: str
    title: str
    probabilities: RowVector
    linear_predictor: RowVector | None = None
    objective: str = ""
    coefficients: tuple[CoefficientRow, ...] = ()
    withheld: str = ""
    fit: FitFacts | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    metrics: Metrics | None = None
    threshold: float = THRESHOLD
    ranking: RowVector | None = None
    decision: Decision | None = None

    @property
    def score(self) -> RowVector:
        """The scores (n,) that rank the rows: z if given, since p rounds to 1 from z = 37."""
        if self.ranking is not None:
            return self.ranking
        return self.probabilities if self.linear_predictor is None else self.linear_predictor


@dataclass(frozen=True)
class DescentGap:
    """How far model ``name``, trained by gradient descent, stopped from its optimum.

    ``difference`` is |w_j − w*_j| of the ``parameter`` that is furthest, in its original unit.
    ``iterations_needed`` estimates how many iterations from the start bring every parameter within
    ``tolerance`` (``None``: these steps never do, or it cannot be told). ``newton_iterations``: the
    iterations of Newton's method.
    """

    name: str
    learning_rate: float
    iterations: int
    parameter: str
    difference: float
    tolerance: float
    iterations_needed: int | None
    newton_iterations: int


@dataclass(frozen=True)
class DrawnRow:
    """One test row to look at: its position in the test set, from 0, drawn with ``seed``."""

    index: int
    seed: int


@dataclass(frozen=True)
class HeldOutRows:
    """The test rows, on which the models are tested, and facts about the training rows.

    ``labels`` (n,) 0 or 1; ``prevalence`` the share of ones in the *training* set, which the
    prevalence baseline predicts for every row. ``target`` names the label column, ``negative`` and
    ``positive`` the values behind 0 and 1. If there are very many rows, these are every ``step``-th
    row, and ``whole`` has the number of all rows and the weight of each class. Rows with weights
    stand for cases: ``train_cases`` in training and ``cases`` here. ``group`` (n,) is equal for
    rows of one group, where the table has groups.
    """

    labels: RowVector
    prevalence: float
    train_rows: int | None = None
    train_fingerprint: str = ""
    test_fingerprint: str = ""
    weight: RowVector | None = None
    target: str = "label"
    negative: str = "0"
    positive: str = "1"
    step: int = 1
    whole: "WholeTestSet | None" = None
    train_cases: int | float | None = None
    group: GroupHashes | None = None

    @property
    def rows(self) -> int:
        """Number of test rows."""
        return self.labels.size if self.whole is None else self.whole.rows

    @property
    def cases(self) -> int | float | None:
        """Σ weight of the test rows, None where they have no weights."""
        if self.weight is None:
            return None
        return plain_count(sum(self.whole.class_weights) if self.whole else self.weight.sum())

    @property
    def positive_share(self) -> float:
        """The share of ones among the test rows, by weight."""
        if self.whole is None:
            return float(np.average(self.labels, weights=self.weight))
        negative, positive = self.whole.class_weights
        return positive / (negative + positive)

    @property
    def unit(self) -> str:
        """What is counted: "rows", or "cases" where the rows have weights."""
        return "rows" if self.weight is None else "cases"

    @property
    def class_counts(self) -> tuple[int | float, int | float]:
        """Rows, or cases, with label 0 and with label 1 among ``labels``."""
        if self.weight is None:
            ones: int | float = int(self.labels.sum())
            return self.labels.size - ones, ones
        ones = plain_count(float(self.weight @ self.labels))
        return plain_count(float(self.weight.sum())) - ones, ones

    def described(self, every: int = 1) -> str:
        """Every k-th one of the rows that are held, in words."""
        step = self.step * every
        if step == 1:
            return "all test rows"
        return f"one row in {step:,} of the {self.rows:,} test rows"

    def case_counts(self, train: str, test: str) -> dict[str, int | float]:
        """How many cases the rows of each part stand for, where they have weights."""
        if self.cases is None or self.train_cases is None:
            return {}
        return {train: self.train_cases, test: self.cases}


@dataclass(frozen=True)
class WholeTestSet:
    """All test rows: how many, and the weights of label 0 and of label 1."""

    rows: int
    class_weights: tuple[float, float]


@dataclass(frozen=True)
class Findings:
    """All results for some models on rows that none of them was trained on.

    ``provenance`` (label → text: split policy, library versions …) follows the row counts and
    fingerprints on the page. ``drawn_row`` is predicted by every model and shown with its label;
    ``descents`` say how far gradient descent stopped from its optimum, and ``features`` how each
    feature became columns of the design. ``run`` is the run that made them, ``data`` what
    `recorded_data` says of the table.
    ``effects``: what the columns do in a logistic model; ``diagnostics``: how well it fits;
    ``training``: its metrics on the training rows; ``slices``: how well it does in parts of the
    test set; ``cross_validation``: the models trained again on parts of the training rows.
    """

    held_out: HeldOutRows
    models: Sequence[ModelSection]
    notices: Sequence[Notice] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    title: str = "Evaluation report"
    drawn_row: DrawnRow | None = None
    descents: Sequence[DescentGap] = ()
    features: Sequence[FeatureRow] = ()
    run: RunFacts = field(default_factory=RunFacts)
    data: Mapping[str, Any] = field(default_factory=dict)
    effects: Effects | None = None
    diagnostics: Diagnostics | None = None
    training: TrainingMetrics | None = None
    slices: Slices | None = None
    cross_validation: CrossValidation | None = None

    @property
    def by_severity(self) -> list[Notice]:
        """The notices, most severe first."""
        return sorted(self.notices, key=lambda notice: SEVERITIES.index(notice.severity))
