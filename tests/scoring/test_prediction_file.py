"""Files for people: no formulas in CSV, complete or absent, never over an input."""

import csv
from decimal import Decimal
from uuid import UUID

import pandas as pd
import pyarrow as pa
import pytest

from lr_pipeline.scoring.prediction_file import export_predictions, without_formula
from lr_pipeline.scoring.predictions import ScoringError, score_file
from lr_pipeline.tables.errors import TableError
from tests.scoring.conftest import in_blocks

LONG = 12_345_678_901_234_567_890
FORMULAS = ["=1+1", "+1+1", "-1-1", "-1\n", "-A1", "＝1", "＋A1", "@SUM(A1)", "\tx", "\rx", "\nx"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_taken_for_text(text) -> None:
    """It gets a ' before it, which spreadsheets do not show."""
    assert without_formula(text) == "'" + text


@pytest.mark.parametrize("text", ["", "a=1", " =1", "1-1", "'=1", "-5", "+7.50"])
def test_other_text_stays(text) -> None:
    """Only the first character decides, and a signed number is not a formula."""
    assert without_formula(text) == text


def test_no_cell_of_a_csv_is_a_formula(model, tmp_path) -> None:
    """The ids could come from a form on the web."""
    rows = {"key": FORMULAS, "age": 50.0, "dose": 1e-3, "city": "Oslo"}
    pd.DataFrame(rows).to_parquet(tmp_path / "new.parquet")
    export_predictions(score_file(model, tmp_path / "new.parquet"), tmp_path / "scores.csv")
    with (tmp_path / "scores.csv").open(newline="") as file:
        found = [row["key"] for row in csv.DictReader(file)]
    assert found == ["'" + text for text in FORMULAS]


def test_names_of_columns_are_no_formulas_either(frame, tmp_path) -> None:
    """These are the header's id, and a feature that is named as out of range."""
    from lr_pipeline.tables.table import Table
    from tests.scoring.conftest import fit

    renamed = frame[["key", "age", "died"]].rename(columns={"key": "=key", "age": "@age"})
    model = fit(Table.from_pandas(renamed, target="died", id="=key"))
    (tmp_path / "new.csv").write_text("=key,@age\n1,500\n")
    export_predictions(score_file(model, tmp_path / "new.csv"), tmp_path / "scores.csv")
    with (tmp_path / "scores.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["'=key"] == "1"
    assert row["out_of_range"] == "'@age"


def test_csv_and_parquet_say_the_same(model, new_rows, tmp_path) -> None:
    """Every number agrees to the last bit."""
    for name in ("a.csv", "a.parquet"):
        export_predictions(score_file(model, new_rows), tmp_path / name)
    with (tmp_path / "a.csv").open(newline="") as file:
        read = list(csv.DictReader(file))
    stored = pd.read_parquet(tmp_path / "a.parquet")
    for column in ("probability", "lower", "upper", "label"):
        assert [float(row[column]) for row in read] == stored[column].tolist()


@pytest.mark.parametrize("kind", [pa.int64(), pa.date32(), pa.dictionary(pa.int8(), pa.string())])
def test_ids_of_any_type_reach_the_csv(model, tmp_path, kind) -> None:
    """Numbers are written as numbers, other ids as text."""
    import pyarrow.parquet as pq

    key = pa.array(["a"]).cast(kind) if pa.types.is_dictionary(kind) else pa.array([7], kind)
    columns = {"key": key, "age": [50.0], "dose": [1e-3], "city": ["Oslo"]}
    pq.write_table(pa.table(columns), tmp_path / "new.parquet")
    export_predictions(score_file(model, tmp_path / "new.parquet"), tmp_path / "a.csv")
    expected = {"int64": "7", "date32[day]": "1970-01-08"}.get(str(kind), "a")
    with (tmp_path / "a.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["key"] == expected


UUID_ID = UUID("01234567-890a-bcde-f123-4567890abcde")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (pa.array([UUID_ID.bytes], pa.uuid()), str(UUID_ID)),
        (pa.array([b"\xff\x00"], pa.binary(2)), "ff00"),
        (pa.array([Decimal(LONG)], pa.decimal128(38, 0)), str(LONG)),
        (pa.array([["a", "b"]]), '["a", "b"]'),
        (pa.array(["a"], pa.string_view()), "a"),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_ids_of_odd_types_reach_the_output_exactly(model, tmp_path, key, expected, kind) -> None:
    """They are written as by hand; bytes are hexadecimal digits in CSV."""
    import pyarrow.parquet as pq

    columns = {"key": key, "age": [50.0], "dose": [1e-3], "city": ["Oslo"]}
    pq.write_table(pa.table(columns), tmp_path / "new.parquet")
    output = tmp_path / f"scores.{kind}"
    export_predictions(score_file(model, tmp_path / "new.parquet"), output)
    if kind == "csv":
        with output.open(newline="") as file:
            (row,) = csv.DictReader(file)
        assert row["key"] == expected
    else:
        (found,) = pq.read_table(output)["key"].to_pylist()
        assert (found.hex() if isinstance(found, bytes) else str(found)) == expected


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (float("inf"), r"feature 'age' has infinite values \(first at row 5\)"),
        (
            2**53 + 1,
            r"feature 'age' has integers beyond 2\^53, inexact in float64 \(first at row 5\)",
        ),
    ],
)
def test_a_value_that_cannot_be_scored_is_placed_in_the_file(
    model, tmp_path, suffix, bad, message
) -> None:
    """Its row is counted from the file's first row, not the block's; nothing is written."""
    ages = [50, 51, 52, 53, bad, 55]
    frame = pd.DataFrame({"key": list("abcdef"), "age": ages, "dose": 1e-3, "city": "Oslo"})
    path = tmp_path / f"new.{suffix}"
    frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
    with pytest.raises(TableError, match=f"^{path}: {message}"):
        export_predictions(in_blocks(score_file(model, path), 8 * 4 * 2), tmp_path / "scores.csv")
    assert not (tmp_path / "scores.csv").exists()


def test_an_earlier_output_is_replaced_whole(model, new_rows, tmp_path) -> None:
    """It is replaced once all rows are scored; an error leaves it as it was."""
    output = tmp_path / "scores.csv"
    output.write_text("earlier")
    bad = tmp_path / "bad.csv"
    bad.write_text("city,key,age,dose\nOslo,a,inf,1\n")
    with pytest.raises(TableError):
        export_predictions(score_file(model, bad), output)
    assert output.read_text() == "earlier"
    export_predictions(score_file(model, new_rows), output)
    assert output.read_text().startswith('"key"')
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "new.csv", "scores.csv"]


@pytest.mark.promise("Files of yours", "`predict` never overwrites what it reads.")
def test_an_input_is_never_overwritten(model, new_rows, tmp_path) -> None:
    """The name may be its own, another one or a link; other named inputs are safe, too."""
    link = tmp_path / "link.csv"
    link.symlink_to(new_rows)
    before = new_rows.read_bytes()
    other = tmp_path / "other.csv"
    other.write_text("x")
    for output in (new_rows, link, tmp_path / "." / "new.csv", other):
        with pytest.raises(ScoringError, match="overwrite its own input"):
            export_predictions(score_file(model, new_rows), output, [other])
    assert new_rows.read_bytes() == before


def test_a_file_of_the_folder_that_is_scored_is_never_overwritten(model, new_rows) -> None:
    """Every file of the folder is safe."""
    before = new_rows.read_bytes()
    with pytest.raises(ScoringError, match="overwrite its own input"):
        export_predictions(score_file(model, new_rows.parent), new_rows)
    assert new_rows.read_bytes() == before


@pytest.mark.parametrize("name", ["scores.xlsx", "scores"])
def test_another_suffix_is_refused(model, new_rows, tmp_path, name) -> None:
    """No file gets a name that contradicts its format."""
    with pytest.raises(ScoringError, match=r"ends in \.csv or \.parquet"):
        export_predictions(score_file(model, new_rows), tmp_path / name)


def test_a_folder_is_no_output(model, new_rows, tmp_path) -> None:
    """A file in the folder is one."""
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ScoringError, match="found a folder"):
        export_predictions(score_file(model, new_rows), tmp_path / "folder.csv")
