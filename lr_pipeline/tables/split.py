"""Training and test rows, split by scikit-learn; each part knows the other by its fingerprint."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Integer

from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.errors import TableError, table_error
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import plain_values

Indices = Integer[np.ndarray, " _"]


@dataclass(frozen=True, kw_only=True)
class SplitPolicy:
    """How rows are placed at random: ``test_size`` is the test rows' share of all rows.

    ``stratify`` keeps the share of positive rows the same in both parts, up to rounding.
    """

    test_size: float = 0.2
    stratify: bool = True
    seed: int = 123

    def __post_init__(self) -> None:
        """Refuse a share that leaves a part empty."""
        if not 0 < self.test_size < 1:
            raise table_error(
                f"test_size must lie between 0 and 1, found {self.test_size}", "Set it to 0.2, say"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def split_table(table: Table, policy: SplitPolicy) -> tuple[Table, Table]:
    """Training and test part, row for row those of scikit-learn's ``train_test_split``, shuffled.

    Where the table has a group column whole groups are placed instead (``GroupShuffleSplit``;
    ``test_size`` is then a share of the groups, and nothing is stratified). The provenance of
    each part has ``split``: part, the fingerprints of its counterpart and of the whole table,
    and the policy.

    Raises
    ------
    TableError
        There are too few rows or groups, or a part would lack one of the classes.
    """
    try:
        parts = _choose_rows(table, policy)
    except TableError as error:
        raise TableError(*error.problems, source=table.provenance.get("source")) from None
    train, test = (table.take(rows) for rows in parts)
    return (
        _with_split(train, "train", test, table, policy),
        _with_split(test, "test", train, table, policy),
    )


def _choose_rows(table: Table, policy: SplitPolicy) -> tuple[Indices, Indices]:
    """Row numbers of both parts, each with both classes."""
    labels = table.labels()
    if table.roles.group is None:
        parts = _split_rows(table.roles.target, labels, policy)
    else:
        parts = _split_groups(table.roles.group, table, policy)
    for name, rows in zip(("training", "test"), parts, strict=True):
        if len(np.unique(labels[rows])) < 2:
            raise table_error(
                f"the {name} rows would hold only one value of target {table.roles.target!r}",
                "Stratify the split, take another seed, or add rows",
                table.roles.target,
            )
    return parts


def _split_rows(target: str, labels: RowVector, policy: SplitPolicy) -> tuple[Indices, Indices]:
    from sklearn.model_selection import train_test_split

    _require_enough_rows(target, labels, policy)
    train, test = train_test_split(
        np.arange(len(labels)),
        test_size=policy.test_size,
        shuffle=True,
        random_state=policy.seed,
        stratify=labels if policy.stratify else None,
    )
    return train, test


def _split_groups(name: str, table: Table, policy: SplitPolicy) -> tuple[Indices, Indices]:
    from sklearn.model_selection import GroupShuffleSplit

    groups = plain_values(table.column(name)).combine_chunks().dictionary_encode().indices
    count = len(groups.unique())
    if count < 2:
        raise table_error(
            f"a split by group needs 2 groups, found {count} in column {name!r}",
            "Add rows of other groups, or name no group",
            name,
        )
    splitter = GroupShuffleSplit(1, test_size=policy.test_size, random_state=policy.seed)
    train, test = next(splitter.split(groups, groups=groups.to_numpy(zero_copy_only=False)))
    return train, test


def _require_enough_rows(target: str, labels: RowVector, policy: SplitPolicy) -> None:
    """Say in our words what scikit-learn would refuse."""
    rows, positive = len(labels), int(labels.sum())
    counts = f"{positive} positive and {rows - positive} negative rows of target {target!r}"
    if policy.stratify and min(positive, rows - positive) < 2:
        raise table_error(
            f"a stratified split needs 2 rows of each class, found {counts}",
            "Add rows of the rarer class",
            target,
        )
    test_rows = math.ceil(policy.test_size * rows)
    needed = 2 if policy.stratify else 1
    if min(test_rows, rows - test_rows) < needed:
        raise table_error(
            f"test_size={policy.test_size} of {rows} rows leaves {rows - test_rows} for training "
            f"and {test_rows} for the test; each part needs {needed}",
            "Add rows or change test_size",
        )


def _with_split(
    part: Table, name: str, counterpart: Table, dataset: Table, policy: SplitPolicy
) -> Table:
    split = {
        "part": name,
        "counterpart": counterpart.fingerprint,
        "dataset": dataset.fingerprint,
        "policy": policy.to_dict(),
    }
    return part.with_provenance({**dataset.provenance, "split": split})
