"""Every bad input is refused with its message; on the command line no artifact changes."""

import datetime
import gzip
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

import lr_pipeline
from lr_pipeline.cli.command_line import main
from lr_pipeline.cli.remedies import in_options
from lr_pipeline.cli.table_options import file_table, table_options
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.sources.declared_tables import FileTable

N = 40
NUMBERS = np.random.default_rng(3).normal(size=N).round(3).tolist()
ANSWERS = ["no", "yes", "yes", "no"] * (N // 4)
CLEAN = {"x": NUMBERS, "y": ANSWERS}
WARD = CLEAN | {"ward": ["a", "b", "b"] * 13 + ["a"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The folder in which the commands run."""
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def run(folder) -> Callable[..., Result]:
    """Call ``lr-pipeline run … --name rows`` after a successful run."""

    def run(path: Path, *options: str) -> Result:
        command = ["run", str(path), "--target", "y", "--name", "rows", "--cv", "0", *options]
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            return CliRunner().invoke(main, command)

    path = folder / "good.parquet"
    pq.write_table(pa.table(WARD), path)
    assert run(path).exit_code == 0
    return run


@click.command()
@click.argument("file")
@table_options
def read(file: str, **described) -> None:
    """Read the table that the options describe, as the first step of ``lr-pipeline run`` does."""
    file_table(file, **described).read(to_split=True)


def refused(path: Path, messages: list[str], *options: str) -> None:
    """Assert that the table is refused with these messages.

    A remedy names the option of the command line in place of the argument in Python.
    """
    result = CliRunner().invoke(read, [str(path), "--target", "y", *options])
    assert isinstance(result.exception, TableError), result
    assert_lines(in_options(str(result.exception)).splitlines(), path, messages)


def refused_run(run, folder: Path, path: Path, messages: list[str], *options: str) -> None:
    """Run the command; assert these messages, exit code 1, no traceback, no changed artifact."""
    before = artifacts(folder)
    result = run(path, *options)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    lines = result.stderr.strip().splitlines()
    assert all(line.startswith("error: ") for line in lines)
    assert_lines([line.removeprefix("error: ") for line in lines], path, messages)
    assert artifacts(folder) == before


def assert_lines(lines: list[str], path: Path, messages: list[str]) -> None:
    """Assert that each line names the file and begins with its message."""
    for line, message in zip(lines, messages, strict=True):
        expected = f"{path} {in_options(message)}"
        assert line.replace(f"{path}: ", f"{path} ").startswith(expected)


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
    "a target in two spellings": (
        csv(CLEAN | {"y": ["yes\N{NO-BREAK SPACE}", *ANSWERS[1:]]}),
        [
            "target 'y' has a value in several spellings, which read alike: 'yes' (rows: 20) and "
            "'yes\\xa0' (rows: 1, first at row 1). Write it in one way."
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
    "no value": (csv({"z": [""] * N, "y": ANSWERS}), ["feature 'z' has no value in any row"]),
    "dates": (csv(CLEAN | {"d": DATES}), ["feature 'd' has the type date32[day]; numbers,"]),
    "huge integers": (
        csv(CLEAN | {"k": [2**53 + 2 * k for k in range(N)]}),
        ["feature 'k' has integers beyond 2^53, inexact in float64 (row 2)"],
    ),
    "numbers with a word": (
        csv({"x": [*NUMBERS[:-1], "unknown"], "y": ANSWERS}),
        ["feature 'x' is text because of 'unknown' (first at row 40): 39 of 40 values are numbers"],
    ),
    "question marks among few numbers": (
        csv({"x": [*range(1, 5)] * 9 + ["?"] * 3 + ["-"], "y": ANSWERS}),
        [
            "feature 'x' is text because of '?' (first at row 37): 36 of 40 values are numbers, 4 "
            "are words: '?' (3), '-' (1). Correct the others, or make them missing: set "
            "missing=['?', '-'], or set exclude=['x'], or category=['x'] if they are codes."
        ],
    ),
    "thousands separators": (
        csv(CLEAN | {"k": [f'"{k},120.00"' for k in range(1, N + 1)]}),
        [
            "feature 'k' is text because of '1,120.00' (first at row 1): 40 of 40 values are "
            "numbers with thousands separators, a decimal comma, a currency or a percent sign. "
            "Write digits and a decimal point alone, as in 1234.5, or set exclude=['k']."
        ],
    ),
    "dates as text": (
        csv(CLEAN | {"d": [date.strftime("%m/%d/%Y") for date in DATES]}),
        ["feature 'd' has dates as text: 40 of 40 values (first '01/01/2024'); numbers, boolea"],
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
    "3,001 columns": (
        parquet({f"x{j}": [k + j for k in NUMBERS] for j in range(3_001)} | {"y": ANSWERS}),
        [
            "3,001 features in 40 rows make 3,001 columns of numbers and categories; at most "
            "3,000 can be fitted. Name the features that matter in features=, or leave others out"
        ],
    ),
    "only useless columns": (csv(CLEAN | {"x": [7] * N}), ["feature 'x' has one value only: 7."]),
    "one positive row and more": (
        csv({"x": ["inf", *NUMBERS[1:]], "y": ["yes", *["no"] * (N - 1)]}),
        [
            "feature 'x' has infinite values: 1 (first at row 1)",
            "a stratified split needs 2 rows of each class, found 1 positive and 39 negative rows",
        ],
    ),
    "several at once": (
        csv({"y": ["", *ANSWERS[1:]], "x": ["inf", *NUMBERS[1:]], "d": DATES, "z": [""] * N}),
        [
            "target 'y' has missing values: 1",
            "feature 'x' has infinite values: 1",
            "feature 'd' has the type date32[day]",
        ],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_with_every_problem(tmp_path, case) -> None:
    """Each problem has a line that begins with the file."""
    content, messages = BAD[case]
    path = tmp_path / ("rows.parquet" if content[:4] == b"PAR1" else "rows.csv")
    path.write_bytes(content)
    refused(path, messages)


def test_a_run_on_a_bad_file_shows_every_problem_and_changes_no_artifact(run, folder) -> None:
    """Its exit code is 1, and no traceback is shown."""
    content, messages = BAD["several at once"]
    path = folder / "rows.csv"
    path.write_bytes(content)
    refused_run(run, folder, path, messages)


def test_a_run_on_no_file_or_a_bad_declaration_changes_no_artifact(run, folder) -> None:
    """Its exit code is 1, and no traceback is shown."""
    refused_run(run, folder, folder / "none.csv", ["no such file. Check the path."])
    path = folder / "rows.csv"
    path.write_bytes(csv(CLEAN))
    message = "column 'y' is declared target and weight. Gi"
    refused_run(run, folder, path, [message], "--weight", "y")


@pytest.fixture
def place(tmp_path) -> Callable[[dict[str, bytes]], Path]:
    """Write the files of a folder of tables, and return it."""

    def place(files: dict[str, bytes]) -> Path:
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(content)
        return tmp_path

    return place


LETTERS = parquet(CLEAN | {"x": ["a", "b"] * (N // 2)})
PLACES = {
    "no file": ({}, "rows.csv", "no such file. Check the path."),
    "mislabelled": ({"rows.parquet": csv(CLEAN)}, "rows.parquet", "{}: not a readable Parquet"),
    "empty parquet": ({"rows.parquet": b""}, "rows.parquet", "{}: not a readable Parquet file: "),
    "empty folder": ({}, "", "a file is expected, found a folder without Parquet or CSV files"),
    "no match": ({}, "*.parquet", "no file matches. Check the pattern."),
    "another packer": (
        {"rows.csv.bz2": b"BZh9"},
        "rows.csv.bz2",
        "bz2 is not unpacked here. Unpack it, or give .csv.gz.",
    ),
    "truncated gzip": (
        {"rows.csv.gz": gzip.compress(csv(CLEAN), mtime=0)[:-30]},
        "rows.csv.gz",
        "a file cannot be unpacked: Compressed file ended before the end-of-stream marker",
    ),
    "partitions of text": (
        {"year=2024/a.csv": csv(CLEAN)},
        "",
        "folders named column=value are read from Parquet only, found text files. Write Parquet,",
    ),
    "mixed folder": (
        {"a.csv": csv(CLEAN), "b.parquet": parquet(CLEAN)},
        "",
        "the folder has both Parquet and text files. Name those you mean, as in folder/*.csv",
    ),
    "other types": (
        {"a.parquet": parquet(CLEAN), "b.parquet": LETTERS},
        "",
        "column 'x' is double in {}/a.parquet and string in {}/b.parquet. Write both with one type",
    ),
    "other columns": (
        {"a.csv": csv(CLEAN), "b.csv": csv({"z": NUMBERS, "y": ANSWERS})},
        "",
        "the files differ in their columns: {}/b.csv lacks 'x' of {}/a.csv and has 'z' more",
    ),
    "words in one file": (
        {"a.csv": csv(CLEAN), "b.csv": csv({"x": ["unknown", 1.5], "y": ["no", "yes"]})},
        "",
        "feature 'x' is text because of 'unknown' (first at row 41): 41 of 42 values are numbers",
    ),
    "word in a later row group": (
        {
            "rows.csv": csv(
                {"x": [*range(400_000), "unknown"], "y": ["no", *["yes", "no"] * 200_000]}
            )
        },
        "rows.csv",
        "feature 'x' is text because of 'unknown' (first at row 400001)",
    ),
}


@pytest.mark.parametrize("case", PLACES)
def test_a_bad_place_is_refused(place, case) -> None:
    """It has no file, a file of another kind than its name, or files that are not one table."""
    files, name, message = PLACES[case]
    where = place(files) / name if name else place(files)
    message = message.removeprefix("{}: ").replace("{}", str(where))
    refused(where, [message])


def test_a_path_outside_the_allowed_folder_is_refused(place, monkeypatch) -> None:
    """That includes links; if no folder is set, every path is allowed."""
    path = place({"rows.csv": csv(CLEAN)}) / "rows.csv"
    allowed = path.parent / "allowed"
    allowed.mkdir()
    (allowed / "link.csv").symlink_to(path)
    monkeypatch.setenv("LR_PIPELINE_DATA_ROOT", str(allowed))
    for one in (path, allowed / "link.csv"):
        refused(one, [f"lies outside the data root {allowed}. Move it there,"])


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
        (CLEAN | {"w": [1] * N}, ["--weight", "y"], "column 'y' is declared target and weight. Gi"),
        (CLEAN, ["--time", "y", "--split", "time"], "column 'y' is declared target and time. Give"),
        (CLEAN | {"w": [0] * N}, ["--weight", "w"], "weight 'w' is 0 in every row, so that none"),
        (CLEAN, ["--positive", "ja"], "positive value 'ja' not found in target 'y'"),
        (CLEAN | {"c": [7] * N}, ["--exclude", "x"], "feature 'c' has one value only: 7."),
        (
            {"x": NUMBERS, "y": ["no"] * 32 + ["yes", "no"] * 4, "t": list(range(N))},
            ["--time", "t", "--split", "time"],
            "the training rows would hold only one value of target 'y'. Stratify the split,",
        ),
        (
            CLEAN | {"t": list(range(N)), "z": [*[""] * 35, 1, 2, 3, 2, 4]},
            ["--time", "t", "--split", "time"],
            "feature 'z' has no value in the training rows. Set exclude=['z'].",
        ),
        (
            CLEAN | {"s": ["a", "", "missing", "a"] * 10},
            [],
            "two columns of the design would be called 's=missing'. Rename a column, or the level",
        ),
    ],
)
def test_a_bad_declaration_is_refused(tmp_path, columns, options, message) -> None:
    """The message is one line with the file."""
    path = tmp_path / "rows.csv"
    path.write_bytes(csv(columns))
    refused(path, [message], *options)


def test_a_changed_schema_blocks_until_it_is_accepted(run, folder) -> None:
    """The next file lacks a column and has a new one: no model is trained until it is accepted."""
    path = folder / "nightly.csv"
    path.write_bytes(csv(CLEAN | {"dose": NUMBERS[::-1]}))
    message = "the columns changed since the last training: 'dose': — → number, 'ward': text → —"
    for _ in range(2):
        refused_run(run, folder, path, [message])
    renamed = folder / "tonight.csv"
    renamed.write_bytes(path.read_bytes())
    refused_run(run, folder, renamed, [message])
    assert run(path, "--accept-schema").exit_code == 0
    assert run(path).exit_code == 0


def test_what_looks_bad_but_can_be_read_gives_a_model(place) -> None:
    """Semicolons with decimal commas, a packed file, and files with two number types are read."""
    commas = [str(value).replace(".", ",") for value in NUMBERS]
    semicolons = csv({"x": commas, "y": ["true", "false", "false", "true"] * (N // 4)}, ";")
    halves = [
        parquet({"x": [round(v * 1000) for v in NUMBERS], "y": [0.0, 1.0, 1.0, 0.0] * (N // 4)}),
        parquet({"x": [v * 1000 for v in NUMBERS], "y": [1.0, 0.0, 0.0, 1.0] * (N // 4)}),
    ]
    packed = gzip.compress(csv(CLEAN))
    parts = {"p/year=2023/a.parquet": halves[0], "p/year=2024/a.parquet": halves[1]}
    top = place({"rows.csv": semicolons, "rows.csv.gz": packed, **parts})
    for name, features in (("rows.csv", ["x"]), ("rows.csv.gz", ["x"]), ("p", ["x", "year"])):
        table = FileTable(top / name, target="y").read(to_split=True)
        model = lr_pipeline.fit_logistic(table, penalty="auto")
        assert list(model.preparation.columns) == features


def test_odd_names_are_no_obstacle(run, folder) -> None:
    """Quotes, HTML and newlines in a header are escaped in the report."""
    odd = {'"<b>a</b>"': NUMBERS, '"two\nlines, ""quoted"""': NUMBERS[::-1], "y": ANSWERS}
    path = folder / "rows.csv"
    path.write_bytes(b"\xef\xbb\xbf" + csv(odd))
    result = run(path, "--name", "odd")
    assert result.exit_code == 0, result.output
    html = next((folder / "data" / "artifacts" / "odd").rglob("report.html")).read_text()
    assert "<b>a</b>" not in html
    assert "&lt;b&gt;a&lt;/b&gt;" in html
