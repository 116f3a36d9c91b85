"""``build_definitions``, and the ways in which Dagster finds it."""

import json
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml

from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.orchestration.resources.dask_resource import DaskEngine
from lr_pipeline.orchestration.resources.engine_resource import Engine
from lr_pipeline.orchestration.resources.table_resource import TableResource
from lr_pipeline.orchestration.table_names import STAGES
from lr_pipeline.tables.sources.declared_tables import FileTable, SyntheticTable, source_from_dict
from lr_pipeline.tables.split.split_table import SplitPolicy

ROOT = Path(__file__).parents[2]
defs = build_definitions(SyntheticTable(), studies=True)
SPECTOR = FileTable(ROOT / "data/samples/spector.csv", "GRADE")


def test_the_definitions_are_valid() -> None:
    """Every input has an asset, and every resource is provided."""
    dg.Definitions.validate_loadable(defs)


def test_two_tables_live_side_by_side() -> None:
    """The two tables have no asset in common."""
    first = set(build_definitions(SPECTOR, "spector").resolve_asset_graph().get_all_asset_keys())
    second = set(defs.resolve_asset_graph().get_all_asset_keys())
    assert dg.AssetKey(["spector", "numpy_model"]) in first
    assert dg.AssetKey("numpy_model") in second
    assert not first & second


def test_jobs_and_schedule() -> None:
    """The default location has these jobs, and its schedule trains every night."""
    for job in ("training_job", "tutorial_job", "rollback_job"):
        assert defs.resolve_job_def(job).name == job
    schedule = defs.resolve_schedule_def("daily_training")
    assert schedule.cron_schedule == "0 2 * * *"
    assert schedule.job_name == "training_job"


def test_the_schedule_follows_the_argument() -> None:
    """Another cron expression gives another name, so that it is not called daily."""
    weekly = build_definitions(SPECTOR, "spector", schedule="0 3 * * 1")
    schedule = weekly.resolve_schedule_def("spector__scheduled_training")
    assert schedule.cron_schedule == "0 3 * * 1"


def test_every_asset_is_documented_and_grouped() -> None:
    """Each has a description, a code version and a kind."""
    for key in defs.resolve_asset_graph().get_all_asset_keys():
        spec = defs.resolve_assets_def(key).get_asset_spec(key)
        assert spec.description
        assert spec.group_name in STAGES
        assert spec.kinds
        assert spec.code_version


@pytest.mark.parametrize(
    "source",
    [
        SyntheticTable(num_rows=60),
        FileTable("a.csv", "y", exclude=("x",), split=SplitPolicy(test_size=0.5)),
    ],
    ids=["synthetic", "file"],
)
def test_a_declaration_survives_configuration(source) -> None:
    """Dagster's configuration and JSON keep it, as the web UI and YAML need."""
    declaration = json.loads(json.dumps(TableResource.of(source).declaration))
    assert source_from_dict(declaration) == source
    assert TableResource(declaration=declaration).source == source


def test_the_engine_streams_what_exceeds_its_budget() -> None:
    """``auto`` decides by the size of the design."""
    from lr_pipeline.engines.memory import ArrayRows
    from lr_pipeline.engines.streaming import TableRows

    table = SyntheticTable().read()
    assert isinstance(Engine().prepare(table).rows, ArrayRows)
    assert isinstance(Engine(memory_budget_mb=0.001).prepare(table).rows, TableRows)
    assert isinstance(Engine(kind="streaming").prepare(table).rows, TableRows)
    assert isinstance(Engine(kind="memory", memory_budget_mb=0.001).prepare(table).rows, ArrayRows)


def test_workspace_and_pyproject_name_the_same_location() -> None:
    """``dagster dev -w workspace.yaml`` and ``dg`` find the same definitions."""
    import tomllib

    entry, *_ = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    module = entry["python_module"]
    assert module["module_name"] == project["code_location_target_module"]
    assert module["location_name"] == project["code_location_name"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ["dg", "check", "defs"],
        ["dg", "list", "defs"],
        ["dg", "launch", "--assets", "dataset"],
        ["dagster", "definitions", "validate", "-w", "workspace.yaml"],
    ],
    ids=" ".join,
)
def test_dagsters_own_commands_work(command, tmp_path, monkeypatch) -> None:
    """They run in the root of the checkout."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    program = Path(sys.executable).parent / command[0]
    result = subprocess.run(
        [program, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("kind", [Engine, DaskEngine])
def test_an_engine_refuses_an_option_that_it_does_not_have(kind) -> None:
    """A misspelt or former option would otherwise be ignored silently."""
    with pytest.raises(ValueError, match="spool"):
        kind(spool=False)
