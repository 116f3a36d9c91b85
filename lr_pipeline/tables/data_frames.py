"""A pandas data frame as an Arrow table; a column that Arrow cannot hold is named."""

from typing import TYPE_CHECKING

import pyarrow as pa

from lr_pipeline.tables.errors import Problem, TableError, table_error

if TYPE_CHECKING:
    import pandas


def require_pandas(df: object) -> None:
    """Raise ``TableError`` where the frame is none of pandas'."""
    import pandas

    if not isinstance(df, pandas.DataFrame):
        raise table_error(
            f"a pandas data frame is expected, found {type(df).__module__}.{type(df).__name__}",
            "Convert it, or give an Arrow table to Table.from_arrow",
        )


def arrow_of(df: "pandas.DataFrame") -> pa.Table:
    """Convert the columns, without the index.

    Raises
    ------
    TableError
        Columns hold values of several types or of one that Arrow
        does not know; names each.
    """
    import pandas

    names = [str(name) for name in df.columns]
    columns, problems = [], []
    for place, name in enumerate(names):
        values = df.iloc[:, place]
        if isinstance(values.dtype, pandas.SparseDtype):
            values = values.astype(values.dtype.subtype)
        try:
            columns.append(pa.Array.from_pandas(values))
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            kinds = sorted({type(value).__name__ for value in values.dropna()})[:4]
            problems.append(
                Problem(
                    f"column {name!r} ({values.dtype}) holds {', '.join(kinds)}, which are not "
                    "values of one type that Arrow has",
                    f"Convert it, as by df[{name!r}].astype(str), or drop it",
                    name,
                )
            )
    if problems:
        raise TableError(*problems)
    return pa.table(columns, names)
