"""Sources: the tutorial's table and files, declared as data, read with errors that say why."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.optimize import linprog
from sklearn.datasets import make_classification

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.sources.declared_tables import FileTable, SyntheticTable, source_from_dict
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table

CSV = "key,age,sex,answer\n007,31,f,yes\n008,45,m,no\n009,,f,no\n010,22,m,yes\n"


@pytest.fixture
def write(tmp_path):
    """Write a file's text or bytes and return its path."""

    def write(content, name="rows.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_the_synthetic_table_is_make_classification_with_its_defaults():
    """It has 100 rows, and columns x0 to x9 and y, with scikit-learn's values."""
    source = SyntheticTable()
    X, y = make_classification(n_features=10, random_state=source.random_state)
    df = source.read().to_pandas()
    assert list(df.columns) == [f"x{j}" for j in range(10)] + ["y"]
    np.testing.assert_array_equal(df.drop(columns="y"), X)
    np.testing.assert_array_equal(df["y"], y)


def test_the_synthetic_training_rows_are_not_separable():
    """The largest Σ m over directions b in a box, m = (2y − 1) x̃ᵀb ≥ 0 on every row, is 0."""
    source = SyntheticTable()
    train, _ = split_table(source.read(), source.split)
    X = train.to_pandas().drop(columns="y").to_numpy()
    margins = np.c_[np.ones(len(X)), X] * (2 * train.labels() - 1)[:, None]
    found = linprog(
        -margins.sum(axis=0), A_ub=-margins, b_ub=np.zeros(len(X)), bounds=[(-1, 1)] * 11
    )
    assert found.status == 0
    assert -found.fun < 1e-9


@pytest.mark.parametrize("parts", [["rows.parquet"], ["a.parquet", "b.parquet"]])
def test_a_damaged_body_of_a_parquet_file_is_named(tmp_path, write, parts):
    """The footer is valid and a page is damaged: the message has the file and the remedy."""
    values = np.random.default_rng(1).normal(size=2_000)
    table = pa.table({"x": values, "y": [0, 1] * 1_000})
    for name in parts:
        pq.write_table(table, tmp_path / name, use_dictionary=False)
    path = tmp_path / parts[-1]
    content = bytearray(path.read_bytes())
    content[40:400] = bytes(360)
    write(bytes(content), path.name)
    with pytest.raises(TableError) as caught:
        FileTable(path if len(parts) == 1 else tmp_path, target="y").read()
    place = "in column 'x', row group 1 of 1 (rows 1 to 2,000): "
    assert f"{path}: the Parquet file is damaged {place}" in str(caught.value)
    assert "Write it again, or fetch it again" in str(caught.value)


def test_a_csv_file_becomes_a_table(write):
    """Numbers are inferred, text is a category, ids keep leading zeros, fields may be missing."""
    table = FileTable(write(CSV), target="answer", id="key").read()
    assert table.roles.features == ("age", "sex")
    assert table.roles.positive == "yes"
    assert table.column("key").to_pylist() == ["007", "008", "009", "010"]
    assert table.column("age").to_pylist() == [31, 45, None, 22]
    np.testing.assert_array_equal(table.labels(), [1, 0, 0, 1])


def test_a_parquet_file_stays_on_disk(tmp_path):
    """It equals the table in memory, without pandas' index; suffix or content shows its kind."""
    df = pd.DataFrame({"x": [0.1, 0.2, 0.3], "y": [1, 0, 1]}, index=[7, 8, 9])
    path = tmp_path / "rows.parquet"
    df.to_parquet(path)
    table = FileTable(path, target="y").read()
    assert table.data == path
    assert table.fingerprint == Table.from_pandas(df, "y").fingerprint
    renamed = path.rename(tmp_path / "rows.dat")
    assert FileTable(renamed, target="y").read().fingerprint == table.fingerprint


def test_excluded_columns_are_not_even_read(write):
    """A column that cannot be used causes no error if it is excluded."""
    path = write("x,y,d\n1,0,2020-01-01\n2,1,2020-01-02\n3,1,2020-01-03\n")
    with pytest.raises(TableError, match=r"'d' has the type date32.*Set exclude=\['d'\]"):
        FileTable(path, "y").read()
    assert FileTable(path, "y", exclude="d").read().schema.names == ["x", "y"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty. Give a header line and rows."),
        ("\ufeff", "the file is empty. Give a header line and rows."),
        ("x,y\n", "the table has no rows. Add rows below the header."),
        ("x,z\n1,0\n2,1\n", "target column 'y' not found; there are: 'x', 'z'. Name one"),
        ("x,y,x\n1,0,1\n", "column names occur more than once: 'x'. Rename them."),
        (",x,y\n0,1,0\n1,2,1\n", "column 1 has no name. Name it, or set exclude=['']."),
        (
            "x,y\n1,0\n2\n3,1\n",
            "1 row has another number of fields than the header's 2 (first: row 2",
        ),
        ("x,y\n1,0,5\n2,1\n3\n", "2 rows have another number of fields than the header's 2 (first"),
        ("x,y\n1,0\n2,1\n3,2\n", "target 'y' must have two values, found 3: 0, 1, 2 (first 2 at"),
        ("x,y\né,0\n".encode("latin-1"), "the file is not UTF-8: byte 0xe9 in line 2. Save it"),
        ("x,y\n1,0\n".encode("utf-16"), "the file is not UTF-8: byte 0xff in line 1. Save it"),
    ],
)
def test_a_csv_file_that_cannot_be_used_says_why(write, content, message):
    """The message is one line that begins with the file's path."""
    path = write(content)
    with pytest.raises(TableError) as caught:
        FileTable(path, target="y").read()
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


def test_a_path_that_is_no_file_says_why(tmp_path):
    """The path is missing, or it is a folder."""
    with pytest.raises(TableError, match=r"nowhere\.csv: no such file\. Check the path\."):
        FileTable(tmp_path / "nowhere.csv", "y").read()
    with pytest.raises(TableError, match="found a folder without Parquet or CSV files"):
        FileTable(tmp_path, "y").read()


@pytest.mark.parametrize("content", [b"x,y\n1,0\n", b"PAR1 cut off", b"", b"\xff\xfe"])
def test_a_mislabelled_or_truncated_parquet_file_says_so(write, content):
    """The suffix promises Parquet, but the content is something else."""
    path = write(content, "rows.parquet")
    with pytest.raises(TableError, match=r"rows\.parquet: not a readable Parquet file: "):
        FileTable(path, "y").read()


def test_a_nested_parquet_column_is_named(tmp_path):
    """Lists cannot be features."""
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"y": [0, 1], "x": [1.0, 2.0], "l": [[1], [2]]}), path)
    with pytest.raises(TableError, match=r"feature 'l' has the type list<.*exclude=\['l'\]"):
        FileTable(path, "y").read()


def test_every_problem_is_said_in_its_own_line(write):
    """Two bad features and a bad target give three lines, each with the file."""
    path = write("y,a,b\n0,inf,2024-01-01\n1,2,2024-01-02\n2,3,2024-01-03\n")
    with pytest.raises(TableError) as caught:
        FileTable(path, "y").read()
    assert [problem.column for problem in caught.value.problems] == ["y", "a", "b"]
    assert all(line.startswith(f"{path}: ") for line in str(caught.value).splitlines())


@pytest.mark.parametrize(
    "source",
    [
        SyntheticTable(),
        SyntheticTable(num_rows=500, num_features=20, random_state=7),
        FileTable("rows.csv", "y"),
        FileTable(
            "rows.parquet",
            "y",
            positive="yes",
            features=["a", "b"],
            id="k",
            weight="w",
            split=SplitPolicy(test_size=0.3, stratify=False, seed=1),
        ),
    ],
)
def test_a_declaration_survives_json(source):
    """``to_dict`` and ``source_from_dict`` are inverse."""
    assert source_from_dict(json.loads(json.dumps(source.to_dict()))) == source


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        ({}, "table kind None is unknown. Set kind to one of 'synthetic', 'file'"),
        ({"kind": "excel"}, "table kind 'excel' is unknown"),
        ({"kind": ["file"]}, "table kind ['file'] is unknown"),
        ({"kind": "sql", "query": "select 1"}, "lacks the field 'url'"),
        ({"kind": "file", "path": "a.csv"}, "lacks the field 'target'"),
        ({"kind": "synthetic", "rows": 5}, "has an unknown field 'rows'"),
        ({"kind": "synthetic", "split": {"size": 0.2}}, "has an unknown field 'size'"),
        ({"kind": "synthetic", "split": {"test_size": 1.5}}, "between 0 and 1, found 1.5"),
        ({"kind": "synthetic", "split": None}, "has None where fields are expected"),
        ({"kind": "synthetic", "split": "time"}, "has 'time' where fields are expected"),
    ],
)
def test_a_wrong_declaration_is_refused(declaration, message):
    """Unknown kinds and fields are errors, never ignored."""
    with pytest.raises(TableError) as caught:
        source_from_dict(declaration)
    assert message in str(caught.value)
