"""Computes the reference profile of a model's training set: one pass, in bounded memory."""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa

from lr_pipeline.core.types import RowVector
from lr_pipeline.lifecycle.drift.case_sample import SAMPLED_CASES, CaseSampler, sampling_step
from lr_pipeline.lifecycle.drift.group_sizes import GroupSizes, LevelGroups
from lr_pipeline.lifecycle.drift.reference_profile import (
    Cases,
    CategoryProfile,
    FeatureProfile,
    NumberProfile,
    ReferenceProfile,
    points_of_each,
)
from lr_pipeline.lifecycle.drift.significance import FEWEST_EXPECTED
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.model_version import version_of
from lr_pipeline.tables.case_counts import number_of_cases
from lr_pipeline.tables.level_counts import plain_count
from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.preparation.encoding import (
    CategoryEncoding,
    NumberEncoding,
    numbers_of,
)
from lr_pipeline.tables.preparation.encoding_fit import RARE_ROWS, RARE_SHARE
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import labels
from lr_pipeline.tables.values.column_values import plain_values
from lr_pipeline.tables.values.row_hash import RowHashes, row_hashes
from lr_pipeline.tables.weights import weights_of

# Levels with fewer than twice the cases that the model asks of a column are compared together: one
# that is just frequent enough in training may be so by chance, and is rarer in other rows.
OWN_CELL = 2


def enough_for_a_cell(total: float, group_size: float) -> float:
    """Return how many cases a level needs so that it is compared by itself."""
    own = OWN_CELL * min(RARE_ROWS * group_size, RARE_SHARE * total)
    return max(own, FEWEST_EXPECTED * group_size)


def profile_training_set(
    model: LogisticModel, train_set: Table, sampled_cases: int = SAMPLED_CASES
) -> ReferenceProfile:
    """Return what drift needs of the rows that ``model`` was trained on.

    Counts, ranges and levels are of all rows. Distributions of numbers are of every k-th case, at
    most ``sampled_cases`` (fewer beyond 256 columns): of 65,536 the smallest effect that counts as
    drift is more than ten standard errors, so that more cases would find nothing more.

    Raises
    ------
    ValueError
        The table is not the model's training set.
    """
    if train_set.fingerprint != model.train_fingerprint:
        raise ValueError(
            f"expected the model's training set {model.train_fingerprint[:12]}, found the table "
            f"{train_set.fingerprint[:12]}. Materialize the model and its profile in one run."
        )
    known_cases = number_of_cases(train_set)
    cases = float(train_set.num_rows if known_cases is None else known_cases)
    step = sampling_step(cases, len(model.preparation.encodings) + 1, sampled_cases)
    sums = _TrainingSums(model, step)
    columns = list(model.preparation.source_columns)
    if (group := model.preparation.roles.group) is not None and group not in columns:
        columns.append(group)
    for batch in prefetched(train_set.blocks(columns=columns)):
        sums.add(batch)
    return sums.profile(train_set.num_rows)


class _NumberSums:
    """Counts of a number's values, and the sampled ones."""

    def __init__(self) -> None:
        self.known = self.missing = 0.0
        self.least, self.greatest = np.inf, -np.inf
        self.sample: list[RowVector] = []

    def add(self, values: RowVector, weight: RowVector, chosen: np.ndarray) -> None:
        """Count the rows of a block, NaN as missing, and keep the chosen ones."""
        known = ~np.isnan(values) & (weight > 0)
        of_known = float(weight[known].sum())
        self.known += of_known
        self.missing += float(weight.sum()) - of_known
        self.least = min(self.least, float(values.min(initial=np.inf, where=known)))
        self.greatest = max(self.greatest, float(values.max(initial=-np.inf, where=known)))
        self.sample.append(values[chosen])

    def profile(self, name: str, cases: RowVector, points: int) -> NumberProfile:
        """Summarize all blocks; ``cases`` are those of the chosen rows."""
        values = np.concatenate([np.empty(0), *self.sample])
        known = ~np.isnan(values)
        ends = (self.least, self.greatest) if self.known else (0.0, 0.0)
        counts = (plain_count(self.known), plain_count(self.missing), *ends)
        return NumberProfile.of_sample(name, values[known], cases[known], counts, points)


class _CategorySums:
    """Cases of each level that the encoding knows, in the order of its ``names``."""

    def __init__(self, encoding: CategoryEncoding) -> None:
        self.encoding = encoding
        self.counts = np.zeros(len(encoding.names))
        self.missing = 0.0
        self.groups: LevelGroups | None = None

    def add(self, column: pa.Array, weight: RowVector, groups: RowHashes | None) -> None:
        """Count the rows of a block, and the groups of each level if rows are in groups."""
        _, places = self.encoding.places(column)
        found = np.bincount(
            places.fill_null(len(self.counts)).to_numpy(), weight, len(self.counts) + 1
        )
        self.counts += found[:-1]
        self.missing += float(found[-1])
        if groups is not None:
            self.groups = self.groups or LevelGroups(len(self.counts))
            held = places.is_valid().to_numpy(zero_copy_only=False) & (weight > 0)
            known = places.fill_null(0).to_numpy().astype(np.int64)
            self.groups.add(known[held], groups[held])

    def profile(self, name: str, group_size: float) -> CategoryProfile:
        """Summarize all blocks; ``group_size``: cases in the group of a random case."""
        number = self.counts if self.groups is None else self.groups.number
        once, twice = number == 1, number == 2
        total = float(self.counts.sum()) + self.missing
        enough = enough_for_a_cell(total, group_size)
        own = (np.arange(len(self.counts)) <= len(self.encoding.levels)) & (self.counts >= enough)
        own &= ~once
        return CategoryProfile(
            name,
            plain_count(float(self.counts.sum())),
            plain_count(self.missing),
            tuple(name for name, is_own in zip(self.encoding.names, own, strict=True) if is_own),
            tuple(map(plain_count, self.counts[own].tolist())),
            plain_count(float(self.counts[~own & ~once].sum())),
            plain_count(float(self.counts[once].sum())),
            round(float(self.counts[twice].sum()) / 2.0),
        )


class _TrainingSums:
    """All that one pass over the training set adds up."""

    def __init__(self, model: LogisticModel, step: int) -> None:
        self.model, self.predictor = model, model.predictor
        self.sampler, self.cases = CaseSampler(step), [np.empty(0)]
        self.score = _NumberSums()
        self.features: dict[str, _NumberSums | _CategorySums] = {
            one.name: _NumberSums() if isinstance(one, NumberEncoding) else _CategorySums(one)
            for one in model.preparation.encodings
        }
        self.groups = GroupSizes()
        self.answers: Counter[Any] = Counter()
        self.positives = 0.0

    def add(self, batch: pa.RecordBatch) -> None:
        """Take in the rows of a block."""
        roles = self.model.preparation.roles
        y = labels(roles.target, batch.column(roles.target), roles.positive)
        weight = np.ones_like(y) if roles.weight is None else weights_of(batch, roles.weight)
        groups = None if roles.group is None else row_hashes(batch, [roles.group])
        if groups is not None:
            self.groups.add(groups, weight)
        chosen, cases = self.sampler.choose(weight)
        self.cases.append(cases)
        self.positives += float(y @ weight)
        self.answers.update(_cases_by_value(batch.column(roles.target), weight))
        self.score.add(self.predictor.of_block(batch), weight, chosen)
        for name, sums in self.features.items():
            column = batch.column(name)
            if isinstance(sums, _NumberSums):
                sums.add(numbers_of(name, column), weight, chosen)
            else:
                sums.add(column, weight, groups)

    def profile(self, rows: int) -> ReferenceProfile:
        """Summarize all blocks."""
        model, cases = self.model, np.concatenate(self.cases)
        points, group_size = points_of_each(len(self.features) + 1), self.groups.mean
        features: list[FeatureProfile] = [
            sums.profile(name, cases, points)
            if isinstance(sums, _NumberSums)
            else sums.profile(name, group_size)
            for name, sums in self.features.items()
        ]
        score = self.score.profile("score", cases, points)
        total: Cases = plain_count(float(sum(self.answers.values())))
        return ReferenceProfile(
            version_of(model),
            model.train_fingerprint,
            model.target,
            model.positive,
            rows,
            total,
            plain_count(self.positives),
            tuple((value, plain_count(n)) for value, n in self.answers.most_common()),
            self.sampler.step,
            tuple(features),
            score,
            group_size,
        )


def _cases_by_value(column: pa.Array, weight: RowVector) -> dict[Any, float]:
    """Return the cases of each value of a column without missing values."""
    coded = plain_values(column).dictionary_encode()
    values = coded.dictionary.to_pylist()
    sums = np.bincount(coded.indices.to_numpy(), weight, len(values))
    return dict(zip(values, sums.tolist(), strict=True))
