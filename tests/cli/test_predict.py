"""``predict`` as a user sees it: output, exit codes, files."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from click.testing import Result

import lr_pipeline

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
SPECTOR = SAMPLES / "spector.csv"
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def trained(run) -> None:
    """Train a model of spector's 32 students, which has intervals."""
    result = run("run", SPECTOR, "--target", "GRADE")
    assert result.exit_code == 0, result.output
    assert re.search(r"no champion, \w+ is undecided: no test: only 2 cases", result.output)
    alone = run("predict", SPECTOR, "--model", "spector")
    assert "error: spector has no champion: no test: only 2 cases" in alone.stderr
    assert "`lr-pipeline champion spector --promote latest --because …`" in alone.stderr
    result = run("champion", "spector", "--promote", "latest", "--because", "it is a textbook's")
    assert result.exit_code == 0, result.output


def counts_in(output: str) -> str:
    """The line with the counts, after which come the metrics where the rows have answers."""
    (line,) = (one for one in output.splitlines() if " rows by model " in one)
    return line


def test_predict_scores_with_the_champion(run, trained, folder) -> None:
    """The table's name finds the model; a line has counts; the numbers are the model's."""
    result = run("predict", SPECTOR, "--model", "spector", "--output", "scores.csv")
    assert result.exit_code == 0, result.stderr
    last = counts_in(result.output)
    assert last.startswith("32 rows by model ")
    assert last.endswith("→ scores.csv")
    model = lr_pipeline.load("spector/numpy_model", home=folder / ".dagster_home")
    found = pd.read_csv(folder / "scores.csv")
    dataset = lr_pipeline.load("spector/dataset", home=folder / ".dagster_home")
    assert found["probability"].tolist() == pytest.approx(model.predict_proba(dataset).tolist())
    assert set(found["model_status"]) == {"champion"}
    assert f"{found['label'].sum()} with label 1 (GRADE = 1, p > 0.5)" in last


def test_metrics_of_answers_join_the_history_that_the_ui_charts(run, trained, folder) -> None:
    """As an observation of the table's predictions, with the model; a file's model has no table."""
    result = run("predict", SPECTOR, "--model", "spector", "--output", "scores.csv")
    assert "in the history of spector/predictions, which the web UI charts" in result.output
    home, key = folder / ".dagster_home", dg.AssetKey(["spector", "predictions"])
    with dg.DagsterInstance.from_config(str(home)) as instance:
        latest = instance.fetch_observations(key, limit=1).records[0].asset_observation
    told = {name: value.value for name, value in latest.metadata.items()}
    scores, answers = pd.read_csv(folder / "scores.csv"), pd.read_csv(SPECTOR)["GRADE"]
    assert told["answers/accuracy"] == pytest.approx((scores["label"] == answers).mean())
    assert told["answers/log_loss_low"] < told["answers/log_loss"] < told["answers/log_loss_high"]
    assert (told["model_version"], told["model_status"]) == (
        scores["model_version"][0],
        "champion",
    )
    assert told["source"] == str(SPECTOR.resolve())
    (model,) = (folder / "data/artifacts/spector/numpy_model").glob("*/model.json")
    alone = run("predict", SPECTOR, "--model", model, "--output", "scores.csv")
    assert alone.exit_code == 0, alone.output
    assert "in the history" not in alone.output


def test_the_output_is_named_after_the_input(run, trained, folder) -> None:
    """The output is Parquet, with the threshold that was given."""
    result = run("predict", SPECTOR, "--model", "spector/torch_model", "--threshold", "0.9")
    assert result.exit_code == 0, result.stderr
    found = pd.read_parquet(folder / "spector_predictions.parquet")
    assert (found["label"] == (found["probability"] > 0.9)).all()


def test_a_folder_is_scored_and_names_the_output(run, trained, folder) -> None:
    """Packed files too; in the name, a pattern's special characters are left out."""
    (folder / "night").mkdir()
    for number in (1, 2):
        packed = gzip.compress(SPECTOR.read_bytes())
        (folder / "night" / f"{number}.csv.gz").write_bytes(packed)
    for place, rows, output in (
        ("night", 64, "night_predictions.parquet"),
        ("night/*.csv.gz", 64, "predictions.parquet"),
        ("night/1.csv.gz", 32, "1_predictions.parquet"),
    ):
        result = run("predict", place, "--model", "spector")
        assert counts_in(result.output).startswith(f"{rows} rows by model "), result.stderr
        assert len(pd.read_parquet(folder / output)) == rows


def test_rows_beyond_training_are_counted_by_feature(run, trained, folder) -> None:
    """The counts come before the last line."""
    (folder / "far.csv").write_text("GPA,TUCE,PSI\n3,20,0\n9,20,1\n9,99,1\n")
    result = run("predict", "far.csv", "--model", "spector")
    assert "! out of range: GPA (2), TUCE (1)" in result.output
    assert "2 out of range, 0 with an unseen category" in result.output


def test_withheld_intervals_are_announced(run, folder) -> None:
    """The output has the reason."""
    command = ("run", SPECTOR, "--target", "GRADE", "--penalty", "firth", "--name", "firth")
    assert run(*command).exit_code == 0
    result = run("predict", SPECTOR, "--model", "firth", "--anyway")
    assert "! no intervals: the estimate is penalised (firth)" in result.output
    assert "(not the champion): " in result.output
    assert set(pd.read_parquet(folder / "spector_predictions.parquet")["model_status"]) == {
        "not the champion"
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no.csv", "--model", "spector"), "no.csv: no such file"),
        ((SPECTOR, "--model", "spectre"), "Did you mean 'spector/champion'?"),
        ((SPECTOR, "--model", "spector/linear_baseline"), "expected a logistic regression"),
        ((SPECTOR, "--model", "none.json"), "no such model file"),
        ((SPECTOR, "--model", "spector", "--output", "a.xlsx"), "ends in .csv or .parquet"),
        ((SAMPLES / "fair.csv", "--model", "spector"), "these columns are not as in training"),
        ((SPECTOR, "--model", "spector", "--output", SPECTOR), "would overwrite its own input"),
    ],
)
def test_a_mistake_in_predict_is_said_and_nothing_written(
    run, trained, folder, arguments, message
) -> None:
    """The exit code is 1, and there is no traceback and no file."""
    before = set(folder.iterdir())
    result = run("predict", *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert set(folder.iterdir()) == before
