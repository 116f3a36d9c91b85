"""From trained models and a test set to what is found of them."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from lr_pipeline.core.inference.inference import LogisticInference
from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.logistic.penalties.penalty import Penalty
from lr_pipeline.core.solvers.result import Status
from lr_pipeline.evaluation.feature_rows import feature_rows
from lr_pipeline.evaluation.findings import (
    CoefficientRow,
    DescentGap,
    DrawnRow,
    Findings,
    FitFacts,
    HeldOutRows,
    ModelSection,
    Notice,
)
from lr_pipeline.evaluation.number_format import p_value, significant
from lr_pipeline.evaluation.remaining_descent import measure_descent
from lr_pipeline.evaluation.test_scores import HELD_ROWS, Models, ScoredTestSet, score_test_set
from lr_pipeline.evaluation.weight_notices import weight_notices
from lr_pipeline.models.agreement import measure_agreement
from lr_pipeline.models.linear_model import LinearModel
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.provenance import require_same_split
from lr_pipeline.models.table_existence import describe_existence, existence_to_dict, has_estimate
from lr_pipeline.models.train import OpenRows
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.case_counts import number_of_cases
from lr_pipeline.tables.prevalence import prevalence
from lr_pipeline.tables.sources.source_content import source_lines
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import TargetValues
from lr_pipeline.tables.validation.likely_leaks import likely_leaks
from lr_pipeline.tables.validation.validate import left_out_reasons
from lr_pipeline.versions import library_versions

TITLES = {
    "linear_baseline": "Least squares",
    "numpy_model": "Logistic (numpy)",
    "torch_model": "Logistic (torch)",
}


def evaluate_models(
    models: Models,
    train_set: Table,
    test_set: Table,
    open_rows: OpenRows,
    row_seed: int = 0,
    engine_provenance: Callable[[], dict[str, str]] = dict,
    aggregate: Aggregate = aggregate_here,
    held_rows: int = HELD_ROWS,
) -> Findings:
    """Test ``models`` on ``test_set``, beside the baseline that predicts the prevalence.

    ``open_rows`` visits the training rows of what gradient descent trained, to find how far it
    got; ``row_seed`` draws the test row that is predicted by itself; ``engine_provenance`` says
    what the passes over the rows took, once they are over; ``aggregate`` predicts and counts.

    Raises
    ------
    ProvenanceError
        A model or ``train_set`` belongs to another split than ``test_set``.
    """
    fingerprints = {name: model.train_fingerprint for name, model in models.items()}
    require_same_split({"train_set": train_set.fingerprint} | fingerprints, test_set)
    roles, split = test_set.roles, test_set.provenance["split"]
    scored = score_test_set(models, test_set, aggregate, held_rows)
    held_out = HeldOutRows(
        labels=scored.labels,
        prevalence=prevalence(train_set, aggregate),
        train_rows=train_set.num_rows,
        train_fingerprint=train_set.fingerprint,
        test_fingerprint=test_set.fingerprint,
        weight=scored.weight,
        target=roles.target,
        negative=_negative(train_set),
        positive=str(roles.positive),
        step=scored.step,
        whole=scored.whole,
        train_cases=number_of_cases(train_set),
    )
    policy = ", ".join(f"{name} {value}" for name, value in split["policy"].items())
    if "unit" in split:
        policy += f", {split['unit']} placed"
    prepared = next(iter(models.values())).preparation.encodings if models else ()
    sections = [_section(name, model, scored) for name, model in models.items()]
    descents = list(_descents(models, train_set, open_rows))
    return Findings(
        held_out,
        sections,
        notices=[
            *(Notice("warning", str(leak)) for leak in likely_leaks(train_set, aggregate)),
            *(Notice(one["severity"], one["text"]) for one in _of_source(test_set)),
            *dict.fromkeys(_notices(models)),
            *weight_notices(train_set),
            *_agreement(models, train_set, aggregate),
        ],
        provenance={
            **source_lines(test_set.provenance),
            "Split": policy,
            "Table": split["dataset"],
        }
        | {"ROC AUC": scored.ranking}
        | _left_out(test_set)
        | library_versions()
        | engine_provenance(),
        title=f"Evaluation of {roles.target}",
        drawn_row=draw_row(len(scored.labels), row_seed, scored.step),
        descents=descents,
        features=feature_rows(prepared),
    )


def _left_out(test_set: Table) -> dict[str, str]:
    """Columns of the source that are no features, each with the reason."""
    left_out = left_out_reasons(test_set)
    return {"Left out": "; ".join(left_out)} if left_out else {}


def _of_source(test_set: Table) -> list[dict[str, Any]]:
    """What was found when the source was read."""
    notices: list[dict[str, Any]] = test_set.provenance.get("notices", [])
    return notices


def draw_row(num_rows: int, seed: int, step: int = 1) -> DrawnRow:
    """One row at random, every ``step``-th alike likely (tutorial, "模型测试")."""
    return DrawnRow(step * int(np.random.default_rng(seed).integers(num_rows)), seed)


def _descents(models: Models, train_set: Table, open_rows: OpenRows) -> Iterator[DescentGap]:
    for name, model in models.items():
        if isinstance(model, LogisticModel):
            gap = measure_descent(name, model, train_set, open_rows)
            if gap is not None:
                yield gap


def _section(name: str, model: LinearModel | LogisticModel, scored: ScoredTestSet) -> ModelSection:
    if isinstance(model, LinearModel):
        return _linear_section(name, model, scored)
    return _logistic_section(name, model, scored)


def _linear_section(name: str, model: LinearModel, scored: ScoredTestSet) -> ModelSection:
    fit = model.fit
    return ModelSection(
        name=name,
        title=TITLES.get(name, name),
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


def _logistic_section(name: str, model: LogisticModel, scored: ScoredTestSet) -> ModelSection:
    fit, z = model.fit, scored.scores[name]
    return ModelSection(
        name=name,
        title=TITLES.get(name, name),
        probabilities=sigmoid(z),
        linear_predictor=z,
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
    """Intercept and coefficients, with what could be inferred of each."""
    fit, found = model.fit, model.inference
    names = ["(intercept)", *model.coefficients]
    values = [fit.intercept, *fit.coefficients.tolist()]
    scales = [None, *fit.scale.tolist()]
    inflation = [None, *found.variance_inflation.tolist()]
    tied = [False, *found.tied.tolist()]
    errors = [None] * len(names)
    if fit.covariance is not None and not found.withheld:
        errors = np.sqrt(np.diag(fit.covariance)).tolist()
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
    """How the intervals were found, and the test of all coefficients at once."""
    test = inference.model_test
    if test is None:
        return {}
    methods = {
        "profile": "profile likelihood, with likelihood-ratio tests",
        "wald": "Wald's method",
    }
    return {
        "Intervals": methods[inference.method],
        "Model test": f"against the intercept alone χ² = {significant(test.statistic)} with "
        f"{test.degrees_of_freedom} degrees of freedom, p {_compared(test.p_value)}",
    }


def _compared(p: float) -> str:
    """The p-value with its sign: = 0.012 or < 0.001."""
    text = p_value(p)
    return text if text.startswith("<") else f"= {text}"


def _notices(models: Models) -> Iterator[Notice]:
    """What a reader must know before the numbers, for each logistic model."""
    for model in models.values():
        if isinstance(model, LinearModel):
            continue
        fit = model.fit
        if model.inference.inseparable:
            yield Notice("warning", f"{_sentence(model.inference.inseparable)}.")
        if fit.existence is not None:
            existence = existence_to_dict(fit.existence, model.preparation.columns)
            yield from _existence_notices(existence, fit.penalty)
        if fit.search is not None and not fit.search.unanimous:
            yield Notice("note", fit.search.doubt)
    for name, model in models.items():
        if isinstance(model, LogisticModel) and model.fit.status is not Status.CONVERGED:
            yield Notice("warning", f"{name}: {model.convergence}.")


def _agreement(models: Models, train_set: Table, aggregate: Aggregate) -> Iterator[Notice]:
    """How far apart the logistic models are, where there are two."""
    fitted = [model for model in models.values() if isinstance(model, LogisticModel)]
    for first, second in pairwise(fitted):
        agreement = measure_agreement(first, second, train_set, aggregate)
        kernels = f"{first.kernel} and {second.kernel}"
        severity: Literal["note", "warning"] = "note" if agreement.within_tolerance else "warning"
        yield Notice(severity, f"The {kernels} models are {agreement.description}.")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _existence_notices(existence: dict[str, Any], penalty: Penalty) -> Iterator[Notice]:
    if penalty.strictly_convex:  # which is unique however the columns depend on each other
        existence = existence | {"dependent_columns": []}
    if not has_estimate(existence):
        text = f"{describe_existence(existence)} {penalty.as_stand_in}".rstrip()
        yield Notice("warning", text)
    elif existence["dependent_columns"]:
        yield Notice("note", describe_existence(existence))


def _negative(train_set: Table) -> str:
    """The target's other value."""
    roles = train_set.roles
    values = TargetValues(roles.target)
    for block in train_set.blocks(columns=[roles.target]):
        values.add(block.column(roles.target))
    return " or ".join(str(value) for value in values.counts if value != roles.positive)
