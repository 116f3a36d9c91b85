"""The job and schedule that keep the disk of an instance flat."""

import os

import dagster as dg
from pydantic import Field

from lr_pipeline.orchestration.automation.schedules import STATUS
from lr_pipeline.orchestration.config.checked_at_launch import checked_op
from lr_pipeline.orchestration.config.strict_config import StrictConfig
from lr_pipeline.orchestration.instance.home_lock import one_process_at_a_time
from lr_pipeline.orchestration.instance.pruning import carry_out, plan_prune, size_text
from lr_pipeline.orchestration.instance.retention import RetentionPolicy

VARIABLE = "LR_PIPELINE_RETENTION"
DAILY_MAINTENANCE = "30 5 * * *"


class RetentionConfig(StrictConfig):
    """What maintenance keeps beside what is in use: see `lr-pipeline prune`."""

    keep_days: float = Field(90.0, ge=0.0, description="Runs younger than so many days stay.")
    keep_runs: int = Field(20, ge=1, description="So many last runs of each table stay.")
    max_gb: float | None = Field(
        None, gt=0.0, description="Where artifacts take more gigabytes, the oldest of these go too."
    )

    def policy(self) -> RetentionPolicy:
        """Return the policy."""
        limit = None if self.max_gb is None else int(self.max_gb * 1e9)
        return RetentionPolicy(self.keep_days, self.keep_runs, limit)


def build_maintenance() -> dg.Definitions:
    """Return the job ``maintenance_job`` and its daily schedule, for one code location.

    The schedule is on from the start where the environment variable ``LR_PIPELINE_RETENTION`` is
    set, such as to ``keep_days=30,keep_runs=10,max_gb=100`` or ``default``; the web UI switches it,
    too.
    """
    told = os.environ.get(VARIABLE, "")
    config = _told(told)

    def prune_home(context: dg.OpExecutionContext, config: RetentionConfig) -> None:
        """Remove old runs with their artifacts and logs, and what killed processes have left."""
        with one_process_at_a_time(context.instance, "prune"):
            plan = plan_prune(context.instance, config.policy())
            given_back = carry_out(context.instance, plan)
        for kind, group, number, size in plan.rows():
            context.log.info(f"removed {kind} of {group}: {number:,}, {size_text(size)}")
        context.log.info(plan.summary("removed"))
        context.add_output_metadata(
            {"removed": len(plan.removals), "bytes": plan.size, "databases": given_back}
        )

    operation = checked_op("prune_home", prune_home)

    @dg.job(
        name="maintenance_job",
        description="Removes old runs, their artifacts and logs, and leftovers; never what is in "
        "use. docs/operations.md",
        config=dg.RunConfig(ops={"prune_home": config}),
        executor_def=dg.in_process_executor,
    )
    def maintenance_job() -> None:
        operation()

    schedule = dg.ScheduleDefinition(
        name="daily_maintenance",
        job=maintenance_job,
        cron_schedule=DAILY_MAINTENANCE,
        default_status=STATUS[bool(told)],
    )
    return dg.Definitions(jobs=[maintenance_job], schedules=[schedule])


def _told(text: str) -> RetentionConfig:
    """Return the configuration that the environment variable gives."""
    parts = [] if text in ("", "default") else text.split(",")
    try:
        return RetentionConfig.model_validate(dict(part.strip().split("=") for part in parts))
    except ValueError as error:
        raise dg.DagsterInvalidDefinitionError(
            f"{VARIABLE}={text!r}: expected 'default' or such as "
            f"'keep_days=30,keep_runs=10,max_gb=100'. {error}"
        ) from None
