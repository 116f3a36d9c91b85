"""A scorecard of bins: weight of evidence of each column, and a logistic regression on them."""

from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

import numpy as np
import pyarrow as pa
from jaxtyping import Float64, Int64

from lr_pipeline.core.ranking import roc_auc
from lr_pipeline.core.types import RowVector
from lr_pipeline.estimators import fit_logistic
from lr_pipeline.export.export_error import ExportError
from lr_pipeline.export.scorecard.binning import Edges, bin_of, monotone_edges
from lr_pipeline.export.scorecard.card import (
    MISSING,
    OTHER,
    Attribute,
    CardColumn,
    Scorecard,
    rounded,
)
from lr_pipeline.export.scorecard.weight_of_evidence import (
    Bins,
    information_value,
    weights_of_evidence,
)
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.point_scale import PointScale
from lr_pipeline.tables.preparation.encoding import CategoryEncoding, NumberEncoding, numbers_of
from lr_pipeline.tables.preparation.preparation import Encoding
from lr_pipeline.tables.row_choice import EveryRow
from lr_pipeline.tables.table import Table

MOST_ROWS = 500_000  # of the training rows, evenly spaced, from which bins are chosen
Places = Int64[np.ndarray, " n"]


@dataclass(frozen=True, eq=False)
class BinnedColumn:
    """The bins of one column: ``edges`` of a number, or levels; ``texts`` and ``woe`` (k,) of each.

    The bin of missing numbers is the last one; if there is none, they are imputed.
    """

    encoding: Encoding
    edges: Edges
    texts: tuple[str, ...]
    positives: Bins
    others: Bins
    missing_bin: bool

    @property
    def woe(self) -> Bins:
        """The weights of evidence."""
        return weights_of_evidence(self.positives, self.others)

    def places(self, column: pa.Array) -> Places:
        """Return the bin (n,) of each value of a block."""
        return _places(self.encoding, self.edges, self.missing_bin, column)


@dataclass(frozen=True, eq=False)
class BinnedScore:
    """z = ``intercept`` + Σ ``coefficients`` · WoE of the row's bins, and its scorecard."""

    card: Scorecard
    columns: tuple[BinnedColumn, ...]
    intercept: float
    coefficients: Float64[np.ndarray, " q"]

    def log_odds(self, table: Table) -> RowVector:
        """Return z of every row of a table."""
        return self._added(
            table,
            self.intercept,
            [
                beta * column.woe
                for beta, column in zip(self.coefficients.tolist(), self.columns, strict=True)
            ],
        )

    def points(self, table: Table) -> RowVector:
        """Return the sum of the card's points of every row of a table."""
        return self._added(
            table,
            self.card.base_points,
            [np.array([one.points for one in column.attributes]) for column in self.card.columns],
        )

    def _added(self, table: Table, start: float, parts: list[Bins]) -> RowVector:
        names = [column.encoding.name for column in self.columns]
        found = [np.empty(0)]
        for batch in table.blocks(columns=[one for one in table.schema.names if one in names]):
            total = np.full(batch.num_rows, start)
            for column, part in zip(self.columns, parts, strict=True):
                total += part[column.places(batch.column(column.encoding.name))]
            found.append(total)
        return np.concatenate(found)


def binned_score(
    model: LogisticModel,
    train: Table,
    test: Table | None,
    scale: PointScale,
    most: int,
    digits: int,
    title: str,
) -> BinnedScore:
    """Fit a scorecard of at most ``most`` bins a number to the model's columns.

    Bins and weights of evidence are of the training rows alone (of 500,000 evenly spaced ones of
    more). The regression on the weights is one of maximum likelihood, or Firth's where the classes
    are separated. The points of column j, bin k are factor · (βⱼ WoEⱼₖ + w₀ / q) + offset / q for q
    columns (Siddiqi, chapter 6), rounded. The notes compare it with the model on the test rows.

    Raises
    ------
    ExportError
        No column has two bins.
    """
    step = max(1, ceil(train.num_rows / MOST_ROWS))
    rows = train.where(EveryRow(step)) if step > 1 else train
    y, given = rows.labels(), rows.weights()
    weight = np.ones(len(y)) if given is None else given
    found = [_binned(one, rows, y, weight, most) for one in model.preparation.encodings]
    columns = tuple(column for column in found if len(column.texts) > 1)
    if not columns:
        raise ExportError("no column has two bins whose rates differ: there is no scorecard.")
    woe = np.column_stack(
        [one.woe[one.places(_column(rows, one.encoding.name))] for one in columns]
    )
    fit = fit_logistic(woe, y, weight, "auto", standard_errors=False)
    coefficients, intercept = np.asarray(fit.coefficients), float(fit.intercept)
    card = Scorecard(
        title,
        scale,
        0.0,
        tuple(
            _card_column(column, beta, intercept / len(columns), len(columns), scale, digits)
            for column, beta in zip(columns, coefficients.tolist(), strict=True)
        ),
        digits,
    )
    score = BinnedScore(card, columns, intercept, coefficients)
    left_out = [column.encoding.name for column in found if len(column.texts) < 2]
    notes = tuple(_notes(score, model, train, test, step, left_out))
    return replace(score, card=replace(card, notes=notes))


def _binned(
    encoding: Encoding, rows: Table, y: RowVector, weight: RowVector, most: int
) -> BinnedColumn:
    column = _column(rows, encoding.name)
    edges: Edges = ()
    missing_bin = False
    if isinstance(encoding, NumberEncoding):
        x = numbers_of(encoding.name, column)
        missing = np.isnan(x)
        missing_bin = encoding.marks_missing and _both(y[missing], weight[missing])
        known = ~missing if missing_bin else np.ones(len(x), bool)
        filled = np.where(missing, encoding.median, x)
        edges = monotone_edges(filled[known], y[known], weight[known], most)
        texts = _ranges(edges) + ((MISSING,) if missing_bin else ())
    else:
        texts = (
            *encoding.levels,
            *([OTHER] if encoding.pooled else []),
            *([MISSING] if encoding.marks_missing else []),
            encoding.reference,
        )
    places = _places(encoding, edges, missing_bin, column)
    positives = np.bincount(places, weights=weight * y, minlength=len(texts))
    others = np.bincount(places, weights=weight, minlength=len(texts)) - positives
    return BinnedColumn(encoding, edges, texts, positives, others, missing_bin)


def _places(encoding: Encoding, edges: Edges, missing_bin: bool, column: pa.Array) -> Places:
    if isinstance(encoding, CategoryEncoding):
        design = np.zeros((len(encoding.columns) + 1, len(column)))
        encoding.write(column, design[:-1])
        design[-1] = 1.0 - design[:-1].sum(axis=0)  # the reference
        return np.asarray(design.argmax(axis=0), dtype=np.int64)
    x = numbers_of(encoding.name, column)
    missing = np.isnan(x)
    bins = bin_of(np.where(missing, encoding.median, x), edges)
    if missing_bin:
        bins = np.where(missing, len(edges) + 1, bins)
    return np.asarray(bins, dtype=np.int64)


def _column(rows: Table, name: str) -> pa.Array:
    return rows.column(name).combine_chunks()


def _both(y: RowVector, weight: RowVector) -> bool:
    """Tell whether there are positive cases and others."""
    return bool((weight * y).sum() > 0.0 and (weight * (1.0 - y)).sum() > 0.0)


def _ranges(edges: Edges) -> tuple[str, ...]:
    if not edges:
        return ("all",)
    shown = [f"{edge:.6g}" for edge in edges]
    if len(set(shown)) < len(shown):
        shown = [repr(edge) for edge in edges]
    between = [f"{low} to < {high}" for low, high in pairwise(shown)]
    return (f"< {shown[0]}", *between, f"≥ {shown[-1]}")


def _card_column(
    column: BinnedColumn, beta: float, share: float, q: int, scale: PointScale, digits: int
) -> CardColumn:
    attributes = []
    for text, woe, positives, others in zip(
        column.texts,
        *(one.tolist() for one in (column.woe, column.positives, column.others)),
        strict=True,
    ):
        log_odds = beta * woe + share
        points = rounded(scale.factor * log_odds + scale.offset / q, digits)
        attributes.append(Attribute(text, points, log_odds, positives + others, positives, woe))
    value = information_value(column.positives, column.others)
    return CardColumn(column.encoding.name, tuple(attributes), value)


def _notes(
    score: BinnedScore,
    model: LogisticModel,
    train: Table,
    test: Table | None,
    step: int,
    left_out: list[str],
) -> list[str]:
    rows = train if test is None or not test.num_rows else test
    which = "training rows" if rows is train else "test rows"
    y, given = rows.labels(), rows.weights()
    weight = np.ones(len(y)) if given is None else given
    points, exact = score.points(rows), score.card.scale.points(score.log_odds(rows))
    notes = []
    if 0.0 < float(weight @ y) < float(weight.sum()):
        own, binned = (
            roc_auc(y, z, weight)
            for z in (model.linear_predictor(rows), score.card.scale.log_odds(points))
        )
        notes.append(
            f"A model of its own: AUC {binned:.3f} on the {which}, that of the table's model is "
            f"{own:.3f}."
        )
    notes.append(
        f"Rounding moves a row's points by at most {np.abs(points - exact).max(initial=0.0):.2g}."
    )
    against = [
        column.encoding.name
        for column, beta in zip(score.columns, score.coefficients.tolist(), strict=True)
        if beta < 0.0
    ]
    if against:
        notes.append(
            f"Points run against the rates of these columns, which overlap with others: "
            f"{', '.join(against)}."
        )
    if left_out:
        notes.append(f"Left out, one bin only: {', '.join(left_out)}.")
    if step > 1:
        notes.append(f"Bins are of 1 in {step} training rows, evenly spaced.")
    return notes
