"""A code location of the table ``shop``, whose model is made when the file ``go`` is there.

Loaded by ``dagster dev`` in tests; ``SHOP`` is the folder of the files.
"""

import os
import time
from pathlib import Path

import dagster as dg

from lr_pipeline.orchestration.automation.late_tick import said_if_late
from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.table_names import TableNames

FOLDER = Path(os.environ["SHOP"])
NAMES = TableNames("shop")
SECONDS = 300


@dg.asset(key=NAMES.key("dataset"))
def dataset(context: dg.AssetExecutionContext) -> dict:
    """The rows of a day."""
    return {"run": context.run.run_id}


@dg.asset(key=NAMES.key("numpy_model"), ins={"dataset": dg.AssetIn(NAMES.key("dataset"))})
def numpy_model(context: dg.AssetExecutionContext, dataset: dict) -> dict:
    """A model that takes its time."""
    (FOLDER / "began").write_text(context.run.run_id)
    end = time.monotonic() + SECONDS
    while not (FOLDER / "go").exists() and time.monotonic() < end:
        time.sleep(0.1)
    return dataset


TRAINING = dg.define_asset_job(
    NAMES.named("training_job"),
    selection=[dataset.key, numpy_model.key],
    tags=NAMES.tags | NAMES.training_tags,
)

defs = dg.Definitions(
    assets=[dataset, numpy_model],
    jobs=[TRAINING],
    schedules=[
        dg.ScheduleDefinition(
            name="nightly",
            job=TRAINING,
            cron_schedule=os.environ["SHOP_CRON"],
            execution_fn=lambda context: said_if_late(context, dg.RunRequest()),
            default_status=dg.DefaultScheduleStatus.RUNNING,
        )
    ]
    if "SHOP_CRON" in os.environ
    else [],
    resources={"io_manager": ArtifactIOManager(root=str(FOLDER / "artifacts"))},
    executor=dg.in_process_executor,
)
