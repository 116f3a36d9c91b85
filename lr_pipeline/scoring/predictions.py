"""Predictions of whole files as a stream of rows, which are counted."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.model_version import version_of
from lr_pipeline.scoring.labelled_scores import HELD_ROWS, LabelledScores, Outcome
from lr_pipeline.scoring.new_rows import NewRows, open_new_rows
from lr_pipeline.scoring.prediction import Mask, Prediction, Predictor
from lr_pipeline.scoring.reasons import Reasons
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.files.parquet import write_blocks
from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.preparation.encoding import NumberEncoding, numbers_of, require_usable
from lr_pipeline.tables.sources.source_content import CONTENT, content_of

METADATA_KEY = b"lr_pipeline.predictions"
ROW = "row"
CHAMPION, NO_CHAMPION = "champion", "not the champion"
SCORE_FIELDS = (
    pa.field("probability", pa.float64()),
    pa.field("lower", pa.float64()),
    pa.field("upper", pa.float64()),
    pa.field("label", pa.int8()),
    pa.field("model_version", pa.string()),
    pa.field("model_status", pa.string()),
    pa.field("out_of_range", pa.string()),
    pa.field("unseen_category", pa.string()),
    pa.field("unexpected_missing", pa.string()),
)


class ScoringError(ValueError):
    """The model or a setting makes scoring impossible."""


@dataclass
class PredictionCounts:
    """Numbers of rows: all, those with label 1, and by feature those with new values."""

    rows: int = 0
    positive: int = 0
    out_of_range_rows: int = 0
    unseen_rows: int = 0
    unexpected_missing_rows: int = 0
    out_of_range: Counter[str] = field(default_factory=Counter)
    unseen: Counter[str] = field(default_factory=Counter)
    unexpected_missing: Counter[str] = field(default_factory=Counter)

    def add(self, prediction: Prediction, label: np.ndarray) -> None:
        """Count the rows of a block."""
        self.rows += len(label)
        self.positive += int(np.count_nonzero(label))
        for masks, features in (
            (prediction.out_of_range, self.out_of_range),
            (prediction.unseen, self.unseen),
            (prediction.unexpected_missing, self.unexpected_missing),
        ):
            features.update({name: int(mask.sum()) for name, mask in masks.items()})
        self.out_of_range_rows += _rows_in_any(prediction.out_of_range)
        self.unseen_rows += _rows_in_any(prediction.unseen)
        self.unexpected_missing_rows += _rows_in_any(prediction.unexpected_missing)


@dataclass
class Predictions:
    """The scores of new rows by one model, computed each time they are written.

    A row has the id of the input (or its number ``row``, from 1), ``probability``, its interval
    ``lower`` to ``upper`` (empty where withheld), ``label`` (1 where probability > ``threshold``,
    which is ``given`` or else the model's own), ``model_version``, ``model_status`` (whether it is
    the champion, and whether its checks failed), and three lists of feature names:
    ``out_of_range`` (the value is outside the training range), ``unseen_category`` (training lacks
    the level) and ``unexpected_missing`` (the value is missing, which no training row lacks).
    ``reasons``, if any, add their columns. ``counts`` and ``outcome``, the metrics where the rows
    carry answers (evenly spaced ones, beyond ``held_rows``), are those of the last pass.
    """

    model: LogisticModel
    new_rows: NewRows
    given: float | None = None
    progress: Callable[[int, int], None] | None = None
    failed_checks: tuple[str, ...] = ()
    reasons: Reasons | None = None
    status: str = NO_CHAMPION
    counts: PredictionCounts = field(default_factory=PredictionCounts)
    outcome: Outcome | None = None
    held_rows: int = HELD_ROWS

    def __post_init__(self) -> None:
        """Compute what depends on the model alone."""
        self.threshold = self.model.decision.threshold if self.given is None else self.given
        self.predictor = Predictor(self.model)
        self.model_version = version_of(self.model)

    @property
    def schema(self) -> pa.Schema:
        """Columns of the result; its metadata say what they mean."""
        key = self.model.preparation.roles.id
        first = pa.field(ROW, pa.int64()) if key is None else self.new_rows.table.schema.field(key)
        document = json.dumps(self.meaning(), ensure_ascii=False, sort_keys=True)
        fields = [first, *SCORE_FIELDS, *(self.reasons.fields if self.reasons else ())]
        return pa.schema(fields, metadata={METADATA_KEY: document.encode()})

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of all that determines the result: files' content, model and threshold."""
        parts = [self.new_rows.content, self.model_version, self.threshold, self.status]
        parts += [self.failed_checks] if self.failed_checks else []
        parts += [self.reasons.to_dict()] if self.reasons else []
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def meaning(self) -> dict[str, Any]:
        """Return the meaning of the columns as plain values."""
        model = self.model
        recalibration = model.decision.recalibration
        return {
            "label": f"1: {model.target} = {model.positive}",
            "threshold": self.threshold,
            "threshold_rule": self.threshold_rule,
            "recalibration": "" if recalibration is None else recalibration.description,
            "model_version": self.model_version,
            "model_status": self.status,
            "interval_level": self.predictor.level,
            "interval_withheld": self.predictor.withheld,
            "train_fingerprint": model.train_fingerprint,
            **({"failed_checks": list(self.failed_checks)} if self.failed_checks else {}),
            **({"reasons": self.reasons.to_dict()} if self.reasons else {}),
            CONTENT: content_of(self.new_rows.files),
        }

    @property
    def threshold_rule(self) -> str:
        """How the threshold was chosen, in words."""
        decision = self.model.decision
        if self.given is None:
            return decision.rule
        return f"given for these rows; the model's own is {decision.threshold:g} ({decision.rule})"

    def blocks(self) -> Iterator[pa.RecordBatch]:
        """Score block by block, in the order of the rows, and count."""
        self.counts, self.outcome = PredictionCounts(), None
        roles = self.model.preparation.roles
        table = self.new_rows.table
        answers = LabelledScores.of_rows(self.new_rows, self.held_rows)
        further = () if answers is None else (answers.target, answers.weight, answers.group)
        wanted = {*roles.features, roles.id, *further}
        columns = [name for name in table.schema.names if name in wanted]
        schema, total = self.schema, table.num_rows
        for batch in prefetched(table.blocks(columns=columns)):
            try:
                yield self._scored(batch, schema, answers)
            except TableError as error:
                raise self._placed(error, batch) from None
            if self.progress is not None:
                self.progress(self.counts.rows, total)
        if table.watch is not None:
            table.watch.require_unchanged(content=True)
        if answers is not None:
            self.outcome = answers.outcome(self.threshold)

    def write_parquet(self, path: Path) -> None:
        """Write the rows, one row group for each block; equal inputs give equal bytes."""
        write_blocks(path, self.schema, self.blocks())

    def metadata(self) -> Mapping[str, Any]:
        """Return the web UI's metadata: counts of the last pass and the meaning of the columns."""
        counts = self.counts
        return {
            "summary": describe_counts(self),
            "dagster/row_count": counts.rows,
            "positive": counts.positive,
            "out_of_range_rows": counts.out_of_range_rows,
            "unseen_category_rows": counts.unseen_rows,
            "unexpected_missing_rows": counts.unexpected_missing_rows,
            "out_of_range": dict(counts.out_of_range),
            "unseen_category": dict(counts.unseen),
            "unexpected_missing": dict(counts.unexpected_missing),
            **({} if self.outcome is None else self.outcome.numbers()),
            **self.meaning(),
        }

    def _placed(self, error: TableError, batch: pa.RecordBatch) -> TableError:
        """Return the error with the file's name, and the row number counted over all blocks."""
        try:
            for one in self.model.preparation.encodings:
                if isinstance(one, NumberEncoding):
                    column, before = batch.column(one.name), self.counts.rows
                    require_usable(one.name, numbers_of(one.name, column, before), before)
        except TableError as placed:
            error = placed
        return TableError(*error.problems, source=self.new_rows.source)

    def _scored(
        self, batch: pa.RecordBatch, schema: pa.Schema, answers: LabelledScores | None
    ) -> pa.RecordBatch:
        prediction = self.predictor.predict(batch)
        if answers is not None:
            answers.add(batch, prediction.log_odds)
        n, key = batch.num_rows, self.model.preparation.roles.id
        start = self.counts.rows + 1
        label = (prediction.probability > self.threshold).astype(np.int8)
        self.counts.add(prediction, label)
        columns = [
            pa.array(np.arange(start, start + n)) if key is None else batch.column(key),
            pa.array(prediction.probability),
            pa.nulls(n, pa.float64()) if prediction.lower is None else pa.array(prediction.lower),
            pa.nulls(n, pa.float64()) if prediction.upper is None else pa.array(prediction.upper),
            pa.array(label),
            pa.repeat(self.model_version, n),
            pa.repeat(self.status, n),
            _named(prediction.out_of_range, n),
            _named(prediction.unseen, n),
            _named(prediction.unexpected_missing, n),
            *(self.reasons.columns(batch, prediction.design) if self.reasons else ()),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=schema)


def score_file(
    model: LogisticModel,
    path: str | Path,
    threshold: float | None = None,
    progress: Callable[[int, int], None] | None = None,
    failed_checks: tuple[str, ...] = (),
    reasons: Reasons | None = None,
    status: str = NO_CHAMPION,
) -> Predictions:
    """Prepare to score CSV or Parquet with ``model``; the columns are compared at once.

    ``path``: a file, a folder of files, a glob or a URL, as for training. ``threshold``: in place
    of the model's own. ``failed_checks``: checks that failed in the model's run; the scores'
    metadata list them. ``reasons``: of this model, for each row. ``status``: whether the model is
    the champion, which each row says.

    Raises
    ------
    SchemaMismatchError
        The columns are not those of training.
    TableError
        A file is missing or unreadable, or the files are not one table.
    ScoringError
        The threshold is not a probability, the model has no ranges, or the id has the name of a
        column of the result.
    """
    if threshold is not None and not 0.0 < threshold < 1.0:
        raise ScoringError(f"expected a threshold between 0 and 1, found {threshold:g}")
    encodings = model.preparation.encodings
    numbers = {one.name for one in encodings if isinstance(one, NumberEncoding)}
    if numbers - model.ranges.keys():
        raise ScoringError(
            "expected a model with the ranges of its training set, found none: it was stored by "
            "an earlier version. Train it again."
        )
    key = model.preparation.roles.id
    added = reasons.fields if reasons else []
    if key in {one.name for one in (*SCORE_FIELDS, *added)}:
        raise ScoringError(f"the id column {key!r} has the name of a result. Rename it and train.")
    new_rows = open_new_rows(path, model.preparation)
    return Predictions(model, new_rows, threshold, progress, failed_checks, reasons, status)


def describe_counts(predictions: Predictions) -> str:
    """Return the counts in one line."""
    counts, model = predictions.counts, predictions.model
    return (
        f"{counts.rows:,} rows by model {predictions.model_version} ({predictions.status}): "
        f"{counts.positive:,} with label 1 ({model.target} = {model.positive}, "
        f"p > {predictions.threshold:g}), "
        f"{counts.out_of_range_rows:,} out of range, "
        f"{counts.unseen_rows:,} with an unseen category, "
        f"{counts.unexpected_missing_rows:,} without a value that every training row has"
    )


def _rows_in_any(masks: Mapping[str, Mask]) -> int:
    return int(np.logical_or.reduce(list(masks.values())).sum()) if masks else 0


def _named(masks: Mapping[str, Mask], n: int) -> pa.Array:
    """Return for each row the names of the features whose mask is set, null if there are none."""
    names = pa.nulls(n, pa.string())
    for name, mask in masks.items():
        longer = pc.coalesce(pc.binary_join_element_wise(names, name, "; "), name)
        names = pc.if_else(pa.array(mask), longer, names)
    return names
