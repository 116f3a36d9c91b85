"""Splits a table into a training and a test part, which are views of it."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from lr_pipeline.tables.case_counts import case_counts, has_cases, in_few_bytes
from lr_pipeline.tables.errors import Problem, TableError, table_error
from lr_pipeline.tables.fingerprint import ContentHash
from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.row_choice import (
    DividingChoice,
    HashedRows,
    MaskedRows,
    RowChoice,
    RowMask,
    TimedRows,
    picked,
    times_of,
)
from lr_pipeline.tables.split.case_choice import DividedRows, HashedCases
from lr_pipeline.tables.split.random_split import draw_test_cases, draw_test_rows
from lr_pipeline.tables.split.split_policy import SplitPolicy
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.values.column_values import by_spelling, exact_values

CASES, ROWS = "cases", "rows"  # the unit that a split places


def split_table(table: Table, policy: SplitPolicy) -> tuple[Table, Table]:
    """Return the training and the test part: lazy views in the table's order.

    The parts of a random split have the rows of scikit-learn's ``train_test_split``, which also
    shuffles them. Where the table has a group column, whole groups are placed instead
    (``GroupShuffleSplit``; ``test_size`` is then a share of the groups, and nothing is
    stratified). Weights that are whole numbers count cases, and cases are placed: a row may be in
    both parts, each time with the weight of its cases there. The provenance of each part has
    ``split``: part, the fingerprints of its counterpart and of the whole table, the policy, and
    where there are weights the ``unit`` that was placed, "cases" or "rows".

    Raises
    ------
    TableError
        There are too few rows or groups, or a part would lack one of the classes.
    """
    try:
        policy = policy.settled(table.roles.group, table.roles.time)
        choices, fingerprints = _identified_parts(table, policy)
    except TableError as error:
        raise TableError(*error.problems, source=table.provenance.get("source")) from None
    train, test = (
        table.where(choice).identified(fingerprint)
        for choice, fingerprint in zip(choices, fingerprints, strict=True)
    )
    unit = {}
    if table.roles.weight is not None:
        unit["unit"] = CASES if isinstance(choices[0], DividingChoice) else ROWS
    return (
        _with_split(train, "train", test, table, policy, unit),
        _with_split(test, "test", train, table, policy, unit),
    )


Choices = tuple[RowChoice, RowChoice]
# The parts of the table that was split last, by its fingerprint, types (a fingerprint has none of
# seconds) and policy: in a run the training part and the test part are made one after the other.
_last: dict[tuple[str, tuple[pa.DataType, ...], SplitPolicy], tuple[Choices, list[str]]] = {}


def _identified_parts(table: Table, policy: SplitPolicy) -> tuple[Choices, list[str]]:
    """Return both choices of rows, and the fingerprints of their parts."""
    key = table.fingerprint, tuple(table.schema.types), policy
    if key not in _last:
        choices = choose_sound_parts(table, policy)
        fingerprints = part_fingerprints(table, choices)
        _last.clear()
        _last[key] = choices, fingerprints
    return _last[key]


def part_fingerprints(table: Table, choices: Choices) -> list[str]:
    """Return the fingerprints of the chosen parts of a table, in one pass over it."""

    def parts(blocks: Iterator[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
        start = 0
        for block in blocks:
            yield [picked(block, choice, start) for choice in choices]
            start += block.num_rows

    contents = [ContentHash(table.schema) for _ in choices]
    for blocks in prefetched(parts(table.blocks())):
        for content, block in zip(contents, blocks, strict=True):
            content.update(block)
    return [content.fingerprint(table.schema.names, table.roles) for content in contents]


def choose_sound_parts(table: Table, policy: SplitPolicy) -> Choices:
    """Choose rows, or raise ``TableError`` where a part would lack one of the classes."""
    choices, target = choose_rows(table, policy), table.roles.target
    classes = [number_of_classes(table.where(choice)) for choice in choices]
    problems = [
        Problem(
            f"the {name} rows would hold {'only one' if count else 'no'} value of target "
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


def choose_rows(table: Table, policy: SplitPolicy) -> Choices:
    """Return the choices of the training rows and of the test rows."""
    policy = policy.settled(table.roles.group, table.roles.time)
    require_key(table.roles, policy)
    if policy.kind == "time" and table.roles.time is not None:
        cut = _first_test_time(table.roles.time, table, policy)
        return (
            TimedRows(table.roles.time, cut, later=False),
            TimedRows(table.roles.time, cut, later=True),
        )
    if policy.kind == "sticky":
        train, test = (_hashed(table, policy, below) for below in (False, True))
        return train, test
    if table.roles.group is not None:
        in_test = _test_groups(table.roles.group, table, policy)
    elif (cases := case_counts(table)) is not None and table.roles.weight is not None:
        tested = draw_test_cases(table, policy, cases)
        parts = (in_few_bytes(part) for part in (cases - tested, tested))
        train, test = (DividedRows(table.roles.weight, part) for part in parts)
        return train, test
    else:
        in_test = draw_test_rows(table, policy)
    return MaskedRows(~in_test), MaskedRows(in_test)


def _hashed(table: Table, policy: SplitPolicy, below: bool) -> RowChoice:
    """Place rows by the hash of their key; without a key, cases if there are any, else rows."""
    roles = table.roles
    key = roles.group or roles.id
    if key is None and roles.weight is not None and has_cases(table):
        return HashedCases(policy.seed, policy.test_size, below, roles.weight)
    return HashedRows(policy.seed, policy.test_size, below, key)


def require_key(roles: ColumnRoles, policy: SplitPolicy) -> None:
    """Refuse a kind of split whose column is missing, and a split by time that cuts groups."""
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
    """The time of the first test row; the share is as near ``test_size`` as equal times allow."""
    times, weight = times_of(table.column(name)), table.weights()
    values, places = np.unique(times, return_inverse=True)
    counts = np.bincount(places, weight)
    if len(values) < 2:
        raise table_error(
            f"a split by time needs 2 different times in column {name!r}, found {len(values)}",
            "Add later rows, or set kind='random'",
            name,
        )
    tested = counts.sum() - np.cumsum(counts)[:-1]  # rows from values[1], values[2], … on
    nearest = int(np.argmin(np.abs(tested - policy.test_size * counts.sum())))
    cut: int | float = values.tolist()[nearest + 1]
    return cut


def number_of_classes(part: Table) -> int:
    """Number of classes in a part; reading stops at the second class."""
    found = set[float]()
    for y in part.label_blocks():
        found.update(np.unique(y).tolist())
        if len(found) == 2:
            break
    return len(found)


def _test_groups(name: str, table: Table, policy: SplitPolicy) -> RowMask:
    """(n,) whether a row's group is in the test part."""
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


def _with_split(
    part: Table,
    name: str,
    counterpart: Table,
    dataset: Table,
    policy: SplitPolicy,
    unit: dict[str, str],
) -> Table:
    split = {
        "part": name,
        "counterpart": counterpart.fingerprint,
        "dataset": dataset.fingerprint,
        "policy": policy.to_dict(),
    } | unit
    return part.with_provenance({**dataset.provenance, "split": split})
