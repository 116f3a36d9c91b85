"""Errors that only the split would raise are among the table's problems before it is stored."""

import pyarrow as pa
import pytest

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.sources.declared_tables import SyntheticTable
from lr_pipeline.tables.split.split_table import SplitPolicy
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.validate import find_problems

N = 40
NUMBERS = [0.1 * k * k for k in range(N)]
LATE = [None] * 30 + NUMBERS[:10]  # no value before the last ten rows
CLEAN = {"x": NUMBERS, "t": list(range(N)), "y": [0, 1] * (N // 2)}


def problems(columns, policy, **roles):
    """The messages for a table with these columns, target y and column t without another role."""
    features = tuple(name for name in columns if name not in {"y", "t", *roles.values()})
    table = Table(pa.table(columns), ColumnRoles("y", None, features, **roles))
    return [problem.message for problem in find_problems(table, policy)]


def test_a_table_that_can_be_split_has_no_problem():
    """The split is random, by hash, time or group; there are missing values and categories."""
    columns = CLEAN | {"s": ["a", None, "missed", "b"] * 10, "n": [1, None, 2, None] * 10}
    columns["g"] = [k % 20 for k in range(N)]
    for policy in (SplitPolicy(), SplitPolicy(kind="sticky")):
        assert problems(columns, policy) == []
    assert problems(columns, SplitPolicy(kind="time"), time="t") == []
    assert problems(columns, SplitPolicy(kind="group"), group="g") == []


def test_the_problems_of_the_split_follow_those_of_the_columns():
    """All of them are reported at once, also if a feature is useless for another reason."""
    columns = CLEAN | {"y": [1] + [0] * 39, "x": [float("inf"), *NUMBERS[1:]]}
    assert problems(columns, SplitPolicy()) == [
        "feature 'x' has infinite values: 1 (first at row 1)",
        "a stratified split needs 2 rows of each class, found 1 positive and 39 negative rows of "
        "target 'y'",
    ]


@pytest.mark.parametrize(
    ("columns", "policy", "roles", "expected"),
    [
        (
            {"y": [0] * 30 + [1] * 10},
            SplitPolicy(kind="time", test_size=0.25),
            {"time": "t"},
            [
                "the training rows would hold only one value of target 'y'",
                "the test rows would hold only one value of target 'y'",
            ],
        ),
        (
            {},
            SplitPolicy(kind="sticky", test_size=1e-9),
            {},
            ["the test rows would hold no value of target 'y'"],
        ),
        (
            {"w": [0, 1] * 18 + [1] * 4},
            SplitPolicy(kind="time", test_size=0.25),
            {"time": "t", "weight": "w"},
            ["the training rows would hold only one value of target 'y'"],
        ),
        (
            {"w": [0] * 30 + [1] * 10},
            SplitPolicy(kind="time", test_size=0.25),
            {"time": "t", "weight": "w"},
            [],  # the last of the ten rows that count
        ),
        (
            {"w": [-1] * N},
            SplitPolicy(),
            {"weight": "w"},
            ["weight 'w' must be finite and ≥ 0, found -1…-1 (first at row 1)"],
        ),
        (
            {"w": [0] * N},
            SplitPolicy(),
            {"weight": "w"},
            ["weight 'w' is 0 in every row, so that none counts"],
        ),
        ({}, SplitPolicy(kind="group"), {}, ["a split by group needs a group column"]),
        (
            {"g": ["a"] * N},
            SplitPolicy(),
            {"group": "g"},
            ["a split by group needs 2 groups, found 1 in column 'g'"],
        ),
        (
            {"u": LATE, "v": [None if one is None else "ab"[k % 2] for k, one in enumerate(LATE)]},
            SplitPolicy(kind="time", test_size=0.25),
            {"time": "t"},
            [
                "feature 'u' has no value in the training rows",
                "feature 'v' has no value in the training rows",
            ],
        ),
        (
            {"s": ["a", None, "missing", "a"] * 10},
            SplitPolicy(),
            {},
            ["two columns of the design would be called 's=missing'"],
        ),
        (
            {"s": ["a", "a", "a", "b=c"] * 10, "s=b": ["a", "c", "c", "a", "a"] * 8},
            SplitPolicy(),
            {},
            ["two columns of the design would be called 's=b=c'"],
        ),
    ],
)
def test_what_the_split_or_its_preparation_would_refuse_is_found(columns, policy, roles, expected):
    """A class or a part is missing, there is no key, or training lacks a feature's values."""
    assert problems(CLEAN | columns, policy, **roles) == expected


def test_a_spoiled_key_is_reported_once():
    """If the target, the group or the time cannot be used, no split is tried."""
    columns = CLEAN | {"g": [None, *range(1, N)]}
    (message,) = problems(columns, SplitPolicy(), group="g")
    assert message.startswith("column 'g' has missing values: 1")


def test_a_column_that_is_left_out_anyway_is_no_obstacle():
    """Its name then cannot collide with another name."""
    columns = CLEAN | {"s": ["a", "a", "b", "b"] * 10, "s=b": [7] * N}
    assert problems(columns, SplitPolicy()) == ["feature 's=b' has one value only: 7"]


def test_a_generated_table_that_cannot_be_split_is_refused():
    """It is refused only if it will be split."""
    source = SyntheticTable(num_rows=4, split=SplitPolicy())
    assert source.read().num_rows == 4
    with pytest.raises(TableError, match=r"test_size=0\.2 of 4 rows leaves 3 for training"):
        source.read(to_split=True)


def test_fewer_rows_than_features_do_not_hide_what_the_split_refuses():
    """A warning about the whole table does not exclude any column from the check."""
    wide = {f"x{j}": [0.1 * (k * 7919 + j) % 1.3 for k in range(4)] for j in range(6)}
    found = problems({"y": [0, 1, 0, 1], "t": [1, 2, 3, 4]} | wide, SplitPolicy())
    assert [message[:9] for message in found] == ["4 rows ar", "test_size"]
