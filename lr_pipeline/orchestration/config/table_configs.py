"""The configurations of one table's assets, with the defaults of its declaration."""

from collections.abc import Mapping
from typing import Any

from lr_pipeline.orchestration.config.champion_config import ChampionConfig
from lr_pipeline.orchestration.config.evaluation_config import EvaluationConfig
from lr_pipeline.orchestration.config.own_defaults import own_defaults, validated
from lr_pipeline.orchestration.config.scoring_config import DriftConfig, ScoreConfig, ScoringConfig
from lr_pipeline.orchestration.config.training_config import (
    NumpyTrainingConfig,
    TorchTrainingConfig,
)
from lr_pipeline.orchestration.table_functions import Configs
from lr_pipeline.tables.sources.secrets import without_secrets

Settings = Mapping[str, Any] | None


def table_configs(
    training: Settings,
    evaluation: Settings,
    champion: Settings,
    scoring: Settings,
    score_path: str | None,
) -> Configs:
    """Return the class that stands in for each class of configuration: see ``build_definitions``.

    Raises
    ------
    ValueError
        A setting is unknown, or its value is not allowed.
    """
    paths = {} if score_path is None else {"score_path": without_secrets(score_path)}
    validated(ScoreConfig, scoring or {})  # without a path, which drift_report needs as well
    return {
        NumpyTrainingConfig: own_defaults(NumpyTrainingConfig, training or {}),
        TorchTrainingConfig: own_defaults(TorchTrainingConfig, training or {}),
        EvaluationConfig: own_defaults(EvaluationConfig, evaluation or {}),
        ChampionConfig: own_defaults(ChampionConfig, champion or {}),
        ScoringConfig: own_defaults(ScoringConfig, {**(scoring or {}), **paths}),
        DriftConfig: own_defaults(DriftConfig, paths),
    }
