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

_TUTORIAL_DESCENT = GradientDescentConfig(learning_rate=1e-3, iterations=5_000, record_every=100)


TRAINING_STAGES = {"data", "models", "evaluation", "lifecycle", "study"}


class TableJobs:
    """The jobs of one table's ``assets``; their names and runs' tags carry the table's name."""

    def __init__(self, names: TableNames, assets: Sequence[TableAsset]) -> None:
        self.names = names
        self.assets = assets

    def all(
        self, tutorial: bool, studies: bool
    ) -> "list[dg.JobDefinition | UnresolvedAssetJobDefinition]":
        """Return every job; the tutorial's table has one of its own, and studies another."""
        return [
            self.training(),
            self.scoring(),
            self.drift(),
            *([self.tutorial()] if tutorial else []),
            self.rollback(),
            *([self.study()] if studies else []),
        ]

    def training(self) -> "UnresolvedAssetJobDefinition":
        """Return the job that trains and evaluates; it does not score new rows."""
        return self._job(
            TRAINING,
            TRAINING_STAGES,
            "Every asset and check of the table: split, existence, three models, report, champion.",
        )

    def scoring(self) -> "UnresolvedAssetJobDefinition":
        """Return the job that scores new rows."""
        return self._job(
            SCORING,
            {"scoring"},
            "New rows (`score_path`) by the champion: probability, interval, label.",
        )

    def drift(self) -> "UnresolvedAssetJobDefinition":
        """Return the job that compares new rows with the training set."""
        return self._job(
            DRIFT_JOB,
            {"lifecycle"},
            "New rows (`score_path`) against the training set of the current model.",
            only=DRIFT,
        )

    def study(self) -> "UnresolvedAssetJobDefinition":
        """Return the job of the tutorial's studies."""
        return self._job(
            STUDY,
            {"data", "study"},
            "The tutorial's lessons: descent, learning rates, likelihood, regression.",
        )

    def tutorial(self) -> "UnresolvedAssetJobDefinition":
        """Return the job that trains with the tutorial's own settings."""
        settings = {
            self.names.named(NUMPY): NumpyTrainingConfig(solver=_TUTORIAL_DESCENT),
            self.names.named(TORCH): TorchTrainingConfig(solver=_TUTORIAL_DESCENT),
        }
        return self._job(
            TUTORIAL,
            {"data", "models", "evaluation", "lifecycle"},
            "The same assets trained as the tutorial does: gradient descent from normal weights, "
            "5,000 epochs at learning rate 1e-3.",
            dg.RunConfig(ops=settings),
        )

    def rollback(self) -> dg.JobDefinition:
        """Return the job that puts an earlier champion in use again."""
        names = self.names

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

    def _job(
        self,
        name: str,
        stages: set[str],
        description: str,
        config: dg.RunConfig | None = None,
        only: str | None = None,
    ) -> "UnresolvedAssetJobDefinition":
        """Return the job of the assets of some stages, or of ``only`` one; drift is asked for."""
        keys = [
            self.names.key(one.name)
            for one in self.assets
            if one.stage in stages and (one.name == only if only else one.name != DRIFT)
        ]
        return dg.define_asset_job(
            self.names.named(name),
            selection=dg.AssetSelection.assets(*keys),
            description=description,
            config=config,
            tags=self.names.tags | (self.names.training_tags if "data" in stages else {}),
        )
