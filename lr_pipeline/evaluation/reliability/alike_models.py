"""Models whose predictions are the same up to rounding are one model to a reader."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lr_pipeline.evaluation.findings import ModelSection

SAME = 1e-6  # of a probability: no picture and no table shows the difference


class AlikeModels(NamedTuple):
    """A model, its ``place`` among all, and the ``others`` whose predictions are its own.

    ``apart``: the largest difference between their predictions.
    """

    model: ModelSection
    place: int
    others: tuple[ModelSection, ...]
    apart: float

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all these models."""
        return (self.model.name, *(other.name for other in self.others))


def alike_models(models: Sequence[ModelSection]) -> list[AlikeModels]:
    """Gather models of the same predictions; of each kind the first one stands for all."""
    found: list[AlikeModels] = []
    for place, model in enumerate(models):
        for k, known in enumerate(found):
            apart = float(np.max(np.abs(model.probabilities - known.model.probabilities)))
            if apart <= SAME:
                found[k] = known._replace(
                    others=(*known.others, model), apart=max(apart, known.apart)
                )
                break
        else:
            found.append(AlikeModels(model, place, (), 0.0))
    return found


def main_model(models: Sequence[AlikeModels]) -> AlikeModels | None:
    """Return the first logistic model, else the last model: the one whose decision is told."""
    logistic = (one for one in models if one.model.linear_predictor is not None)
    return next(logistic, models[-1] if models else None)
