"""Turns a table's features into the design: numbers, with imputed values and coded categories."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from lr_pipeline.core.limits import MAX_COLUMNS
from lr_pipeline.core.rows import Block
from lr_pipeline.core.types import Design
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.preparation.encoding import CategoryEncoding, NumberEncoding
from lr_pipeline.tables.preparation.encoding_fit import (
    MedianLimits,
    fit_encodings,
    holds_text,
)
from lr_pipeline.tables.roles import ColumnRoles, quoted
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import labels
from lr_pipeline.tables.values.reading_rules import NO_RULES, READING, ReadingRules
from lr_pipeline.tables.weights import weights_of

BlockColumns = Float64[np.ndarray, "c n"]
Encoding = NumberEncoding | CategoryEncoding
ENCODINGS: dict[str, type[NumberEncoding] | type[CategoryEncoding]] = {
    "number": NumberEncoding,
    "category": CategoryEncoding,
}


@dataclass(frozen=True)
class Preparation:
    """Encodings of the features, fitted to the training table and applied to any table's blocks.

    Numbers and booleans stay as they are, in float64; a missing one becomes the training median.
    Text becomes one column ``name=level`` of 0 and 1 for each level but the most frequent, the
    reference; missing text becomes the reference. Where a feature is missing in 10 training rows or
    5 % of them, the column ``name=missing`` indicates it. Levels of fewer than 10 rows that are
    less than 1 % of the training rows share one column ``name=(other)``. A level unseen in training
    is counted, and coded like the rare ones, or as the reference if there are none. ``rules`` say
    how words are read in files of new rows.
    """

    roles: ColumnRoles
    encodings: tuple[Encoding, ...]
    rules: ReadingRules = NO_RULES

    @classmethod
    def fit(
        cls, table: Table, aggregate: Aggregate = aggregate_here, limits: MedianLimits | None = None
    ) -> "Preparation":
        """Learn the medians and levels of all features from ``table`` in one pass.

        If the columns with missing values exceed 4 million numbers together, about two more passes
        are needed (``fit_encodings`` says which medians are exact).

        Raises
        ------
        TableError
            A feature is neither number, boolean nor text, or has no value; two design columns
            would have the same name; or there would be more columns than a fit can hold.
        """
        encodings = fit_encodings(table, aggregate, limits)
        names = Counter(column for encoding in encodings for column in encoding.columns)
        twice = [name for name, count in names.items() if count > 1]
        if twice:
            raise table_error(
                f"two columns of the design would be called {quoted(twice)}",
                "Rename a column, or the level 'missing'",
            )
        if len(names) > MAX_COLUMNS:
            raise table_error(
                f"{len(encodings):,} features make {len(names):,} columns of numbers and "
                f"categories; at most {MAX_COLUMNS:,} can be fitted",
                "Name the features that matter in features=, or leave others out with exclude=",
            )
        rules = ReadingRules.from_dict(table.provenance.get(READING, {}))
        return cls(table.roles, tuple(encodings), rules)

    @classmethod
    def of_numbers(cls, table: Table) -> "Preparation | None":
        """Return a preparation that leaves missing numbers NaN; None if a feature is text."""
        names = table.roles.features
        if any(holds_text(table.schema.field(name).type) for name in names):
            return None
        return cls(table.roles, tuple(NumberEncoding(name, np.nan, False) for name in names))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the d design columns."""
        return tuple(column for encoding in self.encodings for column in encoding.columns)

    @cached_property
    def imputes(self) -> bool:
        """Whether any number of the training table is missing."""
        return any(isinstance(one, NumberEncoding) and one.missing for one in self.encodings)

    @property
    def source_columns(self) -> tuple[str, ...]:
        """Columns of the table that a block needs: features, target and weight."""
        roles = self.roles
        weight = () if roles.weight is None else (roles.weight,)
        return (*roles.features, roles.target, *weight)

    def design(self, batch: pa.RecordBatch) -> Design:
        """(n, d) float64 design of a block of rows, without a column of ones, column by column.

        Raises
        ------
        TableError
            A feature is missing, has another type than in training, or is infinite.
        """
        columns = np.zeros((len(self.columns), batch.num_rows))
        self._write_design(batch, columns)
        return columns.T

    def block(self, batch: pa.RecordBatch, out: BlockColumns | None = None) -> Block:
        """Design, labels and weights of a block of rows.

        If ``out``, filled with 0, is given, it is used: it has a row for each column of the design,
        one for the labels, and one for the weights if there are any.
        """
        roles, d = self.roles, len(self.columns)
        if out is None:
            out = np.zeros((self.block_columns, batch.num_rows))
        self._write_design(batch, out[:d])
        out[d] = labels(roles.target, batch.column(roles.target), roles.positive)
        if roles.weight is None:
            return Block(out[:d].T, out[d])
        out[d + 1] = weights_of(batch, roles.weight)
        return Block(out[:d].T, out[d], out[d + 1])

    @property
    def block_columns(self) -> int:
        """Columns of the design, the labels, and the weights if there are any."""
        return len(self.columns) + 1 + (self.roles.weight is not None)

    def _write_design(self, batch: pa.RecordBatch, columns: np.ndarray) -> None:
        start = 0
        for encoding in self.encodings:
            stop = start + len(encoding.columns)
            encoding.write(_feature(batch, encoding.name), columns[start:stop])
            start = stop

    def imputed(self, numbers: Block) -> Block:
        """Return a block of the preparation ``of_numbers`` with its missing numbers imputed."""
        encodings = [one for one in self.encodings if isinstance(one, NumberEncoding)]
        if not self.imputes:
            return numbers
        columns = np.zeros((len(self.columns), len(numbers.y)))
        start = 0
        for encoding, values in zip(encodings, numbers.X.T, strict=True):
            stop = start + len(encoding.columns)
            columns[start] = values
            encoding.impute(columns[start:stop])
            start = stop
        return numbers._replace(X=columns.T)

    def unseen(self, batch: pa.RecordBatch) -> dict[str, int]:
        """Feature → number of rows whose level is unseen in training, if there are any."""
        counts = {
            encoding.name: encoding.unseen(_feature(batch, encoding.name))
            for encoding in self.encodings
            if isinstance(encoding, CategoryEncoding)
        }
        return {name: count for name, count in counts.items() if count}

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; every float is kept exactly."""
        return {
            "roles": self.roles.to_dict(),
            "encodings": [encoding.to_dict() for encoding in self.encodings],
            **({READING: rules} if (rules := self.rules.to_dict()) else {}),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Preparation":
        """Inverse of ``to_dict``."""
        encodings = (ENCODINGS[one["kind"]].from_dict(one) for one in values["encodings"])
        rules = ReadingRules.from_dict(values.get(READING, {}))
        return cls(ColumnRoles.from_dict(values["roles"]), tuple(encodings), rules)


def _feature(batch: pa.RecordBatch, name: str) -> pa.Array:
    place = batch.schema.get_field_index(name)
    if place < 0:
        raise table_error(
            f"feature {name!r} is missing; there are: {quoted(batch.schema.names)}",
            "Give the columns that the model was trained on",
            name,
        )
    return batch.column(place)
