"""``export`` as a user sees it: verified files, what was compared, errors in one line."""

import csv
import runpy
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

import lr_pipeline

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
TITANIC = SAMPLES / "titanic.csv"
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def trained(run: Run) -> None:
    """Train a model with categories and missing values."""
    result = run("run", TITANIC, "--target", "survived")
    assert result.exit_code == 0, result.output


def test_each_form_is_written_after_it_agreed_on_the_test_rows(run, trained, folder) -> None:
    """The output says who compared how many rows, and how far apart they were."""
    model = lr_pipeline.load("titanic/numpy_model", home=folder / ".dagster_home")
    test = lr_pipeline.load("titanic/test_set", home=folder / ".dagster_home")
    for kind, suffix in (("sql", "sql"), ("onnx", "onnx"), ("python", "py"), ("json", "json")):
        result = run("export", "titanic", "--to", kind)
        assert result.exit_code == 0, result.stderr
        assert f"{test.num_rows} stored rows, largest difference" in result.output
        assert (
            result.output.splitlines()[-1] == f"{kind} of the model of titanic → titanic.{suffix}"
        )
    assert (folder / "titanic.json").read_text() == model.to_json()
    predict = runpy.run_path(str(folder / "titanic.py"))["predict_proba"]
    found = [predict(row) for row in test.to_arrow().to_pylist()]
    np.testing.assert_allclose(found, model.predict_proba(test), rtol=1e-15)


def test_the_sql_scores_a_csv_in_a_database(run, trained, folder) -> None:
    """SQLite's own import stores texts; numbers among them are read as numbers."""
    assert run("export", "titanic", "--to", "sql", "--output", "out/t.sql").exit_code == 0
    with TITANIC.open() as file:
        header, *rows = csv.reader(file)
    connection = sqlite3.connect(":memory:")
    names = ", ".join(f'"{name}"' for name in header)
    connection.execute(f"CREATE TABLE new_rows ({names})")
    marks = ", ".join("?" * len(header))
    values = [[value or None for value in row] for row in rows]
    connection.executemany(f"INSERT INTO new_rows VALUES ({marks})", values)
    cursor = connection.execute((folder / "out" / "t.sql").read_text())
    place = [column[0] for column in cursor.description].index("lr_probability")
    found = [row[place] for row in cursor]
    connection.close()
    home = folder / ".dagster_home"
    model = lr_pipeline.load("titanic/numpy_model", home=home)
    dataset = lr_pipeline.load("titanic/dataset", home=home)
    np.testing.assert_allclose(found, model.predict_proba(dataset), rtol=2e-15)


def test_a_model_in_a_file_is_verified_on_given_rows(run, trained, folder) -> None:
    """Without any rows nothing is written."""
    assert run("export", "titanic", "--to", "json", "--output", "moved.json").exit_code == 0
    result = run("export", "moved.json", "--to", "python", "--output", "none.py")
    assert (result.exit_code, result.stderr[:6]) == (1, "error:")
    assert "Give some: --rows FILE" in " ".join(result.stderr.split()).replace("verified. ", "")
    assert not (folder / "none.py").exists()
    result = run("export", "moved.json", "--to", "python", "--rows", TITANIC)
    assert result.exit_code == 0, result.stderr
    assert "1,309 stored rows" in result.output
    assert (folder / "moved.py").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("titanik", "--to", "sql"), "Did you mean 'titanic/champion'?"),
        (("titanic/linear_baseline", "--to", "sql"), "expected a logistic regression"),
        (("titanic", "--to", "sql", "--output", "."), "expected a file, found a folder"),
        (("kept.json", "--to", "json"), "would overwrite its own input"),
        (("titanic", "--to", "sql", "--rows", "t.csv", "--output", "t.csv"), "its own input"),
    ],
)
def test_a_mistake_is_said_in_one_line(run, trained, folder, arguments, message) -> None:
    """The exit code is 1, there is no traceback, and the files that are there stay."""
    inputs = [folder / name for name in ("kept.json", "t.csv")]
    for path in inputs:
        path.write_text("{}")
    result = run("export", *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert [path.read_text() for path in inputs] == ["{}"] * 2


def test_failed_checks_of_the_model_are_said(run, folder) -> None:
    """An export of a model that no maximum-likelihood estimate backs says so."""
    rows = "".join(f"{x},{int(x > 40)}\n" for x in range(80))
    (folder / "apart.csv").write_text("x,y\n" + rows)
    assert run("run", "apart.csv", "--target", "y").exit_code == 0
    refused = run("export", "apart", "--to", "json")
    assert refused.exit_code == 1
    assert "apart has no champion: a check failed" in refused.stderr
    result = run("export", "apart", "--to", "json", "--anyway")
    assert "! a check of the model's run failed: apart/mle_existence" in result.output
    result = run("scorecard", "apart", "--anyway")
    assert "! a check of the model's run failed: apart/mle_existence" in result.stderr
    assert "! a check" not in result.stdout
