"""The report's section on each model: predictions, coefficients and how the fit ended."""

import numpy as np

from lr_pipeline.core.inference.group_inference import BY_GROUPS
from lr_pipeline.core.inference.inference import LogisticInference
from lr_pipeline.evaluation.findings import CoefficientRow, FitFacts, ModelSection
from lr_pipeline.evaluation.number_format import p_compared, significant
from lr_pipeline.evaluation.test_scores import ScoredTestSet
from lr_pipeline.models.linear_model import LinearModel
from lr_pipeline.models.logistic_model import LogisticModel


def model_section(
    name: str, title: str, model: LinearModel | LogisticModel, scored: ScoredTestSet
) -> ModelSection:
    """Return the report's section on one model."""
    if isinstance(model, LinearModel):
        return _linear_section(name, title, model, scored)
    return _logistic_section(name, title, model, scored)


def _linear_section(
    name: str, title: str, model: LinearModel, scored: ScoredTestSet
) -> ModelSection:
    fit = model.fit
    return ModelSection(
        name=name,
        title=title,
        probabilities=scored.scores[name],
        metrics=scored.metrics.get(name),
        objective="Σ weight (y − β₀ − x·β)²",
        coefficients=(
            CoefficientRow("(intercept)", fit.intercept),
            *(CoefficientRow(name, value) for name, value in model.coefficients.items()),
        ),
        withheld="the label is 0 or 1, so that its variance is not constant",
        facts={"Arithmetic": fit.method},
    )


def _logistic_section(
    name: str, title: str, model: LogisticModel, scored: ScoredTestSet
) -> ModelSection:
    fit, z = model.fit, scored.scores[name]
    return ModelSection(
        name=name,
        title=title,
        probabilities=model.decision.probability(z),
        linear_predictor=model.decision.log_odds(z),
        ranking=None if model.decision.recalibration is None else z,
        threshold=model.decision.threshold,
        decision=model.decision,
        metrics=scored.metrics.get(name),
        objective=fit.objective,
        coefficients=_logistic_rows(model),
        withheld=model.inference.withheld or model.inference.inseparable,
        facts=_inference_facts(model.inference),
        fit=FitFacts(
            solver=fit.solver,
            status=fit.status,
            iterations=fit.iterations,
            gradient_norm=fit.gradient_norm,
            certificate=fit.certificate,
            optimum=fit.optimum,
            starts="" if fit.search is None else fit.search.description,
            trace=fit.trace,
        ),
    )


def _logistic_rows(model: LogisticModel) -> tuple[CoefficientRow, ...]:
    """Return intercept and coefficients, with the inference about each."""
    fit, found = model.fit, model.inference
    names = ["(intercept)", *model.coefficients]
    values = [fit.intercept, *fit.coefficients.tolist()]
    scales = [None, *fit.scale.tolist()]
    inflation = [None, *found.variance_inflation.tolist()]
    tied = [False, *found.tied.tolist()]
    errors: list[float | None] = [None] * len(names)
    if fit.standard_errors is not None and not found.withheld:
        found_errors = (fit.intercept_standard_error, *fit.standard_errors.tolist())
        errors = [None if one is None or np.isnan(one) else one for one in found_errors]
    known = np.isfinite(found.p_values)
    return tuple(
        CoefficientRow(
            name=names[j],
            value=values[j],
            standard_error=None if tied[j] else errors[j],
            interval=(float(found.lower[j]), float(found.upper[j])) if known[j] else None,
            p_value=float(found.p_values[j]) if known[j] else None,
            scale=scales[j],
            variance_inflation=inflation[j],
            tied=tied[j],
        )
        for j in range(len(names))
    )


def _inference_facts(inference: LogisticInference) -> dict[str, str]:
    """Return how the intervals were found, and the test of all coefficients at once."""
    methods = {
        "profile": "profile likelihood, with likelihood-ratio tests",
        "wald": "Wald's method",
        BY_GROUPS: "Wald's method, the groups of rows as units (sandwich covariance)",
    }
    intervals = {"Intervals": methods[inference.method]}
    test = inference.model_test
    if test is None:
        known = inference.method == BY_GROUPS and not inference.withheld
        return intervals if known else {}
    return intervals | {
        "Model test": f"against the intercept alone χ² = {significant(test.statistic)} with "
        f"{test.degrees_of_freedom} degrees of freedom, p {p_compared(test.p_value)}",
    }
