"""Every bad input through the command line: its message, exit code 1, no artifact changed."""

import datetime
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from lr_pipeline.command_line import main

N = 40
NUMBERS = np.random.default_rng(3).normal(size=N).round(3).tolist()
ANSWERS = ["no", "yes", "yes", "no"] * (N // 4)
CLEAN = {"x": NUMBERS, "y": ANSWERS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where the commands are given."""
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def run(folder) -> Callable[..., Result]:
    """``lr-pipeline run … --name rows`` after one that went well."""

    def run(path: Path, *options: str) -> Result:
        command = ["run", str(path), "--target", "y", "--name", "rows", *options]
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            patch.delenv("DAGSTER_HOME", raising=False)
            return CliRunner().invoke(main, command)

    path = folder / "good.parquet"
    pq.write_table(pa.table(CLEAN), path)
    assert run(path).exit_code == 0
    return run


def artifacts(folder: Path) -> dict[Path, bytes]:
    """Every artifact file and its content."""
    return {p: p.read_bytes() for p in (folder / "data" / "artifacts").rglob("*") if p.is_file()}


def csv(columns: dict[str, list[object]], delimiter: str = ",") -> bytes:
    """The columns as text."""
    lines = [delimiter.join(columns)]
    lines += [delimiter.join(map(str, row)) for row in zip(*columns.values(), strict=True)]
    return ("\n".join(lines) + "\n").encode()


def parquet(columns: dict[str, object]) -> bytes:
    """The columns as a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


DATES = [datetime.date(2024, 1, 1) + datetime.timedelta(k) for k in range(N)]
BAD = {
    "empty": (b"", ["the file is empty. Give a header line and rows."]),
    "header only": (b"x,y\n", ["the table has no rows. Add rows below the header."]),
    "no target": (csv({"x": NUMBERS, "z": ANSWERS}), ["target column 'y' not found"]),
    "one value": (csv(CLEAN | {"y": ["no"] * N}), ["target 'y' must have two values, found 1"]),
    "three values": (
        csv(CLEAN | {"y": [*ANSWERS[:-1], "maybe"]}),
        [
            "target 'y' must have two values, found 3: 'yes', 'no', 'maybe' "
            "(first 'maybe' at row 40)"
        ],
    ),
    "missing target": (
        csv(CLEAN | {"y": ["", *ANSWERS[1:]]}),
        ["target 'y' has missing values: 1 (first at row 1). Fill or drop those rows."],
    ),
    "infinite": (
        csv({"x": ["inf", *NUMBERS[1:]], "y": ANSWERS}),
        ["feature 'x' has infinite values: 1 (first at row 1)"],
    ),
    "no value": (csv(CLEAN | {"z": [""] * N}), ["feature 'z' has no value in any row"]),
    "dates": (csv(CLEAN | {"d": DATES}), ["feature 'd' has the type date32[day]; numbers,"]),
    "huge integers": (
        csv(CLEAN | {"k": [2**53 + 2 * k for k in range(N)]}),
        ["feature 'k' has integers beyond 2^53, inexact in float64 (row 2)"],
    ),
    "numbers with a word": (
        csv({"x": [*NUMBERS[:-1], "unknown"], "y": ANSWERS}),
        ["feature 'x' is text because of 'unknown' (first at row 40): 39 of 40 values are numbers"],
    ),
    "duplicate names": (b"x,x,y\n1,2,no\n", ["column names occur more than once: 'x'. Rename"]),
    "unnamed column": (b",x,y\n1,2,no\n", ["column 1 has no name. Name it, or set exclude=['']."]),
    "latin-1": ("x,y\n1,né\n".encode("latin-1"), ["the file is not UTF-8: byte 0xe9 in line 2."]),
    "utf-16": (csv(CLEAN).decode().encode("utf-16"), ["the file is not UTF-8: byte 0xff in line"]),
    "ragged": (
        b"x,y\n1,no\n2\n3,yes,7\n",
        ["2 rows have another number of fields than the header's 2 (first: row 2 with 1: '2')"],
    ),
    "truncated parquet": (parquet(CLEAN)[:-20], ["not a readable Parquet file: "]),
    "nested": (
        parquet(CLEAN | {"l": [[1]] * N}),
        ["feature 'l' has the type list<element: int64>; numbers, booleans and text"],
    ),
    "only useless columns": (csv(CLEAN | {"x": [7] * N}), ["feature 'x' has one value only: 7."]),
    "several at once": (
        csv({"y": ["", *ANSWERS[1:]], "x": ["inf", *NUMBERS[1:]], "d": DATES, "z": [""] * N}),
        [
            "target 'y' has missing values: 1",
            "feature 'x' has infinite values: 1",
            "feature 'd' has the type date32[day]",
            "feature 'z' has no value in any row",
        ],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_with_every_problem(run, folder, case) -> None:
    """A line a problem that begins with the file; nothing made before is touched."""
    content, messages = BAD[case]
    path = folder / ("rows.parquet" if content[:4] == b"PAR1" else "rows.csv")
    path.write_bytes(content)
    before = artifacts(folder)
    result = run(path)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    lines = result.stderr.strip().splitlines()
    for line, message in zip(lines, messages, strict=True):
        assert line.startswith(f"error: {path}: {message}")
    assert artifacts(folder) == before


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        (
            CLEAN | {"y": ["yes", *["no"] * (N - 1)]},
            [],
            "a stratified split needs 2 rows of each class, found 1 positive and 39 negative rows",
        ),
        (CLEAN | {"g": ["a"] * N}, ["--group", "g"], "a split by group needs 2 groups, found 1"),
        (CLEAN, ["--split", "group"], "a split by group needs a group column. Set group=."),
        (CLEAN, ["--split", "time"], "a split by time needs a time column. Set time=."),
        (CLEAN | {"t": ANSWERS}, ["--time", "t"], "time 't' must be numbers, dates or timestamps"),
        (CLEAN | {"k": [1] * N}, ["--id", "k"], "id 'k' must differ from row to row, found 39"),
        (CLEAN | {"w": [-1] * N}, ["--weight", "w"], "weight 'w' must be finite and ≥ 0"),
        (CLEAN, ["--positive", "ja"], "positive value 'ja' not found in target 'y'"),
        (CLEAN | {"c": [7] * N}, ["--exclude", "x"], "feature 'c' has one value only: 7."),
    ],
)
def test_a_bad_declaration_is_refused(run, folder, columns, options, message) -> None:
    """In one line with the file; no training set is made, and what was there stays as it was."""
    path = folder / "rows.csv"
    path.write_bytes(csv(columns))
    before = artifacts(folder)
    result = run(path, *options)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {path}: {message}")
    assert len(result.stderr.strip().splitlines()) == 1
    after = artifacts(folder)
    assert before.items() <= after.items()
    assert not any("train_set" in path.parts for path in after.keys() - before.keys())


def test_a_changed_schema_blocks_until_it_is_accepted(run, folder) -> None:
    """Tonight's file lacks a column and has another: no model is trained on it unasked."""
    path = folder / "nightly.csv"
    ward = ["a", "b", "b"] * 13 + ["a"]
    path.write_bytes(csv(CLEAN | {"ward": ward}))
    assert run(path).exit_code == 0
    path.write_bytes(csv(CLEAN | {"dose": NUMBERS[::-1]}))
    for _ in range(2):
        result = run(path)
        assert result.exit_code == 1
        assert (
            "error: contract: the columns changed since the last training: 'dose': — → n"
            in result.stderr
        )
        assert "'ward': text → —" in result.stderr
        assert "✓ rows/train_set" not in result.output
    assert run(path, "--accept-schema").exit_code == 0
    assert run(path).exit_code == 0


def test_odd_names_and_more_columns_than_rows_are_no_obstacle(run, folder) -> None:
    """Quotes, HTML and newlines are escaped in the report; the warning says what is wrong."""
    odd = {'"<b>a</b>"': NUMBERS, '"two\nlines, ""quoted"""': NUMBERS[::-1], "y": ANSWERS}
    path = folder / "rows.csv"
    path.write_bytes(b"\xef\xbb\xbf" + csv(odd))
    result = run(path, "--name", "odd")
    assert result.exit_code == 0, result.output
    html = next((folder / "data" / "artifacts" / "odd").rglob("report.html")).read_text()
    assert "<b>a</b>" not in html
    assert "&lt;b&gt;a&lt;/b&gt;" in html
