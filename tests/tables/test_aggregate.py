"""One pass over a table's batches: values add up, several at once, wherever the rows are read."""

from functools import partial
from operator import iadd

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lr_pipeline.engines.streaming import aggregate_by_threads
from lr_pipeline.tables.aggregate import added_batches, aggregate_here, no_rows
from lr_pipeline.tables.errors import TableError, table_error
from lr_pipeline.tables.level_counts import LevelCounts
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.table import Table

ROLES = ColumnRoles("y", 1, ("a", "s"))
ROWS = 30


def rows(n: int) -> pa.Table:
    """A = 0, 1, …; s = u, v, w, u, …; y = 0, 1, 0, …."""
    a = np.arange(float(n))
    s = pa.array(["uvw"[k % 3] for k in range(n)], pa.string())
    return pa.table({"a": a, "s": s, "y": np.arange(n) % 2})


def total(batch: pa.RecordBatch) -> float:
    """Σ a."""
    return float(np.asarray(batch.column("a")).sum())


def values(batch: pa.RecordBatch) -> list[float]:
    """Every a."""
    return batch.column("a").to_pylist()


def levels(batch: pa.RecordBatch) -> LevelCounts:
    """Rows by s."""
    return LevelCounts.of(batch.column("s"))


def several(batch: pa.RecordBatch) -> dict[str, object]:
    """All three of the same rows."""
    return {"sum": total(batch), "values": values(batch), "levels": levels(batch)}


def test_several_values_are_found_in_one_pass(monkeypatch):
    """A sum, a list and counts by level equal those computed by hand; each block is read once."""
    table, read = Table(rows(ROWS), ROLES), []
    blocks = Table.blocks
    monkeypatch.setattr(
        Table, "blocks", lambda self, **given: read.append(given) or blocks(self, 7, **given)
    )
    found = aggregate_here(table, ["a", "s"], lambda batch: several(batch) | {"shape": (1, 0)})
    assert len(read) == 1
    assert found["sum"] == 435.0
    assert found["values"] == list(range(ROWS))
    assert found["levels"].of_value == {"u": 10, "v": 10, "w": 10}
    assert found["shape"] == (6, 0)  # blocks of 7, 7, 7, 7, 2 rows, and the one without rows


def test_the_parts_of_a_file_give_the_same_by_threads(tmp_path):
    """Sums of whole numbers are exact, lists are in the order of the rows."""
    path = tmp_path / "rows.parquet"
    pq.write_table(rows(ROWS), path, row_group_size=4)
    found = aggregate_by_threads(Table(path, ROLES), ["a", "s"], several, 2, many_numbers=1)
    assert (found["sum"], found["values"]) == (435.0, list(range(ROWS)))
    assert found["levels"].of_value == {"u": 10, "v": 10, "w": 10}


def test_a_table_without_rows_has_the_value_of_no_rows():
    """The result is the function's value of an empty batch, not an error."""
    table = Table(rows(0), ROLES)
    assert aggregate_here(table, ["a"], total) == 0.0
    assert aggregate_here(table, ["a"], values) == []
    assert no_rows(table, ["s", "a"]).schema.names == ["s", "a"]


def test_the_value_of_a_block_is_not_changed_by_adding():
    """Only the value of no rows, with which the addition begins, is changed in place."""
    kept: list[list[float]] = []

    def remembered(batch: pa.RecordBatch) -> list[float]:
        kept.append(values(batch))
        return kept[-1]

    batches = rows(6).to_batches(max_chunksize=2)
    found = added_batches(batches, remembered, batches[0].slice(0, 0))
    assert found == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert kept[1:] == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]


@pytest.mark.parametrize("row", [1, 2, 3, 6])
def test_a_refused_row_is_counted_from_the_first(row):
    """A function knows only its own block, but the message has the row of the table."""

    def refuse(batch: pa.RecordBatch) -> int:
        places = np.flatnonzero(np.asarray(batch.column("a")) == row - 1)
        if len(places):
            found = int(places[0]) + 1
            raise table_error(f"'a' is bad (first at row {found})", "Mend it", "a", found)
        return 0

    batches = rows(6).to_batches(max_chunksize=2)
    with pytest.raises(TableError, match=rf"first at row {row}\)") as refused:
        added_batches(batches, refuse, batches[0].slice(0, 0))
    assert refused.value.problems[0].row == row


def test_counts_by_level_add_in_place_and_apart():
    """``+`` changes neither value; ``+=`` adds the second to the first."""
    first, second = (LevelCounts({"u": n, None: 1}) for n in (2, 3))
    both = first + second
    assert both.of_value == {"u": 5, None: 2}
    assert (first.of_value, second.of_value) == ({"u": 2, None: 1}, {"u": 3, None: 1})
    assert iadd(first, second) is first
    assert first.of_value == both.of_value


def test_functions_with_arguments_are_asked_together():
    """They are partial functions with their first arguments given, as in the package."""

    def beyond(limit: float, batch: pa.RecordBatch) -> int:
        return int((np.asarray(batch.column("a")) >= limit).sum())

    asked = [partial(beyond, limit) for limit in (0.0, 10.0, 29.0)]
    found = aggregate_here(
        Table(rows(ROWS), ROLES), ["a"], lambda batch: tuple(count(batch) for count in asked)
    )
    assert found == (30, 20, 1)


def test_a_name_that_looks_like_a_row_stays_in_a_later_block():
    """Only the row is counted on, not the number in the name of a column or in a value."""
    error = table_error(
        "feature 'row 3' has \"row 4\" and it's infinite at row 5", "Drop it", row=5
    )
    (problem,) = error.after(100).problems
    assert problem.message == "feature 'row 3' has \"row 4\" and it's infinite at row 105"
    assert problem.row == 105
