"""Asset checks: what must be true of each artifact before others build on it.

Plain functions of the artifacts, which ``table_checks`` attaches to the assets of one table.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from lr_pipeline.evaluation.findings import BASELINE
from lr_pipeline.evaluation.verdict.beside_prevalence import (
    beside_prevalence,
    no_better_than_prevalence,
)
from lr_pipeline.models.agreement import measure_agreement
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.table_existence import describe_existence, has_estimate
from lr_pipeline.models.trained_model import TrainedModel
from lr_pipeline.models.training_rows import not_of_training_rows
from lr_pipeline.orchestration.asset_names import LOGISTIC_MODELS, MODELS
from lr_pipeline.orchestration.metadata.value_metadata import difference_table
from lr_pipeline.orchestration.resources.engine_resource import Engine, RowsEngine
from lr_pipeline.orchestration.trained_columns import differences_since_training
from lr_pipeline.report.markdown import inert
from lr_pipeline.report.render import Report
from lr_pipeline.tables.errors import first_lines
from lr_pipeline.tables.split.leakage import find_leakage
from lr_pipeline.tables.split.perturbation import chosen_rows, moved_by_test_rows
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.likely_leaks import known_leaks
from lr_pipeline.tables.validation.schema_change import schema_problems
from lr_pipeline.tables.validation.validate import by_severity, left_out_reasons

REFUSAL = (
    "penalty none is refused. Use penalty auto or firth, log-f or l2 (finite for every table), or "
    "exclude such columns."
)

AUTO_PENALTY = dict.fromkeys(LOGISTIC_MODELS, "auto")


def contract(
    context: dg.AssetCheckExecutionContext, dataset: Table, engine: RowsEngine
) -> dg.AssetCheckResult:
    """The table is fit for a yes/no model, and no feature reveals the label.

    It has two classes, finite numbers, usable columns, and the same columns as at the last
    training.

    If the check passes, its description lists the columns left out and notes that need no action.
    If it fails, the description lists only the failures, and the metadata ``noted`` the rest.
    """
    (check,) = context.selected_asset_check_keys
    differences = differences_since_training(context, check.asset_key, dataset)
    found = by_severity(dataset)
    errors = [*found["error"], *map(str, schema_problems(differences))]
    leaks = known_leaks(dataset, engine.aggregate) if not errors else []
    problems = [*errors, *found["warning"], *leaks]
    left_out = [f"{reason}: left out." for reason in left_out_reasons(dataset)]
    noted = " ".join([*first_lines(found["note"]), *left_out])
    return dg.AssetCheckResult(
        passed=not problems,
        severity=dg.AssetCheckSeverity.ERROR if errors else dg.AssetCheckSeverity.WARN,
        description=inert(" ".join(first_lines(problems)) or noted or "no problem found"),
        metadata={
            "problems": len(problems),
            "errors": len(errors),
            "left_out": len(dataset.provenance.get("left_out", [])),
            "notes": len(found["note"]) + len(left_out),
        }
        | ({"noted": noted} if noted else {})
        | ({"changed_columns": difference_table(differences)} if differences else {}),
    )


def no_leakage(
    train_set: Table, test_set: Table, dataset: Table, engine: RowsEngine
) -> dg.AssetCheckResult:
    """The split keeps every test row out of training.

    Every row, id or group is in exactly one part of the split; a split by time tests on the future;
    changing the test rows does not change what the preparation learned.
    """
    aggregate, choices = engine.aggregate, chosen_rows(dataset, train_set)
    here = choices if isinstance(engine, Engine) else None  # else the rows may be elsewhere
    leakage = find_leakage(dataset, train_set, test_set, aggregate, choices=here)
    moved = []
    if leakage.clean:
        # The models on this machine get the same preparation, and the open design.
        known = None if here is None else engine.prepared(train_set).preparation
        moved = moved_by_test_rows(dataset, train_set, aggregate, in_train=choices[0], known=known)
    unmoved = "preparation does not move with the test rows"
    proof = f"preparation saw test rows: {', '.join(moved)}" if moved else unmoved
    return dg.AssetCheckResult(
        passed=leakage.clean and not moved,
        description=inert(f"{leakage}; {proof}" if leakage.clean else str(leakage)),
        metadata=leakage.to_dict() | {"moved_by_test_rows": len(moved)},
    )


def fitted_to_training_rows(
    model: TrainedModel, train_set: Table, engine: RowsEngine
) -> dg.AssetCheckResult:
    """The model's medians, levels, centers and scales are those of the training rows alone.

    A second fit gives the same. Together with the check of the split this shows that test rows had
    no effect.
    """
    found = not_of_training_rows(model, engine.fitted_again(train_set))
    return dg.AssetCheckResult(
        passed=not found,
        description=f"not fitted to the training rows alone: {', '.join(found)}"
        if found
        else "what was fitted is what the training rows alone give",
        metadata={"not_of_training_rows": len(found)},
    )


def estimate_exists(
    context: dg.AssetCheckExecutionContext,
    mle_existence: dict[str, Any],
    penalties: Mapping[str, str] = AUTO_PENALTY,
) -> dg.AssetCheckResult:
    """The maximum-likelihood estimate is finite.

    If it is not, or not for certain, the check gives a warning where a penalty makes the fit
    finite, and an error under `penalty: none`.
    """
    known = has_estimate(mle_existence)
    refused = [] if known else _models_without_penalty(context.run.run_config, penalties)
    return dg.AssetCheckResult(
        passed=known,
        severity=dg.AssetCheckSeverity.ERROR if refused else dg.AssetCheckSeverity.WARN,
        description=inert(describe_existence(mle_existence))
        + (f" {' and '.join(refused)}: {REFUSAL}" if refused else ""),
        metadata={"verdict": mle_existence["verdict"]},
    )


def _models_without_penalty(
    run_config: Mapping[str, Any], penalties: Mapping[str, str]
) -> list[str]:
    """Return the models' ops; ``penalties`` hold unless the run's configuration sets others."""
    ops = run_config.get("ops", {})
    return [
        name
        for name, penalty in penalties.items()
        if ops.get(name, {}).get("config", {}).get("penalty", penalty) == "none"
    ]


def converged(model: LogisticModel) -> dg.AssetCheckResult:
    """The certificate puts the model within a thousandth of a standard error of its optimum.

    With Firth's penalty that is a local minimum: the description says how many starts end there.
    """
    fit = model.fit
    return dg.AssetCheckResult(
        passed=model.converged,
        severity=dg.AssetCheckSeverity.WARN,
        description=model.convergence,
        metadata={
            "status": fit.status.label,
            "iterations": fit.iterations,
            "standard_errors_from_optimum": dg.MetadataValue.float(fit.certificate.standard_errors),
        },
    )


def models_agree(
    torch_model: LogisticModel, numpy_model: LogisticModel, train_set: Table, engine: RowsEngine
) -> dg.AssetCheckResult:
    """Two kernels and two algorithms agree within the sum of their certificates.

    The sum is a bound if both certificates are rigorous, and else an estimate.
    """
    agreement = measure_agreement(numpy_model, torch_model, train_set, engine.prepared)
    return dg.AssetCheckResult(
        passed=agreement.within_tolerance,
        severity=dg.AssetCheckSeverity.WARN,
        description=agreement.description,
        metadata={
            "distance": agreement.distance,
            "tolerance": agreement.tolerance,
            "rigorous": agreement.rigorous,
        },
    )


def better_than_prevalence(evaluation_report: Report) -> dg.AssetCheckResult:
    """Each model has a smaller log loss on the test set than the training prevalence.

    A linear baseline with predictions outside [0, 1] is compared by its Brier score. Where the
    difference may be chance, or the rows are too few to tell, the check says "not proven", as the
    report's verdict does.
    """
    numbers = evaluation_report.numbers
    models = numbers["models"]
    worse = no_better_than_prevalence(models, MODELS)
    return dg.AssetCheckResult(
        passed=not worse,
        severity=dg.AssetCheckSeverity.WARN,
        description=beside_prevalence(numbers, worse),
        metadata={
            f"{name}_{metric}": models[name][metric]
            for name in (BASELINE, *MODELS)
            for metric in ("log_loss", "brier_score")
            if models[name][metric] is not None
        },
    )


def no_drift(drift_report: Report) -> dg.AssetCheckResult:
    """No feature, nor the score, nor the prevalence of new rows has drifted from training."""
    numbers = drift_report.numbers
    return dg.AssetCheckResult(
        passed=not numbers["drifted"],
        severity=dg.AssetCheckSeverity.WARN,
        description=inert(numbers["verdict"]),
        metadata={"features_drifted": len(numbers["drifted_features"])},
    )
