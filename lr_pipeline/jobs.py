"""Jobs: what is materialized together, and with which settings."""

import dagster as dg
from dagster import AssetKey, AssetSelection

from lr_pipeline.training_config import (
    GradientDescentConfig,
    NumpyTrainingConfig,
    TorchTrainingConfig,
)

STUDIES = AssetSelection.groups("study")


def build_training_job(keys: list[AssetKey]) -> "dg.UnresolvedAssetJobDefinition":
    """Every asset and check of the table, with the default settings."""
    return dg.define_asset_job(
        "training_job",
        selection=AssetSelection.assets(*keys),
        description="Table, split, existence, three models, report.",
    )


def build_study_job(keys: list[AssetKey]) -> "dg.UnresolvedAssetJobDefinition":
    """The studies, and the table and split that they need."""
    return dg.define_asset_job(
        "study_job",
        selection=AssetSelection.assets(*keys) & (AssetSelection.groups("data") | STUDIES),
        description="The tutorial's lessons: descent, learning rates, likelihood, regression.",
    )


def build_tutorial_job(keys: list[AssetKey]) -> "dg.UnresolvedAssetJobDefinition":
    """The same assets trained as the tutorial trains: learning rate 1e-3, 5,000 epochs.

    Maximum likelihood without a penalty, by gradient descent from the same normal draw.
    """
    solver = GradientDescentConfig(learning_rate=1e-3, iterations=5_000, record_every=100)
    return dg.define_asset_job(
        "tutorial_job",
        selection=AssetSelection.assets(*keys) - STUDIES,
        description="The tutorial's own training: gradient descent, 5,000 epochs at 1e-3.",
        config=dg.RunConfig(
            ops={
                "numpy_model": NumpyTrainingConfig(solver=solver),
                "torch_model": TorchTrainingConfig(solver=solver),
            }
        ),
    )
