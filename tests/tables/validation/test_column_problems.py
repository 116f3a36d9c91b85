"""One note lists the features whose few whole numbers may be codes."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.validate import find_problems

ROWS = 120


def notes(rows: int = ROWS, block_bytes: int | None = None, **columns: object) -> list[str]:
    """The notes about a table with these features."""
    kinds = columns.pop("kinds", {})
    y = np.arange(rows) % 2
    table = Table.from_arrow(
        pa.table({"y": y, "z": np.sin(np.arange(rows))} | columns), "y", **kinds
    )
    table = replace(table, block_bytes=block_bytes)
    return [str(one) for one in find_problems(table) if one.severity == "note"]


CODES = np.arange(ROWS) % 3 + 1


@pytest.mark.parametrize("kind", [pa.int8(), pa.int64(), pa.uint16(), pa.float32(), pa.float64()])
def test_codes_are_noted_in_any_type_of_number(kind) -> None:
    """The note has the number of values and the remedy; missing values do not count."""
    column = pa.array([*CODES[:-1].tolist(), None], pa.int64()).cast(kind)
    assert notes(race=column) == [
        "whole numbers of few values: 'race' (3 values). Each has one slope, as counts and grades "
        "do. Name those that are codes in category=."
    ]


@pytest.mark.parametrize(
    "column",
    [
        np.arange(ROWS) % 2,
        np.arange(ROWS) % 11,
        CODES + 0.5,
        CODES % 2 == 1,
        [f"c{code}" for code in CODES],
    ],
)
def test_two_or_eleven_values_fractions_booleans_and_text_are_not(column) -> None:
    """A column of 0 and 1 is one design column, as a number or as a category."""
    assert notes(race=pa.array(column)) == []


def test_ten_values_are_few_in_a_hundred_rows() -> None:
    """With fewer rows there is no note."""
    assert len(notes(100, race=np.arange(100) % 10)) == 1
    assert notes(99, race=np.arange(99) % 10) == []


def test_a_declared_kind_ends_the_note() -> None:
    """Both kinds end it."""
    for kind in ("category", "number"):
        assert notes(race=CODES, kinds={kind: ["race"]}) == []


def test_values_are_counted_over_all_blocks() -> None:
    """Eleven values are too many, even if no block has all of them."""
    ten_rows = 8 * 3 * 10
    assert notes(block_bytes=ten_rows, grade=np.sort(np.arange(ROWS) % 11)) == []
    assert len(notes(block_bytes=ten_rows, grade=np.sort(np.arange(ROWS) % 10))) == 1


def test_of_many_columns_twelve_are_named() -> None:
    """The note stays short."""
    rng = np.random.default_rng(1)
    columns = {f"c{j}": rng.permutation(np.arange(ROWS) % 5) for j in range(40)}
    (note,) = notes(**columns)
    assert "'c11' (5 values) and 28 more. Each" in note
