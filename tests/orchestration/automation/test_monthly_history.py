"""Past months: partitions of assets of their own, each with the rows until its end."""

from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from lr_pipeline import load
from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.instance.retention import RetentionPolicy, kept_runs
from lr_pipeline.orchestration.instance.stored_history import read_history
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.orchestration.table_checks import ACKNOWLEDGED
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.tables.sources.declared_tables import FileTable, SyntheticTable

DAYS = [date(2024, 1, 1) + timedelta(days=k) for k in range(121)]  # until 30 April
ENDS = {"2024-02-01": date(2024, 2, 29), "2024-03-01": date(2024, 3, 31)}
JOB = "t_by_month__training_job"
SPLIT = [dg.AssetKey(["t_by_month", one]) for one in ("dataset", "train_set", "test_set")]


@pytest.fixture
def table(tmp_path) -> FileTable:
    """A row a day."""
    path = tmp_path / "t.csv"
    rows = [f"{day},{k * k % 17},{k % 3 % 2}" for k, day in enumerate(DAYS)]
    path.write_text("\n".join(["day,x,y", *rows]) + "\n")
    return FileTable(path, "y", time="day")


@pytest.fixture
def definitions(table, tmp_path) -> dg.Definitions:
    """The table with its months from February on."""
    resources = {"io_manager": ArtifactIOManager(root=str(tmp_path / "artifacts"))}
    return build_definitions(table, "t", monthly_from="2024-02", resources=resources)


def run(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    month: str | None,
    keys: list[dg.AssetKey] = SPLIT,
) -> dg.ExecuteInProcessResult:
    """Run some assets of a month."""
    return definitions.resolve_job_def(JOB).execute_in_process(
        instance=instance, partition_key=month, asset_selection=keys, raise_on_error=False
    )


def test_each_month_has_the_rows_until_its_end(definitions, instance, home) -> None:
    """Months run in any order, a later run of a part takes its inputs, and tests use new rows."""
    for month in sorted(ENDS, reverse=True):
        assert run(definitions, instance, month).success
    for month, end in ENDS.items():
        again = run(definitions, instance, month, [SPLIT[1]])
        assert again.success
        train = again.output_for_node("t_by_month__train_set")
        test = load("t_by_month/test_set", home, partition=month)
        days = [*train.to_arrow()["day"].to_pylist(), *test.to_arrow()["day"].to_pylist()]
        assert days == DAYS[: (end - DAYS[0]).days + 1]
        assert test.provenance["declaration"]["until"].startswith(str(end + timedelta(days=1)))


def test_a_month_that_was_not_run_is_said(definitions, instance, home) -> None:
    """Neither another month nor the table of today stands in for it."""
    assert run(definitions, instance, "2024-03-01").success
    with pytest.raises(ArtifactError, match=r"partition '2024-02-01', found: 2024-03-01"):
        load("t_by_month/dataset", home, partition="2024-02-01")
    result = run(definitions, instance, "2024-02-01", [SPLIT[1]])
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "t_by_month/dataset, partition 2024-02-01" in str(failure.step_failure_data.error)


def test_the_table_of_today_is_not_touched(definitions, instance) -> None:
    """A past month can displace neither its artifacts nor its champion: it has no such assets."""
    graph = definitions.resolve_asset_graph()
    months = {key for key in graph.get_all_asset_keys() if graph.get(key).partitions_def}
    assert {key.path[0] for key in months} == {"t_by_month"}
    assert {key.path[1] for key in months} == {
        "dataset",
        "train_set",
        "test_set",
        "feature_profile",
        "mle_existence",
        "linear_baseline",
        "numpy_model",
        "torch_model",
        "reference_profile",
        "evaluation_report",
    }
    today = {key for key in graph.get_all_asset_keys() if key.path[0] == "t"}
    assert not any(graph.get(key).parent_keys & months for key in today)
    assert not any(graph.get(key).parent_keys & today for key in months)
    assert run(definitions, instance, "2024-02-01").success
    assert all(instance.get_latest_materialization_event(key) is None for key in today)


def test_retention_keeps_the_last_run_of_each_month(definitions, instance) -> None:
    """A month is not displaced by another, but by a later run of its own."""
    runs = [
        run(definitions, instance, month, SPLIT[:1]).run_id
        for month in ("2024-03-01", "2024-03-01", "2024-02-01")
    ]
    kept = kept_runs(read_history(instance), RetentionPolicy(keep_days=0, keep_runs=1))
    assert kept & set(runs) == set(runs[1:])


def test_a_warning_that_is_accepted_is_so_in_past_months(table, definitions, instance) -> None:
    """The check of a month says why, where it says the same apart from its numbers."""
    rows = [f"{day},{k % 3 % 2},{k % 3 % 2}" for k, day in enumerate(DAYS)]
    table.path.write_text("\n".join(["day,x,y", *rows]) + "\n")

    def contract_of(definitions: dg.Definitions) -> dg.AssetCheckEvaluation:
        result = run(definitions, instance, "2024-03-01", SPLIT[:1])
        (found,) = [
            one for one in result.get_asset_check_evaluations() if one.check_name == "contract"
        ]
        assert not found.passed
        return found

    says = contract_of(definitions).description
    known = {"contract": {"says": says, "because": "it is a game", "any_numbers": True}}
    storage = {"io_manager": definitions.resources["io_manager"]}
    again = build_definitions(
        table, "t", monthly_from="2024-02", resources=storage, acknowledged=known
    )
    assert contract_of(again).metadata[ACKNOWLEDGED].value == "it is a game"


def test_only_months_that_have_ended_can_be_run(definitions) -> None:
    """The first is the one that was asked for."""
    graph = definitions.resolve_asset_graph()
    months = graph.get(SPLIT[0]).partitions_def.get_partition_keys()
    assert months[0] == "2024-02-01"
    assert date.fromisoformat(months[-1]) < date.today().replace(day=1)


def test_a_run_of_a_range_is_refused(definitions, instance) -> None:
    """An artifact is never of several months."""
    tags = {
        "dagster/asset_partition_range_start": "2024-02-01",
        "dagster/asset_partition_range_end": "2024-03-01",
    }
    job = definitions.resolve_job_def(JOB)
    result = job.execute_in_process(
        instance=instance, tags=tags, asset_selection=SPLIT[:1], raise_on_error=False
    )
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "expected a run of one partition" in str(failure.step_failure_data.error)


def test_a_table_without_times_or_months_is_refused(table, tmp_path) -> None:
    """The message says what to declare, or how a month is written."""
    for source in (SyntheticTable(), FileTable(Path(table.path), "y")):
        with pytest.raises(ValueError, match="expected a table with a time column"):
            build_definitions(source, "t", monthly_from="2024-02")
    for month in ("2024", "2024-13", "February"):
        with pytest.raises(ValueError, match="expected a month as in 2023-01"):
            build_definitions(table, "t", monthly_from=month)


def test_a_table_that_asks_for_no_months_has_none(table) -> None:
    """It has no additional resource or job either."""
    defs = build_definitions(table, "t")
    keys = defs.resolve_asset_graph().get_all_asset_keys()
    assert {key.path[0] for key in keys} == {"t"}
    assert not [name for name in defs.resources if "by_month" in name]
