"""Training and test rows, as views of their table; each part knows the other's fingerprint."""

import math

import numpy as np

from lr_pipeline.tables.errors import Problem, TableError, table_error
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.row_choice import (
    HashedRows,
    MaskedRows,
    RowChoice,
    RowMask,
    TimedRows,
    times_of,
)
from lr_pipeline.tables.split_policy import SplitPolicy
from lr_pipeline.tables.table import Table, weights_of
from lr_pipeline.tables.target import by_spelling, exact_values, labels

__all__ = [
    "SplitPolicy",
    "choose_rows",
    "choose_sound_parts",
    "require_key",
    "split_table",
]


def split_table(table: Table, policy: SplitPolicy) -> tuple[Table, Table]:
    """Training and test part, each in the table's order: views, of which nothing is read yet.

    The parts of a random split have the rows of scikit-learn's ``train_test_split``, which also
    shuffles them. Where the table has a group column whole groups are placed instead
    (``GroupShuffleSplit``; ``test_size`` is then a share of the groups, and nothing is
    stratified). The provenance of each part has ``split``: part, the fingerprints of its
    counterpart and of the whole table, and the policy.

    Raises
    ------
    TableError
        There are too few rows or groups, or a part would lack one of the classes.
    """
    try:
        policy = policy.settled(table.roles.group, table.roles.time)
        train, test = (table.where(choice) for choice in choose_sound_parts(table, policy))
    except TableError as error:
        raise TableError(*error.problems, source=table.provenance.get("source")) from None
    return (
        _with_split(train, "train", test, table, policy),
        _with_split(test, "test", train, table, policy),
    )


def choose_sound_parts(table: Table, policy: SplitPolicy) -> tuple[RowChoice, RowChoice]:
    """``choose_rows``, refused with a ``TableError`` where a part would lack one of the classes."""
    choices, target = choose_rows(table, policy), table.roles.target
    weighed = "" if table.roles.weight is None else " of positive weight"
    classes = [_num_classes(table.where(choice)) for choice in choices]
    problems = [
        Problem(
            f"the {name} rows{weighed} would hold {'only one' if count else 'no'} value of target "
            f"{target!r}",
            "Stratify the split, take another seed, or add rows",
            target,
        )
        for name, count in zip(("training", "test"), classes, strict=True)
        if count < 2
    ]
    if problems:
        raise TableError(*problems)
    return choices


def choose_rows(table: Table, policy: SplitPolicy) -> tuple[RowChoice, RowChoice]:
    """What chooses the rows of the training and of the test part."""
    policy = policy.settled(table.roles.group, table.roles.time)
    require_key(table.roles, policy)
    if policy.kind == "time" and table.roles.time is not None:
        cut = _first_test_time(table.roles.time, table, policy)
        return (
            TimedRows(table.roles.time, cut, later=False),
            TimedRows(table.roles.time, cut, later=True),
        )
    if policy.kind == "sticky":
        key = table.roles.group or table.roles.id
        train, test = (
            HashedRows(policy.seed, policy.test_size, below, key) for below in (False, True)
        )
        return train, test
    if table.roles.group is None:
        in_test = _test_rows(table, policy)
    else:
        in_test = _test_groups(table.roles.group, table, policy)
    return MaskedRows(~in_test), MaskedRows(in_test)


def require_key(roles: ColumnRoles, policy: SplitPolicy) -> None:
    """The column that a kind of split goes by must be there, and no other that it would break."""
    if policy.kind in ("group", "time") and getattr(roles, policy.kind) is None:
        raise table_error(
            f"a split by {policy.kind} needs a {policy.kind} column", f"Set {policy.kind}="
        )
    if policy.kind == "time" and roles.group is not None:
        raise table_error(
            f"a split by time would cut the groups of column {roles.group!r}",
            "Name no group, or set kind='group'",
            roles.group,
        )


def _first_test_time(name: str, table: Table, policy: SplitPolicy) -> int | float:
    """The time from which on rows are tested: as near to ``test_size`` as equal times allow."""
    times = times_of(table.column(name))
    values, counts = np.unique(times, return_counts=True)
    if len(values) < 2:
        raise table_error(
            f"a split by time needs 2 different times in column {name!r}, found {len(values)}",
            "Add later rows, or set kind='random'",
            name,
        )
    tested = len(times) - np.cumsum(counts)[:-1]  # rows from values[1], values[2], … on
    nearest = int(np.argmin(np.abs(tested - policy.test_size * len(times))))
    cut: int | float = values.tolist()[nearest + 1]
    return cut


def _test_rows(table: Table, policy: SplitPolicy) -> RowMask:
    """(n,) whether a row is tested: the rows of ``train_test_split``, at a byte or nine a row.

    That function makes lists of Python's integers; these are the same draws in the same order.
    """
    positive = np.concatenate([np.zeros(0, bool), *(y == 1.0 for y in table.label_blocks())])
    _require_enough_rows(table.roles.target, len(positive), int(positive.sum()), policy)
    random = np.random.RandomState(policy.seed)
    rows = len(positive)
    test_rows = math.ceil(policy.test_size * rows)
    in_test = np.zeros(rows, bool)
    if not policy.stratify:
        in_test[random.permutation(rows)[:test_rows]] = True
        return in_test
    from sklearn.utils.extmath import _approximate_mode

    classes = np.array([rows - positive.sum(), positive.sum()])
    for_training = _approximate_mode(classes, rows - test_rows, random)
    for_test = _approximate_mode(classes - for_training, test_rows, random)
    for label in (0, 1):
        order = random.permutation(classes[label])
        chosen = order[for_training[label] : for_training[label] + for_test[label]]
        of_class = np.flatnonzero(positive == label)
        in_test[of_class[chosen]] = True
    return in_test


def _num_classes(part: Table) -> int:
    """How many of the two there are in rows that count; reads no further than to both."""
    roles, found = part.roles, set[float]()
    names = [roles.target] if roles.weight is None else [roles.target, roles.weight]
    for block in part.blocks(columns=names):
        y = labels(roles.target, block.column(roles.target), roles.positive)
        if roles.weight is not None:
            y = y[weights_of(block, roles.weight) > 0]
        found.update(np.unique(y).tolist())
        if len(found) == 2:
            break
    return len(found)


def _test_groups(name: str, table: Table, policy: SplitPolicy) -> RowMask:
    """(n,) whether a row's group is tested."""
    from sklearn.model_selection import GroupShuffleSplit

    column = by_spelling(exact_values(table.column(name)).combine_chunks())
    groups = column.dictionary_encode().indices
    count = len(groups.unique())
    if count < 2:
        raise table_error(
            f"a split by group needs 2 groups, found {count} in column {name!r}",
            "Add rows of other groups, or name no group",
            name,
        )
    splitter = GroupShuffleSplit(1, test_size=policy.test_size, random_state=policy.seed)
    _, test = next(splitter.split(groups, groups=groups.to_numpy(zero_copy_only=False)))
    in_test = np.zeros(len(groups), bool)
    in_test[test] = True
    return in_test


def _require_enough_rows(target: str, rows: int, positive: int, policy: SplitPolicy) -> None:
    """Say in our words what scikit-learn would refuse."""
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
