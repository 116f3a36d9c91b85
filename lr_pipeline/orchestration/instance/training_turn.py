"""Lets one training run of a table run at a time, whoever launches it.

Dagster's queue holds back a second run of a table's training jobs (see ``home``). It does not see a
run of a command line, nor which table the button of an asset is about. So each training run looks
once more before its first step, and waits for those that began before it.
"""

import time

import dagster as dg

from lr_pipeline.orchestration.asset_names import (
    CHAMPION,
    DATASET,
    EXISTENCE,
    MODELS,
    PROFILE,
    REPORT,
    TEST_SET,
    TRAIN_SET,
)
from lr_pipeline.orchestration.instance.run_order import place_of_start
from lr_pipeline.orchestration.instance.run_processes import fail_dead_runs, unfinished
from lr_pipeline.orchestration.instance.start_notes import utc_words
from lr_pipeline.orchestration.table_names import TRAINING_TAG, TableNames

TRAINED = {DATASET, TRAIN_SET, TEST_SET, EXISTENCE, *MODELS, PROFILE, REPORT, CHAMPION}
SECONDS = 1.0
WAITING = "waiting for "  # with which the messages begin


def trained_tables(run: dg.DagsterRun) -> set[str]:
    """Return the tables that a run trains, as values of the tag of their training runs."""
    if run.asset_selection:
        trained = [key for key in run.asset_selection if key.path[-1] in TRAINED]
        return {TableNames.of(key).training_tags[TRAINING_TAG] for key in trained}
    return {run.tags[TRAINING_TAG]} if TRAINING_TAG in run.tags else set()


def await_turn(instance: dg.DagsterInstance, run: dg.DagsterRun, log: dg.DagsterLogManager) -> None:
    """Return when no training run of the same table is going on that began before this run.

    Meanwhile the log says what the other run has made. A run whose process is gone is failed.
    """
    waits_for, said = None, None
    while (other := _run_before(instance, run)) is not None:
        run_id = other.dagster_run.run_id
        if run_id != waits_for:
            waits_for, said = run_id, None
            since = utc_words(other.start_time)
            log.info(f"{WAITING}another run of this table: {run_id}, since {since}")
        elif (made := _last_made(instance, run_id)) != said:
            said = made
            log.info(f"{WAITING}run {run_id}, which has made {made}")
        time.sleep(SECONDS)
        fail_dead_runs(instance)


def _run_before(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.RunRecord | None:
    """Return an unfinished training run of the same table that began before this one."""
    tables = trained_tables(run)
    if not tables:
        return None
    records = instance.get_run_records(dg.RunsFilter(statuses=unfinished()))
    alike = [one for one in records if tables & trained_tables(one.dagster_run)]
    own = [one for one in alike if one.dagster_run.run_id == run.run_id]
    if len(alike) == 1 or not own:  # the common case
        return None
    place = place_of_start(instance, own[0])
    for one in alike:
        # One that has not begun will see this run.
        other = None if one is own[0] else place_of_start(instance, one)
        if place is not None and other is not None and other < place:
            return one
    return None


def _last_made(instance: dg.DagsterInstance, run_id: str) -> str | None:
    """Return the asset that a run made last."""
    made = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    key = made[-1].get_dagster_event().asset_key if made else None
    return None if key is None else key.to_user_string()
