"""``replay`` as a user sees it: the same bits, or what differs."""

import json
import shutil
from pathlib import Path

import dagster as dg
import pytest

from lr_pipeline.orchestration.instance.home import initialise_home
from lr_pipeline.orchestration.instance.report_choice import find_report
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.tables.sources.declared_tables import FileTable

SPECTOR = Path(__file__).parents[2] / "data" / "samples" / "spector.csv"


@pytest.fixture(scope="module")
def replayed(run, folder):
    """Return the table's file, and the replay of its report while nothing has changed."""
    file = folder / "spector.csv"
    shutil.copy(SPECTOR, file)
    trained = run("run", file, "--target", "GRADE", "--penalty", "l2", "--l2", "0.5")
    assert trained.exit_code == 0, trained.output
    return file, run("replay", "spector")


@pytest.mark.promise("Runs", "`lr-pipeline replay` of a report gives the same bits.")
def test_a_replay_gives_the_same_bits(replayed, folder):
    """Settings, split and seeds are in the report; nothing of the replay stays."""
    _, result = replayed
    assert result.exit_code == 0, result.output
    assert "Same bits: all " in result.output
    assert len(list((folder / "data/artifacts/spector/evaluation_report").iterdir())) == 1


def test_a_replay_of_other_data_says_which_hash_changed(run, replayed, folder):
    """One more row in the file: other rows, other metrics, exit code 1."""
    file, _ = replayed
    text = file.read_text()
    file.write_text(text + text.splitlines()[1] + "\n")
    try:
        result = run("replay", "spector")
    finally:
        file.write_text(text)
    assert result.exit_code == 1
    assert "the data changed: sha256 " in result.output
    assert "numpy_model: coefficient of 'GPA'" in result.output


def test_a_source_that_is_gone_is_one_clear_line(run, replayed):
    """It names the file."""
    file, _ = replayed
    moved = file.rename(file.with_suffix(".moved"))
    try:
        result = run("replay", "spector")
    finally:
        moved.rename(file)
    assert result.exit_code == 1
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("error: ")
    assert "spector.csv" in line


def test_a_run_without_options_is_replayed_as_the_table_declares(run, folder):
    """The schedule gives a run no settings: they are those of the table's declaration."""
    file = folder / "declared.csv"
    shutil.copy(SPECTOR, file)
    training = {"penalty": "l2", "l2": 0.5}
    evaluation = {"row_seed": 5, "cv": {"folds": 5, "repeats": 0}}
    definitions = build_definitions(
        FileTable(file, "GRADE"), "declared", training=training, evaluation=evaluation
    )
    home = initialise_home(folder / ".dagster_home")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        job = definitions.resolve_job_def("declared__training_job")
        assert job.execute_in_process(instance=instance).success
    assert find_report("declared", home).numbers["settings"]["config"] == {
        "numpy_model": {"config": training},
        "torch_model": {"config": training},
        "evaluation_report": {"config": evaluation},
    }
    result = run("replay", "declared")
    assert result.exit_code == 0, result.output
    assert "Same bits: all " in result.output


def page_with(folder, declaration) -> Path:
    """Return a stored report of a table with this declaration."""
    place = folder / "kept"
    place.mkdir(exist_ok=True)
    (place / "report.html").write_text("<!doctype html>")
    (place / "report.json").write_text(json.dumps({"data": {"declaration": declaration}}))
    return place / "report.json"


def test_an_address_whose_password_was_left_out_is_asked_for(run, tmp_path):
    """Reports keep no secrets, so that a replay needs the address again."""
    declared = {"kind": "file", "path": "https://***@example.org/a.csv", "target": "y"}
    result = run("replay", page_with(tmp_path, declared))
    assert result.exit_code == 1
    assert "held a password or a token" in result.stderr
    assert "--source" in result.stderr


def test_a_report_that_does_not_say_how_its_table_is_read_cannot_be_replayed(run, tmp_path):
    """So it is with a table made in memory."""
    result = run("replay", page_with(tmp_path, None))
    assert result.exit_code == 1
    assert "does not say how its table is read" in result.stderr
