"""A table run from the terminal is remembered for the web UI."""

from pathlib import Path

import dagster as dg
import pytest

from lr_pipeline.cli.remembered_run import remembered_run
from lr_pipeline.orchestration.default_location import default_definitions
from lr_pipeline.orchestration.instance.catalogue import load
from lr_pipeline.orchestration.instance.remembered_tables import read_plan, table_file
from lr_pipeline.orchestration.instance.rulings import champion_key, records_of, rulings
from lr_pipeline.orchestration.table_plan import TablePlan
from lr_pipeline.tables.sources.declared_tables import FileTable

ROWS = "x,y\n" + "".join(f"{(k * 7) % 11},{k % 2}\n" for k in range(40))


@pytest.fixture(scope="module")
def home(folder) -> Path:
    """Return the home of the module's runs."""
    return folder / ".dagster_home"


@pytest.fixture(scope="module")
def churn(run, folder, home) -> str:
    """Return the output of the first run of a table."""
    (folder / "churn.csv").write_text(ROWS)
    policy = ("--champion", "roc_auc:0.02")
    result = run("run", "churn.csv", "--target", "y", "--penalty", "l2", "--l2", "2", *policy)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_table_is_in_the_default_location(churn, folder, home, tmp_path) -> None:
    """It has its jobs and checks, the run is tagged, and a line says where the file is."""
    file = table_file("churn", home)
    assert f"In the web UI (make ui; reload lr_pipeline if it is up): {file}" in churn
    plan = read_plan(file)
    assert (plan.source.path, plan.source.target) == (str(folder / "churn.csv"), "y")
    assert plan.training == {"penalty": "l2", "l2": 2.0}
    definitions = default_definitions(home, tmp_path)
    assert definitions.resolve_job_def("churn__training_job").tags["lr_pipeline/table"] == "churn"
    checks = {key.asset_key.path[0] for key in definitions.resolve_asset_graph().asset_check_keys}
    assert "churn" in checks
    with dg.DagsterInstance.from_config(str(home)) as instance:
        (run,) = instance.get_runs(dg.RunsFilter(tags={"lr_pipeline/table": "churn"}))
    assert run.job_name == "churn__training_job"


def test_its_button_trains_the_same_model_from_anywhere(churn, home, tmp_path, monkeypatch) -> None:
    """The file is found from another folder, and the settings are those of the terminal."""
    before = load("churn/numpy_model", home)
    monkeypatch.chdir(tmp_path)
    definitions = default_definitions(home, tmp_path)
    keys = [
        spec.key for spec in definitions.resolve_all_asset_specs() if spec.key.path[0] == "churn"
    ]
    with dg.DagsterInstance.from_config(str(home)) as instance:
        result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance, asset_selection=keys
        )
        tags = instance.get_run_by_id(result.run_id).tags
    assert result.success
    assert tags["lr_pipeline/table"] == "churn"
    after = load("churn/numpy_model", home)
    assert after.fit.penalty == before.fit.penalty
    assert after.coefficients == before.coefficients
    told = {event.asset_key for event in result.all_events if event.is_asset_observation}
    assert dg.AssetKey(["churn", "predictions"]) in told


def test_a_later_run_updates_it(churn, run, home) -> None:
    """A run with the same options says nothing of it."""
    options = ("run", "churn.csv", "--target", "y", "--penalty", "firth")
    assert "In the web UI" in run(*options).output
    assert read_plan(table_file("churn", home)).training == {"penalty": "firth"}
    assert "In the web UI" not in run(*options).output


def test_a_policy_is_that_of_later_runs_too(churn, run, home) -> None:
    """The option is remembered; where the file holds no policy, nothing is decided by another."""
    file = table_file("churn", home)
    policy = {"aim": "non-inferiority", "metric": "roc_auc", "margin": 0.02}
    assert read_plan(file).champion == policy
    with dg.DagsterInstance.from_config(str(home)) as instance:
        *_, latest = records_of(rulings(instance, champion_key(["churn"])))
    assert latest.ruling.challenge.policy.metric == "roc_auc"
    text = file.read_text()
    file.write_text(text.replace("0.02", "none"))
    refused = run("run", "churn.csv", "--target", "y")
    file.write_text(text)
    assert refused.exit_code == 1
    assert f"error: {file}: champion: margin: " in refused.stderr


def test_a_refused_table_leaves_what_was_remembered(churn, run, folder, home) -> None:
    """Neither a misspelt column nor a misspelt file stays."""
    file = table_file("churn", home)
    before = file.read_text()
    assert run("run", "churn.csv", "--target", "Y").exit_code == 1
    assert file.read_text() == before
    assert run("run", "chrun.csv", "--target", "y").exit_code == 1
    assert not table_file("chrun", home).exists()


def test_a_remembered_name_is_taken(churn, run, folder, home) -> None:
    """The name is taken even if no run of the table has stored anything."""
    (folder / "other").mkdir()
    (folder / "other" / "kept.csv").write_text(ROWS)
    text = table_file("churn", home).read_text()
    table_file("kept", home).write_text(text)
    result = run("run", "other/kept.csv", "--target", "y")
    assert result.exit_code == 1
    assert f"take the place of those of {folder / 'churn.csv'}" in result.output


def test_a_deleted_file_removes_the_table_and_not_its_artifacts(churn, home, tmp_path) -> None:
    """Its models can still be loaded."""
    table_file("churn", home).unlink()
    jobs = default_definitions(home, tmp_path).get_repository_def().job_names
    assert "churn__training_job" not in jobs
    assert load("churn/numpy_model", home).target == "y"


def test_a_table_that_cannot_be_remembered_is_run_all_the_same(run, folder, home) -> None:
    """The reason is said."""
    (folder / "full.csv").write_text(ROWS)
    tables = home / "tables"
    tables.rename(home / "moved")
    tables.write_text("a file")
    result = run("run", "full.csv", "--target", "y")
    assert result.exit_code == 0, result.output
    assert "Not remembered for the web UI: " in result.stderr


def test_a_run_that_ends_with_an_exception_leaves_what_was_remembered(tmp_path) -> None:
    """Neither a fault nor Ctrl-C before the table was read keeps its declaration."""
    plan = TablePlan(FileTable("churn.csv", "y"), "churn")
    with pytest.raises(KeyboardInterrupt), remembered_run(plan, str(tmp_path)):
        assert table_file("churn", tmp_path).exists()
        raise KeyboardInterrupt
    assert not table_file("churn", tmp_path).exists()
