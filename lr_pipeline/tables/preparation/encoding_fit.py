"""Fits each feature's encoding to the training table: its median, or its levels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import pyarrow as pa
import pyarrow.types as pt

from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.errors import Problem, TableError
from lr_pipeline.tables.level_counts import LevelCounts, plain_count
from lr_pipeline.tables.preparation.encoding import (
    CategoryEncoding,
    NumberEncoding,
    all_finite,
    require_finite,
    stored_numbers,
)
from lr_pipeline.tables.preparation.medians import Bracket, finish_medians
from lr_pipeline.tables.preparation.weighted_medians import WeightedBracket
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.values.column_values import is_text
from lr_pipeline.tables.weights import weights_of

RARE_ROWS, RARE_SHARE = 10, 0.01
INDICATOR_ROWS, INDICATOR_SHARE = 10, 0.05


@dataclass(frozen=True)
class MedianLimits:
    """Limits of the values held for medians, and of the tables whose medians are all exact."""

    held_values: int = 4_000_000  # 32 MB
    sent_values: int = 2**18  # held where brackets are sent from one process to another
    smallest_sample: int = 256  # of a column
    exact_rows: int = 100_000  # medians of tables of at most this number of rows are exact


LIMITS = MedianLimits()


class _Features(NamedTuple):
    """Numbers of rows and cases, and each feature's bracket of the median or level counts."""

    rows: int
    cases: float
    brackets: dict[str, Bracket]
    levels: dict[str, LevelCounts]


def _features(
    brackets: dict[str, Bracket],
    texts: Sequence[str],
    weight_column: str | None,
    batch: pa.RecordBatch,
) -> _Features:
    """Count the rows and the levels of ``texts``, and collect numbers within their brackets."""
    weight = None if weight_column is None else weights_of(batch, weight_column)
    return _Features(
        batch.num_rows,
        float(batch.num_rows if weight is None else weight.sum()),
        _collected(brackets, weight_column, batch),
        {name: LevelCounts.of(batch.column(name), weight) for name in texts},
    )


def _collected(
    brackets: dict[str, Bracket], weight_column: str | None, batch: pa.RecordBatch
) -> dict[str, Bracket]:
    """Collect the values of numeric features that lie within their brackets."""
    weight = None if weight_column is None else weights_of(batch, weight_column)
    found = {}
    for name, bracket in brackets.items():
        values = stored_numbers(name, batch.column(name))
        complete = all_finite(values)
        if not complete:
            require_finite(name, values)
        found[name] = bracket.collected(values, weight, complete)
    return found


def fit_encodings(
    table: Table, aggregate: Aggregate = aggregate_here, limits: MedianLimits | None = None
) -> list[NumberEncoding | CategoryEncoding]:
    """Learn every feature's median or levels from the training table's blocks.

    A median that imputes training rows is exact. The median of a column without missing values can
    only impute later rows. Beyond 100,000 rows, if one pass cannot hold the columns, it is the
    median of evenly spaced rows: a sample of at most 4 million values of all columns. For m values
    the standard deviation of its rank is 1 / (2 √m) of the rows: 0.2 % for 20 columns.

    Raises
    ------
    TableError
        A feature is neither number, boolean nor text, is infinite, or has no value.
    """
    limits = limits or LIMITS
    features, weight = table.roles.features, table.roles.weight
    kinds = {field.name: field.type for field in table.schema}
    names = [name for name in features if not holds_text(kinds[name])]
    texts = [name for name in features if holds_text(kinds[name])]
    held = limits.held_values if aggregate is aggregate_here else limits.sent_values
    capacity = max(limits.smallest_sample, held // max(1, len(names)))
    columns = features if weight is None else [*features, weight]
    kind = Bracket if weight is None else WeightedBracket
    empty = {name: kind(capacity) for name in names}
    found = aggregate(table, columns, partial(_features, empty, texts, weight))
    known = {name for name, bracket in found.brackets.items() if bracket.total}
    known |= {name for name, counts in found.levels.items() if counts.known}
    _require_values([name for name in features if name not in known])
    encodings: dict[str, NumberEncoding | CategoryEncoding] = {
        one.name: one for one in _numbers(table, aggregate, found, limits)
    }
    encodings |= {name: _category(name, counts.merged()) for name, counts in found.levels.items()}
    return [encodings[name] for name in features]


def _numbers(
    table: Table, aggregate: Aggregate, found: _Features, limits: MedianLimits
) -> Iterator[NumberEncoding]:
    """Encode numbers, with exact medians for the columns that need them, else a sample's."""
    brackets, weight = found.brackets, table.roles.weight
    sampled = {
        name: bracket.sample_median()
        for name, bracket in brackets.items()
        if found.rows > limits.exact_rows and not bracket.missing and bracket.thinned
    }
    for name, (median, sample) in sampled.items():
        yield NumberEncoding(name, median, marks_missing=False, sampled_rows=sample)
    exact = [name for name in brackets if name not in sampled]
    missing = {name: plain_count(brackets[name].missing) for name in exact}

    def fill(chosen: list[int], narrowed: list[Bracket]) -> list[Bracket]:
        wanted = {exact[j]: bracket for j, bracket in zip(chosen, narrowed, strict=True)}
        columns = [*wanted, *([] if weight is None else [weight])]
        return list(aggregate(table, columns, partial(_collected, wanted, weight)).values())

    medians = finish_medians([brackets[name] for name in exact], fill)
    for name, median in zip(exact, medians, strict=True):
        indicator = _needs_indicator(missing[name], found.cases)
        yield NumberEncoding(name, median, indicator, missing=missing[name])


def _needs_indicator(missing: int | float, cases: int | float) -> bool:
    """Whether the missing cases get an indicator: if they are 10, or 5 % of the cases if fewer.

    A column that is 1 in one row, or in a few rows of one class, separates the classes: because
    of one empty cell the maximum-likelihood estimate would not exist.
    """
    return missing > 0 and missing >= min(INDICATOR_ROWS, INDICATOR_SHARE * cases)


def _category(name: str, counts: LevelCounts) -> CategoryEncoding:
    """Encode a category: the most frequent level is the reference, rare levels are pooled.

    A level is rare with fewer than 10 training cases that are also less than 1 % of them.
    """
    known = counts.known
    reference = min(known, key=lambda level: (-known[level], level))
    enough = min(RARE_ROWS, RARE_SHARE * counts.total)
    others = sorted(level for level in known if level != reference)
    levels = tuple(level for level in others if known[level] >= enough)
    pooled = tuple(level for level in others if known[level] < enough)
    indicator = _needs_indicator(counts.missing, counts.total)
    return CategoryEncoding(name, reference, levels, indicator, pooled, counts.missing)


def holds_text(kind: pa.DataType) -> bool:
    """Whether a feature of this type has levels instead of a median."""
    return is_text(kind.value_type if pt.is_dictionary(kind) else kind)


def _require_values(empty: Sequence[str]) -> None:
    problems = [
        Problem(
            f"feature {name!r} has no value in the training rows", f"Set exclude=[{name!r}]", name
        )
        for name in empty
    ]
    if problems:
        raise TableError(*problems)
