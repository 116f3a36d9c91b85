"""Notices about fits: columns that cannot be told apart, missing estimates, doubtful minima."""

from collections.abc import Iterator
from typing import Any

from lr_pipeline.core.logistic.penalties.penalty import Penalty
from lr_pipeline.core.solvers.result import Status
from lr_pipeline.evaluation.effects.find_effects import Agreements
from lr_pipeline.evaluation.findings import Notice
from lr_pipeline.evaluation.test_scores import Models
from lr_pipeline.models.linear_model import LinearModel
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.table_existence import describe_existence, existence_to_dict, has_estimate


def fit_notices(models: Models) -> Iterator[Notice]:
    """Yield what a reader must know about each logistic fit before the numbers."""
    for model in models.values():
        if isinstance(model, LinearModel):
            continue
        fit = model.fit
        if model.inference.inseparable:
            yield Notice("warning", f"{_sentence(model.inference.inseparable)}.", "inseparable")
        if fit.existence is not None:
            existence = existence_to_dict(fit.existence, model.preparation.columns)
            yield from _existence_notices(existence, fit.penalty)
        if fit.search is not None and not fit.search.unanimous:
            yield Notice("note", fit.search.doubt, "minima")
    for name, model in models.items():
        if isinstance(model, LogisticModel) and model.fit.status is not Status.CONVERGED:
            yield Notice("warning", f"{name}: {model.convergence}.", "unfinished")


def agreement_notices(models: Models, agreements: Agreements) -> Iterator[Notice]:
    """Yield a warning for logistic models that are further apart than their certificates allow."""
    for (first, second), agreement in agreements.items():
        if not agreement.within_tolerance:
            kernels = " and ".join(
                getattr(models[name], "kernel", name) for name in (first, second)
            )
            yield Notice(
                "warning", f"The {kernels} models are {agreement.description}.", "disagreement"
            )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _existence_notices(existence: dict[str, Any], penalty: Penalty) -> Iterator[Notice]:
    """Yield a notice if the estimate does not exist or is not unique."""
    if penalty.strictly_convex:  # its optimum is unique even for dependent columns
        existence = existence | {"dependent_columns": []}
    if not has_estimate(existence):
        text = f"{describe_existence(existence)} {penalty.as_stand_in}".rstrip()
        yield Notice("warning", text, "separation")
    elif existence["dependent_columns"]:
        yield Notice("note", describe_existence(existence), "dependent")
