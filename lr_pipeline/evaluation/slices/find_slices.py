"""Cut the test rows into parts by each column, and look at a model in each."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from lr_pipeline.evaluation.analysed_rows import MOST_NUMBERS, MOST_ROWS
from lr_pipeline.evaluation.comparisons.holm import holm
from lr_pipeline.evaluation.findings import HeldOutRows, ModelSection
from lr_pipeline.evaluation.slices.protected_groups import ProtectedColumn, protected_column
from lr_pipeline.evaluation.slices.row_partitions import Encodings, partitions_by
from lr_pipeline.evaluation.slices.slice_results import ScoredRows, Slice, slices_of
from lr_pipeline.evaluation.slices.slices import Slices
from lr_pipeline.tables.aggregate import Aggregate
from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.roles import quoted
from lr_pipeline.tables.row_choice import EveryRow
from lr_pipeline.tables.table import Table

FEATURES_SLICED = 100  # the largest effects
MOST_SLICES = 500  # those with the most cases


def require_protected(protected: Sequence[str], test_set: Table) -> None:
    """Raise ``TableError`` for a protected column that the test set does not have."""
    names = test_set.schema.names
    for name in protected:
        if name not in names or name == test_set.roles.target:
            raise table_error(
                f"protected column {name!r} is not among the columns of the test set: "
                f"{quoted(one for one in names if one != test_set.roles.target)}",
                f"Declare it with the table (protected=[{name!r}], --protected), which keeps it",
                name,
            )


def find_slices(
    section: ModelSection,
    held_out: HeldOutRows,
    test_set: Table,
    aggregate: Aggregate,
    encodings: Encodings,
    by_effect: Sequence[str],
    protected: Sequence[str],
    most_rows: int = MOST_ROWS,
) -> Slices:
    """Look at a logistic model in the parts of every feature, and in protected groups.

    ``by_effect``: the features, the largest effects first. ``protected``: columns of the test set
    besides those that are declared with the table. Every k-th row is looked at where there are more
    than ``most_rows``.
    """
    guarded = list(dict.fromkeys([*test_set.roles.protected, *protected]))
    features = list(by_effect[:FEATURES_SLICED])
    columns = list(dict.fromkeys([*features, *guarded]))
    most = max(1, min(most_rows, MOST_NUMBERS // max(len(columns), 1)))
    every = max(1, -(-len(held_out.labels) // most))
    data = _gathered(test_set, columns, aggregate, held_out.step * every)
    rows, counted = _scored(section, held_out, every)
    weight = None if held_out.weight is None else rows.weight
    found: list[Slice] = []
    groups: list[ProtectedColumn] = []
    smaller = 0
    for column in columns:
        values = data.pop(column)
        values = values if counted.all() else values.filter(pa.array(counted))
        parts = list(partitions_by(column, values, weight, encodings))
        if column in features:
            for part in parts:
                shown, few = slices_of(part, rows)
                found, smaller = found + shown, smaller + few
        if column in guarded and parts:
            groups.append(protected_column(parts[0], rows, section.threshold))
    kept = sorted(found, key=lambda one: -one.cases)[:MOST_SLICES]
    return Slices(
        name=section.name,
        title=section.title,
        rows=held_out.described(every),
        threshold=section.threshold,
        slices=_worst_first(kept),
        smaller=smaller,
        left_out=len(by_effect) - len(features),
        cut=len(found) - len(kept),
        protected=groups,
    )


def _gathered(
    test_set: Table, columns: list[str], aggregate: Aggregate, step: int
) -> dict[str, pa.Array]:
    """Return columns of every ``step``-th row."""
    drawn = test_set if step == 1 else test_set.where(EveryRow(step))
    pieces = aggregate(drawn, columns, _columns_of)
    return {name: _one_array(pieces.pop(name)) for name in columns}  # the pieces are freed


def _columns_of(batch: pa.RecordBatch) -> dict[str, list[pa.Array]]:
    return {name: [batch.column(name)] for name in batch.schema.names}


def _one_array(pieces: list[pa.Array]) -> pa.Array:
    found = pa.chunked_array(pieces).combine_chunks()  # one dictionary for all, if there are any
    return found if isinstance(found, pa.Array) else pa.concat_arrays(found.chunks)


def _scored(
    section: ModelSection, held_out: HeldOutRows, every: int
) -> tuple[ScoredRows, np.ndarray]:
    """Return every k-th row's scores, and which of them count."""
    y, p = held_out.labels[::every], section.probabilities[::every]
    z, weight, group = section.score[::every], np.ones_like(y), None
    if held_out.group is not None:
        group = np.unique(held_out.group[::every], return_inverse=True)[1]
    if held_out.weight is None:
        return ScoredRows(y, p, z, weight, group), np.ones(len(y), bool)
    weight = held_out.weight[::every]
    counted = weight > 0
    group = None if group is None else group[counted]
    return ScoredRows(y[counted], p[counted], z[counted], weight[counted], group), counted


def _worst_first(slices: list[Slice]) -> list[Slice]:
    """Order by p-value, corrected for all that have one; the others follow by their difference."""
    tested = [one for one in slices if one.p_value is not None]
    corrected = holm([one.p_value for one in tested if one.p_value is not None])
    tested = [replace(one, p_holm=p) for one, p in zip(tested, corrected, strict=True)]
    tested.sort(key=lambda one: (one.p_value, -abs(one.difference)))
    others = [one for one in slices if one.p_value is None]
    return tested + sorted(others, key=lambda one: -abs(one.difference))
