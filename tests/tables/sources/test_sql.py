"""A SQL query is a table: SQLite here, PostgreSQL on a server that the test starts."""

import sqlite3
import sys
from decimal import Decimal
from uuid import UUID

import pyarrow.parquet as pq
import pytest

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.files.parquet import open_parquet
from lr_pipeline.tables.sources import sql
from lr_pipeline.tables.sources.declared_tables import SqlTable
from lr_pipeline.tables.sources.temporary_parquet import join_parquet

QUERY = "SELECT age, sex, churned FROM customers ORDER BY number"
ROWS = [(31, "f", "yes"), (None, "m", "no"), (22.5, None, "no"), (45, "f", "yes")]
COLUMNS = {
    "age": [31.0, None, 22.5, 45.0],
    "sex": ["f", "m", None, "f"],
    "churned": ["yes", "no", "no", "yes"],
}


@pytest.fixture
def database(tmp_path):
    """A SQLite file with four customers."""
    path = tmp_path / "rows.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE customers (number INTEGER, age, sex TEXT, churned TEXT)")
        rows = [(k, *row) for k, row in enumerate(ROWS)]
        connection.executemany("INSERT INTO customers VALUES (?, ?, ?, ?)", rows)
    connection.close()
    return f"sqlite:///{path}"


def test_a_query_on_sqlite_is_a_table(database):
    """Its columns have the types of their values, and its source is the database."""
    table = SqlTable(database, QUERY, target="churned").read()
    assert table.to_arrow().to_pydict() == COLUMNS
    assert table.roles.positive == "yes"
    assert table.provenance["source"] == database


def joined(names, portions, folder, keys=()):
    """Write the portions and join what was written; return the columns as lists."""
    parts = sql.write_query_parts(names, portions, names, folder, keys)
    join_parquet({part.name: open_parquet(part) for part in parts}, names, folder / "rows")
    return pq.read_table(folder / "rows").to_pydict()


@pytest.mark.parametrize("portion", [1, 2, 20_000])
def test_portions_may_have_any_size(database, tmp_path, portion):
    """A column's type holds the values of all portions."""
    with sql.query_rows(database, QUERY, portion) as (names, portions):
        assert joined(names, portions, tmp_path) == COLUMNS


def test_keys_of_a_query_stay_exact_whatever_the_portions_hold(tmp_path):
    """Keys may be decimals of any length, mixed with integers, or UUIDs; features are floats."""
    long = Decimal(12345678901234567890)
    keys = [long, long + 1, Decimal("0.25"), 5]
    portions = [[(key, Decimal("0.1"), UUID(int=k))] for k, key in enumerate(keys)]
    names = ["key", "x", "uuid"]
    found = joined(names, iter(portions), tmp_path, ["key", "uuid"])
    assert found["key"] == keys
    assert found["x"] == [0.1] * 4
    assert found["uuid"] == [str(UUID(int=k)) for k in range(4)]
    with pytest.raises(TableError, match="column 'key' holds integers beyond 64 bits"):
        sql.write_query_parts(["key"], iter([[(2**70,)]]), ["key"], tmp_path, ["key"])


def test_colons_of_a_query_are_its_own(database):
    """SQLAlchemy would take a colon before a word for a parameter that has no value."""
    query = "SELECT age, iif(sex = 'f', ':a', ' :b\\:c 10:30') word, churned FROM customers"
    found = SqlTable(database, query, "churned", keep_na=["word"]).read().column("word").to_pylist()
    assert set(found) == {":a", " :b:c 10:30"}


def test_only_the_columns_with_a_role_are_kept(database):
    """Excluded columns are not even converted."""
    query = "SELECT *, X'00' AS blob FROM customers"
    table = SqlTable(database, query, "churned", exclude=["blob", "number"]).read()
    assert table.schema.names == ["age", "sex", "churned"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"query": "SELECT * FROM nowhere"}, "the query failed: no such table: nowhere. Correct"),
        ({"query": f"{QUERY} LIMIT 0"}, "the table has no rows."),
        ({"query": "SELECT age, age, churned FROM customers"}, "names occur more than once: 'age'"),
        ({"target": "churn"}, "Did you mean 'churned'?"),
        ({"url": "rows"}, "the database's URL cannot be understood"),
        ({"url": "env:NO_SUCH_URL"}, "the environment variable NO_SUCH_URL is not set"),
        ({"url": "postgresql://me:secret@host/db"}, "holds a password or a token in the open. Put"),
        ({"url": "postgresql://host/db?password=secret"}, "holds a password or a token in the"),
        ({"url": "nosuch://host/db"}, "no driver for nosuch"),
        (
            {"query": "SELECT iif(churned = 'no', 1, 'a') x, churned FROM customers"},
            "column 'x' holds values of the types 'int', 'str' (first text 'a' at row 1). Cast it "
            "to one type in the query, or set missing=['a'] if it stands for no value.",
        ),
    ],
)
def test_a_query_that_gives_no_table_says_why(database, changes, message):
    """The message has the database, without its password."""
    declared = {"url": database, "query": QUERY, "target": "churned"} | changes
    with pytest.raises(TableError) as caught:
        SqlTable(**declared).read()
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


def test_values_whose_type_changes_between_portions_are_refused(database, tmp_path):
    """The first rows have numbers, and later ones text."""
    query = "SELECT CASE number WHEN 0 THEN 1 ELSE 'a' END x, churned FROM customers"
    message = r"column 'x' is int64 in .* and string in .*one type"
    rows = sql.query_rows(database, query, portion_rows=1)
    with pytest.raises(TableError, match=message), rows as (names, portions):
        joined(names, portions, tmp_path)


def test_a_url_in_the_environment_stays_there(database, monkeypatch):
    """The declaration, which the web UI shows, has only the variable's name."""
    monkeypatch.setenv("CHURN_DATABASE", database)
    source = SqlTable("env:CHURN_DATABASE", QUERY, "churned")
    assert source.read().to_arrow().to_pydict() == COLUMNS
    assert source.to_dict()["url"] == "env:CHURN_DATABASE"


def test_without_sqlalchemy_the_extra_is_named(monkeypatch):
    """SQLAlchemy is optional."""
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(TableError, match=r"pip install 'lr-pipeline\[sql\]'"):
        SqlTable("sqlite://", QUERY, "churned").read()


@pytest.mark.postgres
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_a_query_on_postgresql_is_a_table(postgres_server, driver):
    """Its numerics become numbers and its dates dates; the rows exceed one portion."""
    import sqlalchemy

    postgres = postgres_server.new_database(f"visits_{driver}").replace(":", f"+{driver}:", 1)
    engine = sqlalchemy.create_engine(postgres)
    with engine.connect() as connection:
        connection.execute(
            sqlalchemy.text(
                "CREATE TABLE visits AS SELECT k AS number, k::numeric / 8 AS dose, k % 7 = 0 AS "
                "died, CASE k % 3 WHEN 0 THEN 'a' WHEN 1 THEN 'b' END AS ward, "
                "DATE '2024-01-01' + k AS day FROM generate_series(1, 50000) AS k"
            )
        )
        connection.commit()
    engine.dispose()
    source = SqlTable(postgres, "SELECT * FROM visits ORDER BY number", "died", time="day")
    table = source.read()
    assert table.num_rows == 50_000
    assert table.roles.positive is True
    assert table.roles.features == ("dose", "ward")
    assert [one["column"] for one in table.provenance["left_out"]] == ["number"]
    assert table.column("dose").to_pylist()[:4] == [0.125, 0.25, 0.375, 0.5]
    assert table.column("ward").to_pylist()[:3] == ["b", None, "a"]
    assert str(table.schema.field("day").type) == "date32[day]"
