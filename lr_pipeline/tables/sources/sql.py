"""The rows of a SQL query, streamed into Parquet (the extra ``sql`` brings SQLAlchemy)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, groupby
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.types as pt

from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.files.parquet import write_blocks
from lr_pipeline.tables.roles import quoted
from lr_pipeline.tables.sources.declared_places import is_variable, place_of
from lr_pipeline.tables.sources.secrets import HIDDEN, has_secret_parameters
from lr_pipeline.tables.values.decimals import floats_of
from lr_pipeline.tables.values.reading_rules import NO_RULES, ReadingRules
from lr_pipeline.tables.values.spelling import shown_spelling, spelling_key

PORTION_ROWS = 20_000
COLON = re.compile(r"(?<![:\w\\]):(?=\w)")  # SQLAlchemy takes :name for a parameter: there are none


def database_url(declared: str) -> Any:
    """Return the URL for SQLAlchemy; ``env:NAME`` stands for an environment variable that has it.

    Raises
    ------
    TableError
        SQLAlchemy is missing, the variable is not set, the text is not a URL, or the URL contains
        a password or a token, which the declaration would keep in artifacts and files.
    """
    try:
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError
    except ImportError:
        raise table_error(
            "a SQL query needs SQLAlchemy", "Install it: pip install 'lr-pipeline[sql]'"
        ) from None
    text = place_of(declared)
    try:
        url = make_url(text)
    except ArgumentError:
        raise table_error(
            "the database's URL cannot be understood", "Write it as in sqlite:///folder/rows.db"
        ) from None
    secret = url.password is not None or has_secret_parameters(text)
    if secret and not is_variable(declared):
        raise table_error(
            "the database's URL holds a password or a token in the open",
            "Put the URL into an environment variable and declare url='env:ITS_NAME'",
        )
    return url


@contextmanager
def query_rows(
    declared: str, query: str, portion_rows: int = PORTION_ROWS
) -> Iterator[tuple[list[str], Iterator[Sequence[Any]]]]:
    """Run the query in one transaction; yield the columns' names and the rows in portions.

    Raises
    ------
    TableError
        The driver is missing, the database cannot be reached, or it refuses the query.
    """
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import SQLAlchemyError

    url = database_url(declared)
    try:
        engine = create_engine(url)
    except (ImportError, SQLAlchemyError) as error:
        raise table_error(
            f"no driver for {url.drivername}: {error}",
            "Install it, or name one that there is, as in postgresql+psycopg://",
        ) from None
    try:
        with engine.connect() as connection:
            plain = text(COLON.sub(r"\\:", query))
            result = connection.execution_options(yield_per=portion_rows).execute(plain)
            yield list(result.keys()), result.partitions(portion_rows)
    except SQLAlchemyError as error:
        cause = " ".join(str(getattr(error, "orig", None) or error).split())
        for secret in filter(None, (url.password, *map(str, url.query.values()))):
            cause = cause.replace(secret, HIDDEN)
        raise table_error(f"the query failed: {cause}", "Correct the query or the URL") from None
    finally:
        engine.dispose()


def write_query_parts(
    names: list[str],
    portions: Iterator[Sequence[Any]],
    columns: Sequence[str],
    folder: Path,
    keys: Sequence[str],
    rules: ReadingRules = NO_RULES,
) -> list[Path]:
    """Write the rows into Parquet files; a portion with other types starts a new file.

    Decimal numbers become float64, except in ``keys``, which stay exact. Texts that are markers by
    the ``rules`` become null, also among numbers. The first file has no rows, and its columns have
    no type.

    Raises
    ------
    TableError
        A column has values for which Arrow has no type.
    """
    places = [place for place, name in enumerate(names) if name in columns]
    batches = _batches(names, places, chain([[]], portions), keys, rules)
    parts: list[Path] = []
    for schema, alike in groupby(batches, key=lambda batch: batch.schema):
        parts.append(folder / f"part-{len(parts):05}.parquet")
        write_blocks(parts[-1], schema, (batch for batch in alike if batch.num_rows))
    return parts


def _batches(
    names: list[str],
    places: list[int],
    portions: Iterable[Sequence[Any]],
    keys: Sequence[str],
    rules: ReadingRules,
) -> Iterator[pa.RecordBatch]:
    markers = [frozenset(map(spelling_key, rules.markers_of(names[place]))) for place in places]
    rows_before = 0
    for rows in portions:
        columns = [
            _column(names[place], [_value(row[place], marked) for row in rows], keys, rows_before)
            for place, marked in zip(places, markers, strict=True)
        ]
        yield pa.record_batch(columns, names=[names[place] for place in places])
        rows_before += len(rows)


def _value(value: Any, markers: frozenset[str]) -> Any:
    """Return the value in a form that Arrow accepts: a UUID as text, a marker as None."""
    if isinstance(value, UUID):
        return str(value)
    marked = markers and isinstance(value, str) and spelling_key(value) in markers
    return None if marked else value


def _column(name: str, values: list[Any], keys: Sequence[str], rows_before: int) -> pa.Array:
    try:
        array = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        kinds = sorted({type(value).__name__ for value in values if value is not None})
        held = (
            "integers beyond 64 bits"
            if kinds == ["int"]
            else f"values of the types {quoted(kinds)}"
        )
        texts = [(row, text) for row, text in enumerate(values, 1) if isinstance(text, str)]
        among = instead = ""
        if texts:
            row, text = texts[0]
            among = f" (first text {shown_spelling(text)} at row {rows_before + row})"
            instead = f", or set missing=[{text!r}] if it stands for no value"
        raise table_error(
            f"column {name!r} holds {held}{among}",
            f"Cast it to one type in the query{instead}",
            name,
        ) from None
    return floats_of(array) if pt.is_decimal(array.type) and name not in keys else array
