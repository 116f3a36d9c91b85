"""Jobs: which assets are materialized together, and with which settings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from lr_pipeline.orchestration.asset_names import DRIFT, NUMPY, TORCH
from lr_pipeline.orchestration.assets.table_asset import TableAsset
from lr_pipeline.orchestration.config.champion_config import RollbackConfig
from lr_pipeline.orchestration.config.checked_at_launch import checked_op
from lr_pipeline.orchestration.config.training_config import (
    GradientDescentConfig,
    NumpyTrainingConfig,
    TorchTrainingConfig,
)
from lr_pipeline.orchestration.instance.manual_rulings import roll_back
from lr_pipeline.orchestration.metadata.champion_metadata import describe_ruling
from lr_pipeline.orchestration.table_names import TableNames

if TYPE_CHECKING:  # Dagster does not export the type of what define_asset_job returns
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

TRAINING, SCORING, STUDY = "training_job", "scoring_job", "study_job"
TUTORIAL, DRIFT_JOB, ROLLBACK = "tutorial_job", "drift_job", "rollback_job"
TRAINING_STAGES = {"data", "models", "evaluation", "lifecycle", "study"}
# Job → the stages of its assets, and its description.
ASSET_JOBS = {
    TRAINING: (
        TRAINING_STAGES,
        "Every asset and check of the table: split, existence, three models, report, champion.",
    ),
    SCORING: (
        {"scoring"},
        "New rows (`score_path`) by the champion: probability, interval, label.",
    ),
    DRIFT_JOB: (
        {"lifecycle"},
        "New rows (`score_path`) against the training set of the current model.",
    ),
    TUTORIAL: (
        {"data", "models", "evaluation", "lifecycle"},
        "The same assets trained as the tutorial does: gradient descent from normal weights, "
        "5,000 epochs at learning rate 1e-3.",
    ),
    STUDY: (
        {"data", "study"},
        "The tutorial's lessons: descent, learning rates, likelihood, regression.",
    ),
}


def table_jobs(
    names: TableNames, assets: Sequence[TableAsset], tutorial: bool, studies: bool
) -> "list[dg.JobDefinition | UnresolvedAssetJobDefinition]":
    """Return the jobs of one table: the tutorial's table has one of its own, and studies another.

    The names of the jobs, and the tags of their runs, carry the table's name.
    """
    chosen = [TRAINING, SCORING, DRIFT_JOB, *([TUTORIAL] if tutorial else [])]
    chosen += [STUDY] if studies else []
    return [*(asset_job(one, names, assets) for one in chosen), _rollback_job(names)]


def asset_job(
    job: str, names: TableNames, assets: Sequence[TableAsset]
) -> "UnresolvedAssetJobDefinition":
    """Return a table's job of ``ASSET_JOBS``; only the drift job makes the drift report."""
    stages, description = ASSET_JOBS[job]
    keys = [
        names.key(one.name)
        for one in assets
        if one.stage in stages and (one.name == DRIFT) == (job == DRIFT_JOB)
    ]
    return dg.define_asset_job(
        names.named(job),
        selection=dg.AssetSelection.assets(*keys),
        description=description,
        config=_tutorial_settings(names) if job == TUTORIAL else None,
        tags=names.tags | (names.training_tags if "data" in stages else {}),
    )


def _tutorial_settings(names: TableNames) -> dg.RunConfig:
    """Return the tutorial's own settings of both logistic models."""
    descent = GradientDescentConfig(learning_rate=1e-3, iterations=5_000, record_every=100)
    return dg.RunConfig(
        ops={
            names.named(NUMPY): NumpyTrainingConfig(solver=descent),
            names.named(TORCH): TorchTrainingConfig(solver=descent),
        }
    )


def _rollback_job(names: TableNames) -> dg.JobDefinition:
    """Return the job that puts an earlier champion in use again."""

    def return_to_champion(context: dg.OpExecutionContext, config: RollbackConfig) -> None:
        """Return to an earlier champion, which becomes a version of the asset `champion`."""
        found = roll_back(
            context.instance, names.prefix, config.to, config.because, context.log_event
        )
        context.log.info(describe_ruling(found.record))

    operation = checked_op(names.named("return_to_champion"), return_to_champion)

    @dg.job(
        name=names.named(ROLLBACK),
        tags=names.tags,
        description="Return to an earlier champion: `to` names its version, else it is the one "
        "before the present one; `because` says why. The Launchpad's button *Scaffold missing "
        "config* writes the field.",
    )
    def rollback_job() -> None:
        operation()

    return rollback_job
