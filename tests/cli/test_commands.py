"""``new`` and ``predict`` as a person uses them: output, exit codes, files."""

import gzip
import runpy
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from click.testing import Result

import lr_pipeline
from lr_pipeline.tables.split.split_table import SplitPolicy

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
SPECTOR = SAMPLES / "spector.csv"
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def trained(run) -> None:
    """A model of spector's 32 students, which has intervals."""
    result = run("run", SPECTOR, "--target", "GRADE")
    assert result.exit_code == 0, result.output


def test_new_writes_once_and_says_what(run, folder) -> None:
    """The second time nothing changes, still with exit code 0."""
    command = ("new", "students", SPECTOR, "--target", "GRADE", "--schedule", "0 2 * * *")
    first, second = run(*command), run(*command)
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "written: locations/students.py\nextended: workspace.yaml\n" in first.output
    assert "students trains at '0 2 * * *' (UTC)" in first.output
    assert "A web UI that is running must be ended and started again to show it." in first.output
    assert "must be ended" not in second.output
    assert "students is there already; nothing was changed." in second.output
    assert (folder / "locations" / "students.py").is_file()


def test_new_without_a_schedule_says_so(run) -> None:
    """It can be switched on in the UI."""
    result = run("new", "quiet", SPECTOR, "--target", "GRADE")
    assert "quiet has its schedule switched off" in result.output


@pytest.mark.parametrize(
    ("options", "split", "said"),
    [
        (["--time", "TUCE"], SplitPolicy(kind="time"), "Tests on the latest rows by 'TUCE'"),
        (["--group", "TUCE"], SplitPolicy(kind="group"), "Tests on whole groups of 'TUCE'"),
        (["--time", "TUCE", "--split", "random"], SplitPolicy(kind="random"), ""),
        (
            ["--split", "sticky", "--seed", "4", "--test-size", "0.4", "--feature", "PSI"],
            SplitPolicy(kind="sticky", seed=4, test_size=0.4),
            "",
        ),
    ],
)
def test_new_takes_the_options_of_run(run, folder, options, split, said) -> None:
    """A time or a group column says how to split, unless --split does; the file has it all."""
    result = run("new", "optioned", SPECTOR, "--target", "GRADE", *options)
    assert result.exit_code == 0, result.output
    path = folder / "locations" / "optioned.py"
    table = runpy.run_path(str(path))["table"]
    path.unlink()
    (folder / "workspace.yaml").unlink()
    assert table.split == split
    assert table.features == (("PSI",) if "--feature" in options else None)
    assert result.output.startswith(f"{said} (--split {split.kind}).\n" if said else "written")


def test_a_group_and_a_time_ask_for_a_split(run, folder) -> None:
    """Neither is silently left out of account."""
    command = ("both", SPECTOR, "--target", "GRADE", "--group", "TUCE", "--time", "GPA")
    result = run("new", *command)
    assert result.exit_code == 1
    assert "no split does both. Name one of them, or give --split" in result.stderr
    assert not (folder / "locations" / "both.py").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("numpy", SPECTOR, "--target", "GRADE"), "is that of a Python module"),
        (("a-b", SPECTOR, "--target", "GRADE"), "letters, digits and underscores only"),
        (("a", "no.csv", "--target", "GRADE"), "no.csv: no such file"),
        (("a", SPECTOR, "--target", "GRADES"), "Did you mean 'GRADE'?"),
        (("a", SPECTOR, "--target", "GRADE", "--schedule", "daily"), "five fields"),
    ],
)
def test_a_mistake_in_new_is_one_line_and_exit_code_1(run, folder, arguments, message) -> None:
    """Nothing is written."""
    result = run("new", *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (folder / "locations" / "a.py").exists()


def test_an_edited_location_is_not_overwritten(run, folder) -> None:
    """Exit code 1, with the remedy."""
    command = ("new", "edited", SPECTOR, "--target", "GRADE")
    run(*command)
    file = folder / "locations" / "edited.py"
    file.write_text(file.read_text() + "# mine\n")
    result = run(*command)
    assert result.exit_code == 1
    assert "is not overwritten. Edit it, remove it, or choose another name." in result.stderr
    assert file.read_text().endswith("# mine\n")


def test_predict_scores_with_the_current_model(run, trained, folder) -> None:
    """By the name of the table; a closing line of counts, the same numbers as the model's."""
    result = run("predict", SPECTOR, "--model", "spector", "--output", "scores.csv")
    assert result.exit_code == 0, result.stderr
    last = result.output.splitlines()[-1]
    assert last.startswith("32 rows by model ")
    assert last.endswith("→ scores.csv")
    model = lr_pipeline.load("spector/numpy_model", home=folder / ".dagster_home")
    found = pd.read_csv(folder / "scores.csv")
    dataset = lr_pipeline.load("spector/dataset", home=folder / ".dagster_home")
    assert found["probability"].tolist() == pytest.approx(model.predict_proba(dataset).tolist())
    assert f"{found['label'].sum()} with label 1 (GRADE = 1, p > 0.5)" in last


def test_the_output_is_named_after_the_input(run, trained, folder) -> None:
    """Parquet, here, the threshold as given."""
    result = run("predict", SPECTOR, "--model", "spector/torch_model", "--threshold", "0.9")
    assert result.exit_code == 0, result.stderr
    found = pd.read_parquet(folder / "spector_predictions.parquet")
    assert (found["label"] == (found["probability"] > 0.9)).all()


def test_a_folder_is_scored_and_names_the_output(run, trained, folder) -> None:
    """Packed files too; a pattern or a packed file gives a name without its marks."""
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
        assert result.output.splitlines()[-1].startswith(f"{rows} rows by model "), result.stderr
        assert len(pd.read_parquet(folder / output)) == rows


def test_rows_beyond_training_are_counted_by_feature(run, trained, folder) -> None:
    """Before the closing line."""
    (folder / "far.csv").write_text("GPA,TUCE,PSI\n3,20,0\n9,20,1\n9,99,1\n")
    result = run("predict", "far.csv", "--model", "spector")
    assert "! out of range: GPA (2), TUCE (1)" in result.output
    assert "2 out of range, 0 with an unseen category" in result.output


def test_withheld_intervals_are_announced(run, folder) -> None:
    """With the reason."""
    command = ("run", SPECTOR, "--target", "GRADE", "--penalty", "firth", "--name", "firth")
    assert run(*command).exit_code == 0
    result = run("predict", SPECTOR, "--model", "firth")
    assert "! no intervals: the estimate is penalised (firth)" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no.csv", "--model", "spector"), "no.csv: no such file"),
        ((SPECTOR, "--model", "spectre"), "Did you mean 'spector/numpy_model'?"),
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
    """Exit code 1, no traceback, no file."""
    before = set(folder.iterdir())
    result = run("predict", *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert set(folder.iterdir()) == before
