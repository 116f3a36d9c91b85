"""The fits of a report's models as plain values: what a replay is compared with."""

from collections.abc import Sequence
from typing import Any

from lr_pipeline.evaluation.findings import ModelSection
from lr_pipeline.evaluation.strict_numbers import strict_numbers


def fit_numbers(models: Sequence[ModelSection]) -> dict[str, Any]:
    """Return model → objective, parameters by name, standard errors, status and certificate.

    ``certificate`` bounds the distance of each parameter from its optimum in standard errors
    (None: closed form).
    """
    return {model.name: _numbers(model) for model in models if model.coefficients}


def _numbers(model: ModelSection) -> dict[str, Any]:
    fit = model.fit
    certificate = None if fit is None else fit.certificate
    found = {
        "objective": model.objective,
        "coefficients": {row.name: row.value for row in model.coefficients},
        "standard_errors": {row.name: row.standard_error for row in model.coefficients},
        "status": None if fit is None else fit.status.label,
        "iterations": None if fit is None else fit.iterations,
        "certificate": None if certificate is None else certificate.standard_errors,
        "rigorous": None if certificate is None else certificate.rigorous,
    }
    plain: dict[str, Any] = strict_numbers(found)
    return plain
