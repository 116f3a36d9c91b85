"""A note reports whole rows that were entered twice."""

from dataclasses import replace

import numpy as np
import pandas as pd

from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.repetitions import MOST_VALUES
from lr_pipeline.tables.validation.validate import find_problems


def notes(data: pd.DataFrame, block_bytes: int | None = None, **roles: str) -> list[str]:
    """The notes about a table that is read in blocks of limited size."""
    table = replace(Table.from_pandas(data, "y", **roles), block_bytes=block_bytes)
    found = find_problems(table)
    return [str(one) for one in found if one.severity == "note"]


def table(rows: int = 200) -> pd.DataFrame:
    """A table whose rows all differ."""
    rng = np.random.default_rng(0)
    return pd.DataFrame({"y": np.arange(rows) % 2, "x": rng.normal(size=rows)})


def test_doubled_rows_are_counted_with_the_first() -> None:
    """They may be anywhere, in any block."""
    thirty_rows = 8 * 2 * 30
    data = table()
    doubled = pd.concat([data, data.iloc[[3, 50, 3]]])
    assert notes(doubled, thirty_rows) == [
        "3 of 203 rows equal an earlier one in every column (first: row 201, as row 4). Drop them "
        "if they were entered twice: a copy in the test part is no new row."
    ]
    assert notes(data, thirty_rows) == []


def test_an_id_does_not_hide_them() -> None:
    """Numbered rows may be entered twice, too."""
    data = table()
    doubled = pd.concat([data, data.head(2)])
    numbered = doubled.assign(key=[f"k{k}" for k in range(202)])
    assert "2 of 202 rows" in notes(numbered, id="key")[0]
    assert notes(numbered.assign(key=1.5 * np.arange(202))) == []


def test_where_columns_have_few_values_rows_are_alike_by_themselves() -> None:
    """More than 1 row in 20 gives no note, nor do rows with weights, which count repetitions."""
    data = table()
    assert notes(pd.concat([data] * 2)) == []
    assert notes(pd.concat([data, data.head(1)]).assign(n=1), weight="n") == []


def test_a_large_table_is_not_hashed() -> None:
    """Its rows are compared when it is split."""
    rows = MOST_VALUES // 2 + 1
    data = pd.DataFrame({"y": np.arange(rows) % 2, "x": np.arange(rows) * 0.5})
    data.iloc[-1] = data.iloc[0]
    assert notes(data) == []
