"""New rows that carry the target: how well their scores agree with their answers."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from lr_pipeline.core.listed_names import listed
from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.ranking import count_scores
from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.intervals.enough import few_groups
from lr_pipeline.evaluation.intervals.interval import Interval, no_interval
from lr_pipeline.evaluation.intervals.model_intervals import model_intervals
from lr_pipeline.evaluation.intervals.scored_cases import Predictions as ScoredCases
from lr_pipeline.evaluation.intervals.shares import by_t, effective, wilson
from lr_pipeline.evaluation.intervals.units import Cases
from lr_pipeline.evaluation.metrics import Metrics, evaluate
from lr_pipeline.evaluation.number_format import count, decimals_for, fixed, metric
from lr_pipeline.scoring.new_answers import AnswerCodes, AnswerCounts
from lr_pipeline.scoring.new_rows import NewRows
from lr_pipeline.tables.errors import cut
from lr_pipeline.tables.level_counts import plain_count
from lr_pipeline.tables.values.row_hash import RowHashes, row_hashes
from lr_pipeline.tables.weights import weights_of

HELD_ROWS = 2**21
SHOWN = {
    "log_loss": "log loss",
    "brier_score": "Brier score",
    "roc_auc": "ROC AUC",
    "accuracy": "accuracy",
    "prevalence": "prevalence",
}
UNKNOWN_SHOWN = 5


@dataclass(frozen=True, eq=False)
class Outcome:
    """Metrics of the labelled new rows, each with its interval, or None with the reason.

    ``labelled`` and ``left_out``: rows with an answer (and a weight), and without; ``unknown``:
    value of the target that is no answer → cases. Where there are more than 2²¹ rows, metrics are
    of every ``step``-th.
    """

    labelled: int
    left_out: int
    unknown: dict[str, float]
    step: int
    metrics: dict[str, float | None]
    intervals: dict[str, Interval]
    reasons: dict[str, str]

    def numbers(self) -> dict[str, Any]:
        """Return the metrics and the ends of their intervals by name, for charts over time."""
        found: dict[str, Any] = {
            "labelled_rows": self.labelled,
            "rows_without_an_answer": self.left_out,
        }
        if self.unknown:
            found["unknown_answers"] = {
                cut(value): plain_count(n) for value, n in self.unknown.items()
            }
        for name, value in self.metrics.items():
            if value is None:
                continue
            found[f"answers/{name}"] = value
            if (ends := self.intervals[name].ends) is not None:
                found[f"answers/{name}_low"], found[f"answers/{name}_high"] = ends
        return found

    def lines(self) -> list[str]:
        """Return the metrics as lines of text; the first says of how many rows they are."""
        left = f", {count(self.left_out)} without one left out" if self.left_out else ""
        every = f" (one in {self.step:,})" if self.step > 1 else ""
        lines = [f"against the answers of {count(self.labelled)} rows{every}{left}:"]
        lines += [f"  {SHOWN[name]:<11} {self._shown(name)}" for name in self.metrics]
        if self.unknown:
            values = [f"{cut(v)!r} ({count(plain_count(n))})" for v, n in self.unknown.items()]
            lines.append(f"  not known as answers: {listed(values, UNKNOWN_SHOWN)}")
        return lines

    def _shown(self, name: str) -> str:
        value, interval = self.metrics[name], self.intervals[name]
        if value is None:
            return f"–  ({self.reasons.get(name) or interval.withheld})"
        if interval.ends is None:
            return f"{metric(value)}  (no interval: {interval.withheld})"
        places = max(decimals_for(interval.ends), 2)
        low, high = (fixed(end, places) for end in interval.ends)
        return f"{fixed(value, places)}  ({low} to {high})"


@dataclass(eq=False)
class LabelledScores:
    """Collects answers and scores block by block: at most 2²¹ rows are held, evenly spaced."""

    answers: AnswerCounts
    step: int
    target: str
    weight: str | None
    rows: int = 0
    codes: list[AnswerCodes] = field(default_factory=list)
    scores: list[RowVector] = field(default_factory=list)
    weights: list[RowVector] = field(default_factory=list)
    group: str | None = None
    groups: list[RowHashes] = field(default_factory=list)

    @classmethod
    def of_rows(cls, new_rows: NewRows, held_rows: int = HELD_ROWS) -> "LabelledScores | None":
        """Return an empty collection, or None where the rows have no answers."""
        if new_rows.target is None:
            return None
        answers = AnswerCounts.of_answers(new_rows.table.roles.positive)
        step = max(1, -(-new_rows.table.num_rows // held_rows))
        return cls(answers, step, new_rows.target, new_rows.weight, group=new_rows.group)

    def add(self, batch: pa.RecordBatch, log_odds: RowVector) -> None:
        """Take in the answers of a block, and the log odds (n,) of its probabilities."""
        weight = np.ones(batch.num_rows)
        if self.weight is not None:
            weight = weights_of(batch, self.weight)
            weight = np.where(np.isfinite(weight) & (weight > 0), weight, 0.0)
        codes = self.answers.add(batch.column(self.target), weight)
        chosen = np.flatnonzero((self.rows + np.arange(len(codes))) % self.step == 0)
        self.codes.append(codes[chosen])
        self.scores.append(log_odds[chosen])
        self.weights.append(weight[chosen])
        if self.group is not None:
            self.groups.append(row_hashes(batch, [self.group])[chosen])
        self.rows += len(codes)

    def outcome(self, threshold: float) -> Outcome:
        """Compute the metrics; a row is predicted to be yes where its p is above ``threshold``."""
        codes = np.concatenate([np.empty(0, np.int16), *self.codes])
        weight = np.concatenate([np.empty(0), *self.weights])
        z = np.concatenate([np.empty(0), *self.scores])
        y = self.answers.labels(codes)
        known = ~np.isnan(y) & (weight > 0)
        y, z, weight = y[known], z[known], weight[known]
        groups = None
        if self.group is not None:
            hashes = np.concatenate([np.empty(0, np.uint64), *self.groups])[known]
            groups = np.unique(hashes, return_inverse=True)[1].astype(np.int64)
        labelled = int(known.sum())
        sizes = labelled, len(known) - labelled, self.answers.unknown, self.step
        if not labelled:
            return Outcome(*sizes, {}, {}, {})
        cases = Cases(y, weight, groups)
        found, intervals = _metrics(cases, z, threshold)
        values = {**found.numbers(), "prevalence": float(y @ weight) / cases.total}
        intervals["prevalence"] = _prevalence_interval(cases)
        return Outcome(
            *sizes,
            {name: values[name] for name in SHOWN},
            {name: intervals[name] for name in SHOWN},
            dict(found.reasons),
        )


def _prevalence_interval(cases: Cases) -> Interval:
    """Return Wilson's interval of the share of ones, with groups as units as for other shares."""
    if reason := few_groups(cases):
        return no_interval(reason)
    y, every = cases.labels, np.ones_like(cases.labels)
    share = effective((cases.classes[1], cases.total), y, every, cases)
    return wilson(by_t(share, every, cases))


def _metrics(cases: Cases, z: RowVector, threshold: float) -> tuple[Metrics, dict[str, Interval]]:
    """Return the metrics of rows with log odds z, and their intervals; a group is one unit."""
    y, weight, p = cases.labels, cases.weight, sigmoid(z)
    counts = count_scores(y, z, weight)
    found = evaluate(y, p, weight, z, counts, threshold)
    return found, model_intervals(ScoredCases("new", found, cases, p, z, z, threshold, counts))
