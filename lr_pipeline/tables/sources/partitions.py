"""Columns stored in the paths: folders named ``column=value``, as Hive and Spark write them."""

from collections.abc import Collection, Sequence
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.roles import quoted

MISSING = "__HIVE_DEFAULT_PARTITION__"
INTEGER = r"^[+-]?\d+$"

Partition = dict[str, str | None]  # column → value, None where it is missing


def partition_of(file: str, folder: str) -> Partition:
    """The columns named by the folders between ``folder`` and ``file``, the outermost first."""
    inner = file[len(folder.rstrip("/")) :].split("/")[:-1]
    pairs = (part.partition("=") for part in inner if "=" in part)
    return {unquote(name): None if value == MISSING else unquote(value) for name, _, value in pairs}


def partition_columns(
    partitions: Sequence[Partition], names: Collection[str], text_columns: Collection[str]
) -> dict[str, pa.Array]:
    """Column → its value for each file: integers where all values are, else text.

    ``names`` are the columns in the files themselves; ``text_columns`` keep leading zeros.

    Raises
    ------
    TableError
        The files lie in folders of different columns, or have such a column themselves.
    """
    first = partitions[0]
    for other in partitions:
        if other.keys() != first.keys():
            raise table_error(
                f"folders name different columns: {quoted(first) or '—'} and "
                f"{quoted(other) or '—'}",
                "Keep files of one table, at one depth",
            )
    if twice := [name for name in first if name in names]:
        raise table_error(
            f"columns are both in the files and in their folders' names: {quoted(twice)}",
            "Rename the folders, or leave those columns out of the files",
        )
    columns = {name: pa.array([one[name] for one in partitions], pa.string()) for name in first}
    return {n: one if n in text_columns else _as_integers(one) for n, one in columns.items()}


def _as_integers(texts: pa.Array) -> pa.Array:
    """The texts as integers where all of them are decimal integers: 01 is the number 1."""
    if pc.any(pc.invert(pc.match_substring_regex(texts, INTEGER))).as_py():
        return texts  # pyarrow would read 0x35 as 53
    try:
        return texts.cast(pa.int64())
    except pa.ArrowInvalid:
        return texts
