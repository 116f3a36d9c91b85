"""The slopes of the linear baseline, in the steps in which effects are told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lr_pipeline.evaluation.effects.column_kinds import DesignColumn
from lr_pipeline.models.linear_model import LinearModel
from lr_pipeline.models.logistic_model import LogisticModel


@dataclass(frozen=True)
class LinearEffect:
    """A slope of the baseline: the change of its prediction for one unit, and for one ``step``."""

    model: str
    name: str
    coefficient: float
    step: float


def linear_effects(
    models: Mapping[str, LinearModel | LogisticModel], columns: Sequence[DesignColumn]
) -> tuple[LinearEffect, ...]:
    """Return the slopes of the first linear model with these columns; none without one."""
    names = tuple(one.name for one in columns)
    for name, model in models.items():
        if isinstance(model, LinearModel) and model.preparation.columns == names:
            slopes = model.coefficients
            return tuple(
                LinearEffect(name, one.name, slopes[one.name], one.step) for one in columns
            )
    return ()
