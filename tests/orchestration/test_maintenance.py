"""The maintenance job prunes by its configuration; its schedule is on where that is asked for."""

import dagster as dg
import pytest

from lr_pipeline.orchestration.instance import pruning
from lr_pipeline.orchestration.instance.retention import RetentionPolicy
from lr_pipeline.orchestration.maintenance import VARIABLE, build_maintenance


def status(told: str | None, monkeypatch: pytest.MonkeyPatch) -> tuple[bool, dict]:
    """Whether the schedule is on, and the job's configuration."""
    if told is None:
        monkeypatch.delenv(VARIABLE, raising=False)
    else:
        monkeypatch.setenv(VARIABLE, told)
    definitions = build_maintenance()
    schedule = definitions.resolve_schedule_def("daily_maintenance")
    job = definitions.resolve_job_def("maintenance_job")
    config = dg.validate_run_config(job, {})["ops"]["prune_home"]["config"]
    return schedule.default_status is dg.DefaultScheduleStatus.RUNNING, dict(config)


def test_the_environment_switches_the_schedule_on_and_sets_the_policy(monkeypatch) -> None:
    """Unset: off, with the defaults; a wrong text says what is expected."""
    defaults = {"keep_days": 90.0, "keep_runs": 20, "max_gb": None}
    assert status(None, monkeypatch) == (False, defaults)
    assert status("default", monkeypatch) == (True, defaults)
    told = status("keep_days=30, max_gb=2.5", monkeypatch)
    assert told == (True, defaults | {"keep_days": 30.0, "max_gb": 2.5})
    for wrong in ("30", "keep_days=-1", "keep=3"):
        with pytest.raises(
            dg.DagsterInvalidDefinitionError, match=r"LR_PIPELINE_RETENTION=.*keep_"
        ):
            status(wrong, monkeypatch)


def test_the_job_prunes_the_instance_on_which_it_runs(instance, monkeypatch) -> None:
    """The job follows the policy of its configuration and keeps its own run."""
    asked = []
    plan = pruning.plan_prune
    monkeypatch.setattr(
        "lr_pipeline.orchestration.maintenance.plan_prune",
        lambda where, policy: asked.append(policy) or plan(where, policy),
    )
    job = build_maintenance().resolve_job_def("maintenance_job")
    config = {"ops": {"prune_home": {"config": {"keep_days": 0.0, "keep_runs": 1, "max_gb": 1.0}}}}
    runs = [job.execute_in_process(config, instance=instance).run_id for _ in range(2)]
    assert asked == [RetentionPolicy(0.0, 1, 1_000_000_000)] * 2
    assert [one.run_id for one in instance.get_runs()] == runs[1:]
