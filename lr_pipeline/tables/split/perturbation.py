"""Checks that the preparation used no test row: it must not change when test rows change."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.files.parquet import RowGroups
from lr_pipeline.tables.preparation.encoding_fit import MedianLimits
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.roles import with_metadata
from lr_pipeline.tables.row_choice import OtherRows, RowChoice, choice_within
from lr_pipeline.tables.split.split_policy import SplitPolicy
from lr_pipeline.tables.split.split_table import choose_rows
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.values.column_values import is_text, plain_values
from lr_pipeline.tables.values.decimals import LARGEST_EXACT_INTEGER

STRANGE_LEVEL = "\N{REPLACEMENT CHARACTER} perturbed"


def moved_by_test_rows(
    dataset: Table,
    train: Table,
    aggregate: Aggregate = aggregate_here,
    limits: MedianLimits | None = None,
    in_train: RowChoice | None = None,
    known: Preparation | None = None,
) -> list[str]:
    """Features whose fitted median, levels or missing indicator change with the test rows.

    ``train`` is the training part of ``dataset``, ``in_train`` the split's choice of its rows, and
    ``known`` the preparation that was fitted to it, if it was.
    Every feature of the test rows is replaced: in half of them by its type's extreme value or a new
    level, in the others by a missing value. The target and the columns that the split depends on
    stay, so that the split gives the same training rows. The preparation that is fitted to them
    must then be exactly the same as that of ``train``, or else as that of the rows chosen from the
    dataset, since medians of a sample depend on how the rows are cut into parts. A row with cases
    in both parts is not changed.
    """
    if in_train is None:
        in_train, _ = chosen_rows(dataset, train)
    perturbed = perturbed_table(dataset, OtherRows(in_train)).where(in_train)
    fitted = Preparation.fit(perturbed, aggregate, limits)
    if known is None and aggregate is aggregate_here:
        known = Preparation.fit(train, aggregate, limits)
    moved = [] if known is None else encoded_otherwise(known, fitted)
    if known is None or moved:
        rows = dataset.where(in_train)
        moved = encoded_otherwise(Preparation.fit(rows, aggregate, limits), fitted)
    return moved


def chosen_rows(dataset: Table, train: Table) -> tuple[RowChoice, RowChoice]:
    """Return the choices of training rows and of test rows by the policy that made ``train``."""
    return choose_rows(dataset, SplitPolicy(**train.provenance["split"]["policy"]))


def encoded_otherwise(one: Preparation, other: Preparation) -> list[str]:
    """Features whose fitted values differ between two preparations."""
    first, second = ({found.name: found for found in each.encodings} for each in (one, other))
    return [name for name in first | second if first.get(name) != second.get(name)]


def perturbed_table(dataset: Table, chosen: RowChoice) -> "PerturbedTable":
    """Return the same table with other feature values in the chosen rows."""
    return PerturbedTable(dataset.data, dataset.roles, holder=dataset.holder, perturbed=chosen)


@dataclass(frozen=True, eq=False, repr=False)
class PerturbedTable(Table):
    """A table whose chosen rows get other feature values each time they are read."""

    perturbed: RowChoice | None = None

    @cached_property
    def schema(self) -> pa.Schema:
        """The table's schema, with features in plain types instead of dictionaries or decimals."""
        features = set(self.roles.features)
        fields = [
            field.with_type(plain_values(pa.array([], field.type)).type)
            if field.name in features
            else field
            for field in super().schema
        ]
        return with_metadata(pa.schema(fields), self.roles, self.provenance)

    def part(self, groups: RowGroups) -> "PerturbedTable":
        """Return the rows in some row groups, perturbed as in the whole table."""
        choice = self.perturbed and choice_within(self.perturbed, groups.first_row, groups.num_rows)
        same = replace(self, perturbed=choice)
        return cast(PerturbedTable, super(PerturbedTable, same).part(groups))

    def _stored_batches(self, rows: int, names: list[str]) -> Iterator[pa.RecordBatch]:
        choice, features = self.perturbed, set(self.roles.features)
        start = self.first_row
        key = [] if choice is None or choice.column is None else [choice.column]
        needed = list(dict.fromkeys([*names, *key]))
        for batch in super()._stored_batches(rows, needed):
            mask = np.zeros(batch.num_rows, bool) if choice is None else choice.mask(batch, start)
            start += batch.num_rows
            columns = [
                _replaced(plain_values(batch.column(name)), mask)
                if name in features
                else batch.column(name)
                for name in names
            ]
            yield pa.RecordBatch.from_arrays(columns, names) if names else batch.select(names)


def _replaced(column: pa.Array, mask: np.ndarray) -> pa.Array:
    """Replace the values of the mask: every second one becomes missing, the others extreme."""
    places = np.flatnonzero(mask)
    missing = np.zeros(len(mask), bool)
    missing[places[1::2]] = True
    strange = pc.invert(column) if pt.is_boolean(column.type) else _strange(column.type)
    if strange is not None:
        column = pc.if_else(pa.array(mask), strange, column)
    return pc.if_else(pa.array(missing), pa.scalar(None, column.type), column)


def _strange(kind: pa.DataType) -> pa.Scalar | None:
    """The largest number of a type, or a text that does not occur in tables."""
    if is_text(kind):
        return pa.scalar(STRANGE_LEVEL, kind)
    if pt.is_floating(kind):
        return pa.scalar(np.finfo(kind.to_pandas_dtype()).max, kind)
    if pt.is_integer(kind):
        return pa.scalar(min(LARGEST_EXACT_INTEGER, np.iinfo(kind.to_pandas_dtype()).max), kind)
    return None
