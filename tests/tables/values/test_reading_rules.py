"""Markers of missing values, from every source, in training and in new rows."""

import csv
import json
import sqlite3
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.scoring.new_rows import SchemaMismatchError, open_new_rows
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.sources.declared_tables import FileTable, SqlTable, source_from_dict
from lr_pipeline.tables.values.reading_rules import ReadingRules, without_markers
from lr_pipeline.tables.values.spelling import shown_spelling

MARKERS = [
    "?", "-", ".", "*", ".A", ".z", "._", "#NULL!", "#DIV/0!", "#VALUE!", "none", "None", "unknown",
    "missing", "n.a.", "--", ":", "sysmis", "<NA>", "not available", "?\u00a0", "k.A.", "abc", "–",
    "\u200b", " ",
]  # fmt: skip
ALREADY_MISSING = ["", "NA", "N/A", "NaN", "null", "NULL", "n/a", "nan", "#N/A", "NA ", " null"]


def write_csv(path: Path, columns: dict[str, list[str]], delimiter: str = ",") -> Path:
    """Write columns of texts, quoted where necessary."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows([list(columns), *zip(*columns.values(), strict=True)])
    return path


@st.composite
def spoiled_numbers(draw, markers=MARKERS):
    """Few or many different numbers as text, some replaced by a marker, and the marker's rows."""
    number = st.one_of(
        st.integers(0, 3), st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6, allow_nan=False)
    )
    kind = draw(st.sampled_from([st.integers(0, 3), st.integers(-999, 999), number]))
    values = draw(st.lists(kind, min_size=24, max_size=40))
    marker = draw(st.sampled_from(markers))
    rows = draw(st.sets(st.integers(2, len(values)), min_size=1, max_size=len(values) // 3))
    texts = [marker if row in rows else repr(value) for row, value in enumerate(values, 1)]
    expected = [None if row in rows else float(v) for row, v in enumerate(values, 1)]
    return texts, marker, min(rows), expected


@settings(max_examples=60, deadline=None)
@given(spoiled_numbers())
def test_a_marker_among_numbers_is_named_or_missing(tmp_path_factory, spoiled) -> None:
    """The message has the word, its first row and a remedy that works."""
    texts, marker, row, expected = spoiled
    folder = tmp_path_factory.mktemp("rows")
    y = ["0", "1"] * len(texts)
    path = write_csv(folder / "rows.csv", {"x": texts, "y": y[: len(texts)]})
    stored = folder / "rows.parquet"
    pq.write_table(pa.table({"x": texts, "y": [int(one) for one in y[: len(texts)]]}), stored)
    for source in (path, stored):
        if source == path and not marker.strip().strip("\u200b"):
            continue  # a blank field is missing in any text
        with pytest.raises(TableError) as caught:
            FileTable(source, "y").read()
        message = str(caught.value)
        assert f"because of {shown_spelling(marker)} (first at row {row})" in message
        assert f"missing=[{marker!r}]" in message
    table = FileTable(path, "y", features=["x"], missing=[marker]).read()
    found = table.column("x").to_pylist()
    assert [None if v is None else float(v) for v in found] == expected
    declared = {"features": ["x"], "missing": [marker]}
    with pytest.raises(TableError, match=r"has numbers as text: .*Set number=\['x'\], category="):
        FileTable(stored, "y", **declared).read()
    assert FileTable(stored, "y", number="x", **declared).read().column("x").to_pylist() == expected


@pytest.mark.parametrize("word", ALREADY_MISSING)
def test_the_usual_words_are_missing_without_a_word(tmp_path, word) -> None:
    """An extra space does not matter; numbers stay numbers, and no level is empty."""
    x = ["1.5", word, "2", "1.5"] * 5
    s = ["a", "b", word, "a"] * 5
    path = write_csv(tmp_path / "rows.csv", {"x": x, "s": s, "y": ["0", "1", "1", "0", "1"] * 4})
    table = FileTable(path, "y").read()
    assert table.column("x").to_pylist() == [1.5, None, 2.0, 1.5] * 5
    assert table.column("s").to_pylist() == ["a", "b", None, "a"] * 5


COLUMNS = {
    "age": ["31", "-999", "22.5", "-999.0", "?", "47"] * 5,
    "land": ["NA", "DE", "?", "None", "", "NA"] * 5,
    "y": ["0", "1", "1", "0", "1", "0"] * 5,
}
AGE = [31.0, None, 22.5, None, None, 47.0] * 5


def test_markers_and_columns_that_keep_na_are_declared_together(tmp_path) -> None:
    """A number is a marker in each of its forms; NA can be kept as the code of Namibia."""
    path = write_csv(tmp_path / "rows.csv", COLUMNS)
    declared = FileTable(str(path), "y", missing=["?", "-999"], keep_na=["land"])
    table = declared.read()
    assert table.column("age").to_pylist() == AGE
    assert table.column("land").to_pylist() == ["NA", "DE", "?", "None", None, "NA"] * 5
    assert source_from_dict(json.loads(json.dumps(declared.to_dict()))) == declared
    assert table.provenance["reading"] == {"missing": ["?", "-999"], "keep_na": ["land"]}
    plain = FileTable(path, "y")
    assert not {"missing", "keep_na"} & plain.to_dict().keys()
    with pytest.raises(TableError, match=r"keep_na column 'lant' not found.*Did you mean 'land'"):
        FileTable(path, "y", keep_na="lant").read()


def test_markers_are_missing_in_parquet_and_sql(tmp_path) -> None:
    """They are compared by value in numbers, by spelling in text and dictionaries."""
    stored = {
        "age": [31.0, -999.0, 22.5, 47.0] * 5,
        "land": ["DE", "?", "? ", "FR"] * 5,
        "city": pa.array(["a", "?", "b", "a"] * 5).dictionary_encode(),
        "y": [0, 1, 1, 0] * 5,
    }
    pq.write_table(pa.table(stored), tmp_path / "rows.parquet")
    table = FileTable(tmp_path / "rows.parquet", "y", missing=["?", "-999"]).read()
    assert table.column("age").to_pylist() == [31.0, None, 22.5, 47.0] * 5
    assert table.column("land").to_pylist() == ["DE", None, None, "FR"] * 5
    assert table.column("city").to_pylist() == ["a", None, "b", "a"] * 5
    with sqlite3.connect(tmp_path / "rows.db") as connection:
        connection.execute("CREATE TABLE t (age, y)")
        rows = [(31, 0), ("?", 1), (22.5, 1), (47, 0)] * 5
        connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
    connection.close()
    query = {"url": f"sqlite:///{tmp_path}/rows.db", "query": "SELECT * FROM t", "target": "y"}
    found = SqlTable(**query, missing=["?"]).read()
    assert found.column("age").to_pylist() == [31.0, None, 22.5, 47.0] * 5
    message = r"column 'age' holds .* \(first text '\?' at row 2\)\. .*set missing=\['\?'\] if"
    with pytest.raises(TableError, match=message):
        SqlTable(**query).read()


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_new_rows_are_read_by_the_rules_of_training(tmp_path, suffix) -> None:
    """The model keeps the rules: they need not be declared again."""
    path = write_csv(tmp_path / "rows.csv", COLUMNS)
    table = FileTable(path, "y", missing=["?", "-999"], keep_na=["land"]).read()
    preparation = Preparation.from_dict(json.loads(json.dumps(Preparation.fit(table).to_dict())))
    assert preparation.rules == ReadingRules(("?", "-999"), ("land",))
    new = tmp_path / f"new.{suffix}"
    if suffix == "csv":
        write_csv(new, {name: COLUMNS[name][:4] for name in ("land", "age")})
    else:
        pq.write_table(pa.table({"age": [31, -999, 22, -999], "land": ["NA", "DE", "?", "x"]}), new)
    rows = open_new_rows(new, preparation).table
    assert rows.column("age").to_pylist()[1::2] == [None, None]
    assert rows.column("land").to_pylist()[:3] == ["NA", "DE", "?"]


def test_a_model_without_rules_says_nothing_of_them(tmp_path) -> None:
    """Its JSON has no key for them."""
    columns = {"x": ["1", "2", "4"] * 4, "y": ["0", "1"] * 6}
    table = FileTable(write_csv(tmp_path / "rows.csv", columns), "y").read()
    assert Preparation.fit(table).to_dict().keys() == {"roles", "encodings"}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_word_among_new_numbers_is_named(tmp_path, suffix) -> None:
    """The message has its first row, and how many values are numbers."""
    columns = {"x": ["1", "2", "4"] * 4, "y": ["0", "1"] * 6}
    table = FileTable(write_csv(tmp_path / "rows.csv", columns), "y").read()
    new = tmp_path / f"new.{suffix}"
    if suffix == "csv":
        write_csv(new, {"x": ["1", "2", "?", "3"]})
    else:
        pq.write_table(pa.table({"x": ["1", "2", "?", "3"]}), new)
    with pytest.raises(SchemaMismatchError) as caught:
        open_new_rows(new, Preparation.fit(table))
    found = "text because of '?' (first at row 3): 3 of 4 values are numbers"
    assert [one.found for one in caught.value.differences] == [found]


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint8(), pa.int64(), pa.float32(), pa.bool_()])
def test_a_marker_that_no_number_of_the_type_is_changes_nothing(kind) -> None:
    """Examples: 300 in 8-bit, -1 in unsigned, 1.5 in integer and words in any column; booleans."""
    column = pa.array([0, 1, None, 1]).cast(kind)
    markers = ["300", "1e300", "-7", "0.5", "?", "nan", "inf", "1_0", "0x1"]
    assert without_markers(column, markers).equals(column)
    if kind != pa.bool_():
        assert without_markers(column, ["1.0"]).to_pylist() == [0, None, None, None]


def test_the_rows_keep_their_order_and_other_values(tmp_path) -> None:
    """With markers among 100,000 rows every other value stays in its row."""
    x = np.random.default_rng(5).integers(0, 50, 100_000)
    texts = np.where(np.arange(100_000) % 1000 == 7, "?", x.astype(str)).tolist()
    path = write_csv(tmp_path / "rows.csv", {"x": texts, "y": ["0", "1"] * 50_000})
    found = FileTable(path, "y", missing="?").read().column("x")
    assert found.null_count == 100
    expected = [None if k % 1000 == 7 else int(one) for k, one in enumerate(x)]
    assert found.to_pylist() == expected
