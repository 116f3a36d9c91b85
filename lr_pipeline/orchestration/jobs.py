"""Jobs: which assets are materialized together, and with which settings."""

import dagster as dg
from dagster import AssetSelection

from lr_pipeline.orchestration.asset_names import NUMPY, TORCH
from lr_pipeline.orchestration.config.training_config import (
    GradientDescentConfig,
    NumpyTrainingConfig,
    TorchTrainingConfig,
)

STUDIES = AssetSelection.groups("study")
SCORING = AssetSelection.groups("scoring")  # needs a file of new rows, which only the user knows

training_job = dg.define_asset_job(
    "training_job",
    selection=AssetSelection.all() - SCORING,
    description="Every asset and check of the table: split, existence, three models, report.",
)

_TUTORIAL_DESCENT = GradientDescentConfig(learning_rate=1e-3, iterations=5_000, record_every=100)

tutorial_job = dg.define_asset_job(
    "tutorial_job",
    selection=AssetSelection.all() - SCORING - STUDIES,
    description="The same assets trained as the tutorial does: gradient descent from normal "
    "weights, 5,000 epochs at learning rate 1e-3.",
    config=dg.RunConfig(
        ops={
            NUMPY: NumpyTrainingConfig(solver=_TUTORIAL_DESCENT),
            TORCH: TorchTrainingConfig(solver=_TUTORIAL_DESCENT),
        }
    ),
)

study_job = dg.define_asset_job(
    "study_job",
    selection=AssetSelection.groups("data") | STUDIES,
    description="The tutorial's lessons: descent, learning rates, likelihood, regression.",
)

scoring_job = dg.define_asset_job(
    "scoring_job",
    selection=SCORING,
    description="New rows (`score_path`) by the current model: probability, interval, label.",
)
