"""The verb ``drift``: verdict and table in the terminal, the page among the table's artifacts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import lr_pipeline
from lr_pipeline.cli.command_line import main


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Return the folder with a home ``h`` in which a table was trained, and new rows."""
    folder = tmp_path_factory.mktemp("drift")
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(1_000, 2)), columns=["a", "b"])
    frame["y"] = np.where(rng.random(1_000) < 1 / (1 + np.exp(-frame["a"])), "yes", "no")
    frame[:600].to_csv(folder / "rows.csv", index=False)
    frame[600:].to_csv(folder / "same.csv", index=False)
    moved = frame[600:].assign(a=frame["a"] + 1)
    moved.iloc[:3, 2] = "perhaps"
    moved.to_csv(folder / "moved.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        result = CliRunner().invoke(
            main, ["run", "rows.csv", "--target", "y", "--home", "h", "--cv", "0"]
        )
    assert result.exit_code == 0, result.output
    return folder


def said(home: Path, monkeypatch: pytest.MonkeyPatch, *words: str, code: int = 0) -> str:
    """Return what the command prints, with its spaces made one."""
    monkeypatch.chdir(home)
    result = CliRunner().invoke(main, ["drift", *words, "--home", "h"])
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def test_rows_alike_have_not_drifted(home, monkeypatch) -> None:
    """The table is named by its assets or by its file."""
    for table in ("rows", "rows.csv"):
        output = said(home, monkeypatch, table, "same.csv")
        assert "No drift: no difference is both large and certain." in output
        assert "400 new rows against 480 training rows of model" in output


def test_drift_is_said_and_is_no_error(home, monkeypatch) -> None:
    """Exit code 0; the page is recorded, wherever the command runs."""
    output = said(home, monkeypatch, "rows", "moved.csv")
    assert "Drift: 1 of 2 features (a) and the score." in output
    assert "not known as answers: 'perhaps' (3)" in output
    page = Path(output.rpartition("Report: ")[2])
    assert page.read_text().startswith("<!doctype html>")
    assert (home / "data" / "artifacts" / "rows" / "drift_report") in page.parents
    assert lr_pipeline.load("rows/drift_report", home=home / "h")["drifted"]


def test_what_cannot_be_compared_is_an_error(home, monkeypatch) -> None:
    """A missing file and an unknown table end the command with exit code 1."""
    assert "error: " in said(home, monkeypatch, "rows", "none.csv", code=1)
    assert "expected a report of other" in said(home, monkeypatch, "other", "same.csv", code=1)


def test_the_page_opens_in_a_browser(home, monkeypatch) -> None:
    """If there is none, the message says where the page is."""
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    said(home, monkeypatch, "rows", "same.csv", "--open")
    assert opened[0].startswith("file://")
    monkeypatch.setattr("webbrowser.open", lambda url: False)
    assert "no web browser was found" in said(
        home, monkeypatch, "rows", "same.csv", "--open", code=1
    )


def test_predict_says_how_good_the_scores_are(home, monkeypatch) -> None:
    """The rows carry answers; one value is none."""
    monkeypatch.chdir(home)
    result = CliRunner().invoke(
        main, ["predict", "moved.csv", "--model", "rows/numpy_model", "--home", "h"]
    )
    assert result.exit_code == 0, result.output
    assert "against the answers of 397 rows, 3 without one left out:" in result.output
    assert "ROC AUC     0." in result.output
    assert "not known as answers: 'perhaps' (3)" in result.output
