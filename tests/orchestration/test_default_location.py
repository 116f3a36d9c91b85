"""The default code location has every remembered table beside the tutorial's."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from lr_pipeline.cli.location_file import NewLocation, write_location
from lr_pipeline.orchestration.default_location import default_definitions
from lr_pipeline.orchestration.instance.remembered_tables import remember, table_file
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.orchestration.table_plan import TablePlan
from lr_pipeline.tables.sources.declared_tables import FileTable

SPECTOR = FileTable(Path(__file__).parents[2] / "data/samples/spector.csv", "GRADE")
PLAN = TablePlan(SPECTOR, "spector", {"penalty": "l2", "l2": 2.0})


def names(definitions: dg.Definitions) -> set[str]:
    """Return the names of all assets."""
    return {spec.key.to_user_string() for spec in definitions.resolve_all_asset_specs()}


def of_table(definitions: dg.Definitions, table: str) -> set[str]:
    """Return the names of a table's assets, checks, jobs, schedules and sensors."""
    graph = definitions.resolve_asset_graph()
    repository = definitions.get_repository_def()
    made = [
        *names(definitions),
        *(f"{key.asset_key.to_user_string()}:{key.name}" for key in graph.asset_check_keys),
        *repository.job_names,
        *(schedule.name for schedule in repository.schedule_defs),
        *(sensor.name for sensor in repository.sensor_defs),
    ]
    return {one for one in made if one.startswith((f"{table}/", f"{table}__"))}


def test_a_home_without_tables_has_the_tutorials_alone(tmp_path) -> None:
    """Homes of earlier versions have no such folder."""
    definitions = default_definitions(tmp_path, tmp_path)
    assert not {name for name in names(definitions) if "/" in name}
    assert "learning_rate_study" in names(definitions)
    dg.Definitions.validate_loadable(definitions)


def test_a_remembered_table_is_trained_when_its_file_says(tmp_path) -> None:
    """Time zone, sensor, conditions and freshness are those of `automation`."""
    automation = {
        "schedule": "30 2 * * *",
        "timezone": "Europe/Berlin",
        "scheduled": True,
        "watch": True,
        "follow": True,
    }
    remember(replace(PLAN, automation=automation), tmp_path)
    definitions = default_definitions(tmp_path, tmp_path)
    dg.Definitions.validate_loadable(definitions)
    schedule = definitions.resolve_schedule_def("spector__scheduled_training")
    assert schedule.execution_timezone == "Europe/Berlin"
    for name in ("spector__source_sensor", "spector__follow_dataset"):
        assert definitions.resolve_sensor_def(name).default_status.value == "RUNNING"
    graph = definitions.resolve_asset_graph()
    report = graph.get(dg.AssetKey(["spector", "evaluation_report"]))
    assert report.freshness_policy is not None
    assert report.automation_condition is not None


def test_a_remembered_table_is_as_in_a_location_of_its_own(tmp_path) -> None:
    """It has the same assets, checks, jobs and schedule, in its own group."""
    remember(PLAN, tmp_path)
    definitions = default_definitions(tmp_path, tmp_path)
    dg.Definitions.validate_loadable(definitions)
    alone = build_definitions(SPECTOR, "spector")
    assert of_table(definitions, "spector") == of_table(alone, "spector")
    groups = {
        spec.group_name
        for spec in definitions.resolve_all_asset_specs()
        if spec.key.path[0] == "spector"
    }
    assert groups == {"spector"}


def test_a_run_has_the_tables_settings_and_resources_alone(tmp_path) -> None:
    """The Launchpad shows its penalty, and no other table's engine."""
    remember(PLAN, tmp_path)
    remember(replace(PLAN, name="other", engine="dask", training={}), tmp_path)
    definitions = default_definitions(tmp_path, tmp_path)
    job = definitions.resolve_job_def("spector__training_job")
    config = dg.validate_run_config(job, {})
    assert config["ops"]["spector__numpy_model"]["config"]["l2"] == 2.0
    assert config["ops"]["spector__torch_model"]["config"]["penalty"] == "l2"
    assert {"table__spector", "engine__spector"} <= set(config["resources"])
    assert not {"table__other", "engine__other", "table", "engine"} & set(config["resources"])


def test_a_table_with_a_location_of_its_own_is_left_to_it(tmp_path) -> None:
    """It would appear twice."""
    remember(PLAN, tmp_path)
    write_location(NewLocation("spector", SPECTOR), tmp_path)
    assert not of_table(default_definitions(tmp_path, tmp_path), "spector")
    assert of_table(default_definitions(tmp_path, tmp_path / "elsewhere"), "spector")


def test_a_broken_file_is_shown_with_its_reason_beside_the_others(tmp_path) -> None:
    """Its only asset has no button, and a description with path, reason and remedy."""
    remember(PLAN, tmp_path)
    broken = table_file("churn", tmp_path)
    broken.write_text("table: {kind: file, path: a.csv, <script>: 1}")
    definitions = default_definitions(tmp_path, tmp_path)
    dg.Definitions.validate_loadable(definitions)
    assert "spector/evaluation_report" in names(definitions)
    (shown,) = [s for s in definitions.resolve_all_asset_specs() if s.key.path[0] == "churn"]
    assert shown.group_name == "churn"
    assert "/churn.yaml: " in shown.description
    assert "has an unknown field '&lt;script&gt;'" in shown.description
    assert "delete the file" in shown.description
    assert not definitions.resolve_asset_graph().get(shown.key).is_materializable


def test_two_unusable_files_of_one_name_leave_the_others_alone(tmp_path) -> None:
    """Copies of a file differ in characters that no asset's key may have."""
    remember(PLAN, tmp_path)
    for copy in ("churn copy", "churn-copy"):
        table_file(copy, tmp_path).write_text("table: {}")
    definitions = default_definitions(tmp_path, tmp_path)
    dg.Definitions.validate_loadable(definitions)
    assert {"spector/evaluation_report", "churn_copy/declaration"} <= names(definitions)


def test_rows_to_score_are_scored_by_a_schedule(tmp_path) -> None:
    """A run of the scoring job has their path without being told."""
    remember(replace(PLAN, score_path="/data/new.csv"), tmp_path)
    definitions = default_definitions(tmp_path, tmp_path)
    schedule = definitions.resolve_schedule_def("spector__daily_scoring")
    assert (schedule.job_name, schedule.cron_schedule) == ("spector__scoring_job", "0 4 * * *")
    config = dg.validate_run_config(definitions.resolve_job_def("spector__scoring_job"), {})
    assert config["ops"]["spector__predictions"]["config"]["score_path"] == "/data/new.csv"
    config = dg.validate_run_config(definitions.resolve_job_def("spector__drift_job"), {})
    assert config["ops"]["spector__drift_report"]["config"]["score_path"] == "/data/new.csv"


def test_a_policy_and_reasons_that_are_declared_need_no_launchpad(tmp_path) -> None:
    """What the Launchpad shows at first, and each run and schedule has."""
    policy = {"aim": "non-inferiority", "metric": "roc_auc", "margin": 0.01, "alpha": 0.1}
    remember(replace(PLAN, champion=policy, scoring={"reasons": 3}), tmp_path)
    definitions = default_definitions(tmp_path, tmp_path)
    config = dg.validate_run_config(definitions.resolve_job_def("spector__training_job"), {})
    assert config["ops"]["spector__champion"]["config"] == policy
    config = dg.validate_run_config(definitions.resolve_job_def("spector__scoring_job"), {})
    assert config["ops"]["spector__predictions"]["config"]["reasons"] == 3


@pytest.mark.parametrize("penalty", ["none", "auto"])
def test_a_remembered_penalty_none_blocks_where_no_estimate_exists(
    tmp_path, penalty, monkeypatch
) -> None:
    """The check knows the table's settings as well as those of a run."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "separated.csv"
    path.write_text("x,y\n" + "".join(f"{i},{int(i > 9)}\n" for i in range(20)))
    remember(TablePlan(FileTable(path, "y"), "separated", {"penalty": penalty}), tmp_path)
    definitions = default_definitions(tmp_path, tmp_path)
    keys = [dg.AssetKey(["separated", name]) for name in ("dataset", "train_set", "mle_existence")]
    result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        asset_selection=[*keys, dg.AssetKey(["separated", "test_set"])],
        raise_on_error=False,
    )
    checked = {check.check_name: check for check in result.get_asset_check_evaluations()}
    severity = checked["estimate_exists"].severity
    assert (severity is dg.AssetCheckSeverity.ERROR) == (penalty == "none")
    assert result.success == (penalty == "auto")


def test_loading_tables_opens_no_data_and_stays_light(tmp_path) -> None:
    """The files need not exist, and no heavy library is imported."""
    for number in range(3):
        remember(TablePlan(FileTable("/none/a.csv", "y"), f"t{number}"), tmp_path)
    code = (
        "import sys\nfrom lr_pipeline.definitions import defs\n"
        "defs.get_repository_def()\n"
        "print(*({'torch', 'matplotlib', 'sklearn', 'pandas', 'dask'} & set(sys.modules)))\n"
        "print(*defs.get_repository_def().job_names)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={"DAGSTER_HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    heavy, jobs = result.stdout.splitlines()
    assert heavy == ""
    assert "t2__training_job" in jobs.split()
