"""Counts new rows in the cells of a reference profile: one pass, memory that rows do not change."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from lr_pipeline.core.types import RowVector
from lr_pipeline.lifecycle.drift.effect_sizes import CellCounts
from lr_pipeline.lifecycle.drift.group_sizes import GroupSizes
from lr_pipeline.lifecycle.drift.reference_profile import (
    CategoryProfile,
    NumberProfile,
    ReferenceProfile,
)
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.scoring.new_answers import AnswerCounts
from lr_pipeline.scoring.new_rows import NewRows
from lr_pipeline.tables.errors import TableError, table_error
from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.preparation.encoding import (
    CategoryEncoding,
    numbers_of,
)
from lr_pipeline.tables.values.row_hash import row_hashes
from lr_pipeline.tables.weights import weights_of

NAMES_COUNTED = 1_000  # unseen levels of a category


@dataclass
class NumberCounts:
    """New cases of a number.

    ``bins`` (points + 1,): up to the first point of the profile, between two points, beyond the
    last. ``below`` and ``above``: cases outside the range of all training rows. ``total``: Σ of the
    values less the training mean. ``distances`` (points,): Σ of the distance up to the next point;
    ``excess``: Σ of the distance beyond the last.
    """

    bins: CellCounts
    distances: CellCounts
    missing: float = 0.0
    below: float = 0.0
    above: float = 0.0
    total: float = 0.0
    excess: float = 0.0

    @classmethod
    def empty(cls, profile: NumberProfile) -> "NumberCounts":
        """Return counts of no rows."""
        points = len(profile.points)
        return cls(np.zeros(points + 1), np.zeros(points))

    @property
    def known(self) -> float:
        """Cases that have a value."""
        return float(self.bins.sum())

    def add(self, profile: NumberProfile, values: RowVector, weight: RowVector | None) -> None:
        """Count the rows of a block, NaN as missing; without weights each row is one case."""
        known = ~np.isnan(values)
        if not known.all():
            missing = ~known if weight is None else weight[~known]
            self.missing += float(missing.sum())
            values, weight = values[known], None if weight is None else weight[known]
        points = profile.points
        if not len(points):
            self.bins[0] += len(values) if weight is None else float(weight.sum())
            return
        if weight is None:  # sorted numbers are counted in a part of the time
            values = np.sort(values)
            cases = np.ones(len(values))
            places = np.searchsorted(values, points, side="right")
            bins = np.repeat(
                np.arange(len(points) + 1), np.diff(places, prepend=0, append=len(values))
            )
        else:
            cases, bins = weight, np.searchsorted(points, values)
        self.bins += np.bincount(bins, cases, len(points) + 1)
        self.below += float(cases[values < profile.least].sum())
        self.above += float(cases[values > profile.greatest].sum())
        self.total += float((values - profile.mean) @ cases)
        ends = np.append(points, points[-1])
        sums = np.bincount(bins, (ends[bins] - values) * cases, len(ends))
        self.distances += sums[:-1]
        self.excess -= float(sums[-1])


@dataclass
class CategoryCounts:
    """New cases of a category: of each level of the profile, of rare and of unseen ones.

    ``names``: cases of unseen levels. ``cells``: level of the profile → its place.
    """

    levels: CellCounts
    other: float = 0.0
    unseen: float = 0.0
    missing: float = 0.0
    names: Counter[str] = field(default_factory=Counter)
    cells: dict[str, int] = field(default_factory=dict)

    @classmethod
    def empty(cls, profile: CategoryProfile) -> "CategoryCounts":
        """Return counts of no rows."""
        cells = {level: cell for cell, level in enumerate(profile.levels)}
        return cls(np.zeros(len(profile.levels)), cells=cells)

    @property
    def known(self) -> float:
        """Cases that have a value."""
        return float(self.levels.sum()) + self.other + self.unseen

    def add(self, encoding: CategoryEncoding, column: pa.Array, weight: RowVector) -> None:
        """Count the rows of a block."""
        values, places = encoding.places(column)
        missing = values.is_null().to_numpy(zero_copy_only=False)
        unseen = places.is_null().to_numpy(zero_copy_only=False) & ~missing
        k, n = len(self.levels), len(encoding.names)
        found = np.bincount(places.fill_null(n).to_numpy(), weight, n + 1)[:-1]
        cells = np.array([self.cells.get(name, k) for name in encoding.names])
        sums = np.bincount(cells, found, k + 1)
        self.levels += sums[:-1]
        self.other += float(sums[-1])
        self.missing += float(weight[missing].sum())
        if unseen.any():
            self.unseen += float(weight[unseen].sum())
            self._name(values.filter(pa.array(unseen)).dictionary_encode(), weight[unseen])

    def _name(self, coded: pa.DictionaryArray, weight: RowVector) -> None:
        """Count unseen levels by name, as long as there are not too many of them."""
        names = coded.dictionary.to_pylist()
        sums = np.bincount(coded.indices.to_numpy(), weight, len(names))
        for name, cases in zip(names, sums.tolist(), strict=True):
            if name in self.names or len(self.names) < NAMES_COUNTED:
                self.names[name] += cases


FeatureCounts = NumberCounts | CategoryCounts


@dataclass
class NewCounts:
    """Counts of new rows: in all, of each feature and of the score.

    ``answers`` and ``groups`` are there if the rows have these columns.
    """

    features: dict[str, FeatureCounts]
    score: NumberCounts
    rows: int = 0
    cases: float = 0.0
    answers: AnswerCounts | None = None
    groups: GroupSizes | None = None

    @classmethod
    def empty(cls, reference: ReferenceProfile) -> "NewCounts":
        """Return counts of no rows."""
        return cls(
            {
                one.name: NumberCounts.empty(one)
                if isinstance(one, NumberProfile)
                else CategoryCounts.empty(one)
                for one in reference.features
            },
            NumberCounts.empty(reference.score),
        )


def count_new_rows(
    model: LogisticModel, reference: ReferenceProfile, new_rows: NewRows
) -> NewCounts:
    """Count the new rows in the cells of their model's reference profile; one pass.

    Rows count by their weight if they have the model's weight column. The prevalence needs the
    target's column.

    Raises
    ------
    TableError
        A value cannot be used, or the file changed meanwhile.
    """
    table, roles = new_rows.table, model.preparation.roles
    counts = NewCounts.empty(reference)
    weight, target, group = new_rows.weight, new_rows.target, new_rows.group
    if target is not None:
        counts.answers = AnswerCounts.of_answers(reference.positive, reference.answers)
    if group is not None:
        counts.groups = GroupSizes()
    wanted = {*roles.features, target, weight, group}
    columns = [name for name in table.schema.names if name in wanted]
    for batch in prefetched(table.blocks(columns=columns)):
        try:
            _add(counts, model, reference, batch, weight)
        except TableError as error:
            placed = error.after(counts.rows)
            raise TableError(*placed.problems, source=new_rows.source) from None
    if table.watch is not None:
        table.watch.require_unchanged(content=True)
    return counts


def _add(
    counts: NewCounts,
    model: LogisticModel,
    reference: ReferenceProfile,
    batch: pa.RecordBatch,
    weight_column: str | None,
) -> None:
    given = None
    if weight_column is not None:
        given = usable_weights(weights_of(batch, weight_column), weight_column)
    weight = np.ones(batch.num_rows) if given is None else given
    counts.score.add(reference.score, model.predictor.of_block(batch), given)
    for encoding in model.preparation.encodings:
        profile, found = reference.by_name[encoding.name], counts.features[encoding.name]
        column = batch.column(encoding.name)
        if isinstance(found, CategoryCounts):
            assert isinstance(encoding, CategoryEncoding)
            found.add(encoding, column, weight)
        else:
            assert isinstance(profile, NumberProfile)
            found.add(profile, numbers_of(encoding.name, column), given)
    if counts.answers is not None:
        counts.answers.add(batch.column(model.target), weight)
    if counts.groups is not None:
        counts.groups.add(row_hashes(batch, [str(model.preparation.roles.group)]), weight)
    counts.rows += batch.num_rows
    counts.cases += float(weight.sum())


def usable_weights(weight: RowVector, name: str) -> RowVector:
    """Return the weights; raise ``TableError`` where one is missing, negative or infinite."""
    wrong = ~(np.isfinite(weight) & (weight >= 0))
    if wrong.any():
        row = int(np.argmax(wrong)) + 1
        raise table_error(
            f"weight {name!r} must be a number from 0 on, found {weight[row - 1]:g} at row {row}",
            "Correct it, or leave the column out so that each row counts once",
            name,
            row,
        )
    return weight
