"""What a run does before its first step: name its process, and wait for its turn."""

import dagster as dg

from lr_pipeline.orchestration.instance.run_order import goes_on
from lr_pipeline.orchestration.instance.run_processes import record_process
from lr_pipeline.orchestration.instance.start_notes import clock_behind
from lr_pipeline.orchestration.instance.training_turn import await_turn


def open_run(context: dg.InitResourceContext) -> None:
    """Name the run's process in its tags, then wait until no other run trains the same table.

    Nothing happens outside a run.
    """
    instance, run, log = context.instance, context.run, context.log
    if instance is None or run is None or log is None:
        return
    record_process(instance, run)
    if run.parent_run_id and goes_on(instance, run.run_id):
        log.warning(
            "this run goes on with artifacts of the run that it executes again, and counts as of "
            "that run's start: what a newer run has made stays current"
        )
    if (behind := clock_behind(instance)) is not None:
        log.warning(behind)
    await_turn(instance, run, log)
