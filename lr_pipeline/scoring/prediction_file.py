"""Write predictions to a file: Parquet, or CSV that no spreadsheet executes."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.types as pt

from lr_pipeline.scoring.predictions import Predictions, ScoringError
from lr_pipeline.storage.atomic import replaced_file
from lr_pipeline.tables.files.refusals import os_reason, special_kind
from lr_pipeline.tables.sources.locations import PARQUET_SUFFIXES
from lr_pipeline.tables.values.column_values import is_text

# A spreadsheet recognizes a formula by the first character of a cell (OWASP, "CSV Injection"), in
# some languages also by its full-width form. A number with a sign is not a formula.
FORMULA = r"\A[=+\-@＝＋－＠\t\r\n]"
SIGNED_NUMBER = r"\A[+-]\d+(\.\d+)?\z"


def export_predictions(
    predictions: Predictions, output: str | Path, inputs: Sequence[str | Path] = ()
) -> None:
    """Score and write ``output``, CSV or Parquet by its suffix: completely, or not at all.

    An earlier file of that name is replaced.

    Raises
    ------
    ScoringError
        The suffix is another one, or ``output`` is one of ``inputs`` or a file that is scored.
    TableError
        A value cannot be used; nothing was written.
    """
    output = Path(output)
    scored = [file.local for file in predictions.new_rows.files if file.local is not None]
    require_writable(output, [*scored, *map(Path, inputs)])
    with replaced_file(output) as partial:
        if output.suffix.lower() == ".csv":
            write_csv(predictions, partial)
        else:
            predictions.write_parquet(partial)


def require_writable(output: Path, inputs: Sequence[Path]) -> None:
    """Raise ``ScoringError`` unless ``output`` is a CSV or Parquet file other than ``inputs``."""
    if output.is_dir():
        raise ScoringError(f"{output}: expected a file, found a folder. Name a file in it.")
    if output.exists() and (kind := special_kind(output.stat().st_mode)):
        raise ScoringError(f"{output}: expected a file, found {kind}. Name another output.")
    if output.suffix.lower() not in (".csv", *PARQUET_SUFFIXES):
        raise ScoringError(
            f"{output}: expected a name that ends in .csv or .parquet, found {output.suffix!r}. "
            "Rename the output."
        )
    _require_place(output)
    for path in inputs:
        if output.exists() and path.exists() and output.samefile(path):
            raise ScoringError(f"{output}: would overwrite its own input. Name another output.")


def _require_place(output: Path) -> None:
    """Raise ``ScoringError`` if no file can be written; missing folders are made later."""
    parent = next(one for one in output.absolute().parents if one.exists())
    try:
        with TemporaryFile(dir=parent):
            return
    except OSError as error:
        reason, remedy = os_reason(error)
        where = f" ({parent})" if parent != output.parent else ""
        raise ScoringError(f"{output}: cannot be written: {reason}{where}. {remedy}.") from None


def write_csv(predictions: Predictions, path: Path) -> None:
    """Write UTF-8 CSV; a ' is put before text that starts with =, +, -, @, tab or a line break.

    A number with a sign, such as the id -5, stays as it is, since other tables are joined by it.
    Bytes are written as hexadecimal digits.
    """
    plain = [pa.field(without_formula(one.name), _plain(one.type)) for one in predictions.schema]
    schema = pa.schema(plain)
    with pa.csv.CSVWriter(path, schema) as writer:
        for batch in predictions.blocks():
            columns = map(_cells, batch.columns, schema.types)
            writer.write_batch(pa.RecordBatch.from_arrays(list(columns), schema=schema))


def without_formula(text: str) -> str:
    """Return the text, with a ' before it if a spreadsheet would execute it."""
    return str(_cells(pa.array([text]), pa.string())[0].as_py())


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return numbers and booleans as they are, and anything else as text."""
    number = pt.is_integer(kind) or pt.is_floating(kind) or pt.is_boolean(kind)
    return kind if number else pa.string()


def _cells(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if pt.is_binary(column.type) or pt.is_large_binary(column.type):
        column = pa.array([v if v is None else v.hex() for v in column.to_pylist()], pa.string())
    cells = column.cast(kind)
    if not is_text(kind):
        return cells
    number = pc.match_substring_regex(cells, SIGNED_NUMBER)
    return pc.if_else(
        pc.and_not(pc.match_substring_regex(cells, FORMULA), number),
        pc.binary_join_element_wise("'", cells, ""),
        cells,
    )
