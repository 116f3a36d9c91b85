"""Metadata that the web UI shows for each kind of value; it charts those that are numbers."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import dagster as dg

from lr_pipeline.core.fitting.logistic_fit import LogisticFit
from lr_pipeline.core.listed_names import listed
from lr_pipeline.evaluation.findings import BASELINE
from lr_pipeline.evaluation.number_format import count
from lr_pipeline.models.linear_model import LinearModel
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.table_existence import describe_existence
from lr_pipeline.orchestration.metadata.source_names import SOURCE, source_identity
from lr_pipeline.report.canvas import markdown_picture
from lr_pipeline.report.loss_figure import loss_curve
from lr_pipeline.report.markdown import markdown_table
from lr_pipeline.report.metrics_table import metrics_in_markdown
from lr_pipeline.report.render import Report
from lr_pipeline.report.since_view import since_line
from lr_pipeline.scoring.new_rows import SchemaMismatchError
from lr_pipeline.storage.plain_values import metadata_values
from lr_pipeline.tables.case_counts import number_of_cases, prevalence
from lr_pipeline.tables.errors import cut
from lr_pipeline.tables.sources.source_content import describe_content, known_content
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.schema_change import contract_of
from lr_pipeline.tables.validation.validate import left_out_reasons

SHORT_NAMES = {BASELINE: "prevalence"}  # a longer key runs into the next column of the page
# Limits of what a page can show; they keep Dagster's event log small for every table.
COEFFICIENTS_SHOWN = COLUMNS_SHOWN = 200
LEVELS_SHOWN = 12
INSEPARABLE = "cannot_be_told_apart"

Metadata = dict[str, Any]


def table_metadata(table: Table) -> Metadata:
    """Return the rows, the columns with their types and roles, and the share of positive rows."""
    roles = table.roles
    parts = {getattr(roles, role): role for role in ("target", "id", "group", "time", "weight")}
    columns = [
        dg.TableColumn(
            cut(field.name), cut(str(field.type)), description=parts.get(field.name, "feature")
        )
        for field in list(table.schema)[:COLUMNS_SHOWN]
    ]
    cases, share = number_of_cases(table), prevalence(table)
    target = f"{roles.target} = {roles.positive}"
    provenance = table.provenance
    source = provenance.get("source")
    left_out = left_out_reasons(table)
    return metadata_values(
        {
            "dagster/row_count": table.num_rows,
            "dagster/column_schema": dg.MetadataValue.table_schema(dg.TableSchema(columns)),
            "summary": f"{table.num_rows:,} rows{_in_cases(cases)} × {len(roles.features)} features"
            f", {share:.1%} with {target}",
            "target": target,
            "prevalence": share,
            **({} if cases is None else {"cases": cases}),
            "contract": dg.MetadataValue.json(contract_of(table)),
            **({"left_out": "; ".join(left_out)} if left_out else {}),
            **({SOURCE: source_identity(source)} if source else {}),
            **{name: describe_content(one) for name, one in known_content(provenance).items()},
        }
    )


def _in_cases(cases: int | float | None) -> str:
    return "" if cases is None else f" ({count(cases)} cases)"


def difference_table(differences: Mapping[str, tuple[str, str]]) -> dg.MetadataValue:
    """Return column, kind before and kind now, as markdown."""
    shown = islice(differences.items(), COLUMNS_SHOWN)
    rows = [(cut(name), before, now) for name, (before, now) in shown]
    return dg.MetadataValue.md(markdown_table(["column", "before", "now"], rows))


def profile_metadata(profile: Mapping[str, Any]) -> Metadata:
    """Return the profile as a table: one row for each feature and class."""
    heading = ["feature", "class", "count", "missing", "mean", "deviation", "range"]
    rows = [
        [cut(feature), name, str(values["count"]), str(values["missing"]), *_distribution(values)]
        for feature, classes in islice(profile["features"].items(), COLUMNS_SHOWN)
        for name, values in classes.items()
    ]
    return {
        "summary": f"{len(profile['features'])} features by class",
        "profile": dg.MetadataValue.md(markdown_table(heading, rows)),
    }


def _distribution(values: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return mean, deviation and range of a number; for a category its levels as range."""
    if "levels" in values:
        levels = (f"{cut(level)}: {rows}" for level, rows in values["levels"].items())
        return "", "", listed(levels, LEVELS_SHOWN)
    if values["mean"] is None:
        return "", "", ""
    ends = f"{values['min']:.4g} to {values['max']:.4g}"
    return f"{values['mean']:.4g}", f"{values['deviation']:.4g}", ends


def existence_metadata(existence: Mapping[str, Any]) -> Metadata:
    """Return the verdict and the columns that cause it."""
    return {
        "summary": existence["verdict"].replace("_", " "),
        "verdict": existence["verdict"],
        "meaning": describe_existence(existence),
        "separating_columns": _names(existence["separating_columns"]),
        "dependent_columns": _names(existence["dependent_columns"]),
    }


def _names(names: Sequence[str]) -> list[str]:
    """Return the first few column names, each cut to a readable length."""
    return [cut(name) for name in names[:COLUMNS_SHOWN]]


def linear_metadata(model: LinearModel) -> Metadata:
    """Return how the least-squares problem was solved, and the coefficients."""
    fit = model.fit
    return metadata_values(
        {
            "summary": f"least squares on {len(fit.coefficients)} columns ({fit.method})",
            "r_squared": "undefined" if fit.r_squared is None else fit.r_squared,
            "condition": fit.condition,
            "unique": fit.unique,
            "coefficients": _coefficient_table(fit.intercept, model.coefficients, None),
            "train_fingerprint": model.train_fingerprint,
        }
    )


def logistic_metadata(model: LogisticModel) -> Metadata:
    """Return how the fit ended, its loss curve and its coefficients."""
    fit, recalibration = model.fit, model.decision.recalibration
    picture = markdown_picture(loss_curve(fit.trace, f"Loss curve, {fit.solver}"), "Loss curve")
    return metadata_values(
        {
            "summary": model.convergence,
            "objective": fit.objective,
            "penalty": fit.penalty.name,
            "solver": fit.solver,
            "status": fit.status.label,
            "iterations": fit.iterations,
            "gradient_norm": fit.gradient_norm,
            "loss": fit.value,
            "log_likelihood": fit.log_likelihood,
            **_search_metadata(fit),
            "threshold": model.decision.threshold,
            "threshold_rule": model.decision.rule,
            **({} if recalibration is None else {"recalibration": recalibration.description}),
            "standard_errors_from_optimum": fit.certificate.standard_errors,
            **({INSEPARABLE: model.inference.inseparable} if model.inference.inseparable else {}),
            "loss_curve": dg.MetadataValue.md(picture),
            "coefficients": _coefficient_table(
                fit.intercept, model.coefficients, _standard_errors(model)
            ),
            "train_fingerprint": model.train_fingerprint,
        }
    )


def _search_metadata(fit: LogisticFit) -> Metadata:
    """Return how many starts led to the minimum, where several were tried."""
    if fit.search is None:
        return {}
    return {
        "starts": fit.search.starts,
        "starts_agreeing": fit.search.agreeing,
        "search": fit.search.description,
    }


def _standard_errors(model: LogisticModel) -> list[float | None] | None:
    """Return standard errors, intercept first; None for coefficients that are not unique."""
    fit, tied = model.fit, model.inference.tied.tolist()
    if fit.intercept_standard_error is None or fit.standard_errors is None:
        return None
    errors = zip(fit.standard_errors.tolist(), tied, strict=True)
    return [fit.intercept_standard_error, *(None if out else error for error, out in errors)]


def _coefficient_table(
    intercept: float,
    coefficients: Mapping[str, float],
    standard_errors: Sequence[float | None] | None,
) -> dg.TableMetadataValue:
    """Return intercept and the first 200 coefficients in original units, as a table.

    ``standard_errors``: that of the intercept comes first.
    """
    columns: dict[str, Sequence[str | float | None]] = {
        "name": ["(intercept)", *map(cut, coefficients)],
        "coefficient": [intercept, *coefficients.values()],
    }
    if standard_errors is not None:
        columns["standard_error"] = standard_errors
    records = [
        dg.TableRecord(dict(zip(columns, row, strict=True)))
        for row in list(zip(*columns.values(), strict=True))[:COEFFICIENTS_SHOWN]
    ]
    types = {"name": "string"}
    schema = [dg.TableColumn(name, types.get(name, "float")) for name in columns]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(columns=schema))


def drawn_row_table(numbers: Mapping[str, Any]) -> str:
    """Return the drawn test row as markdown: probability, predicted and true value."""
    row, titles = numbers["drawn_row"], numbers["titles"]
    sentence = f"Row {row['index']} of the test set, counted from 0, drawn with seed {row['seed']}"
    rows = [
        [titles[name], f"{probability:.4f}", cut(row["predicted"][name]), cut(row["label"])]
        for name, probability in row["probabilities"].items()
    ]
    heading = ["model", "probability", "predicted", "true"]
    return f"{sentence}\n\n{markdown_table(heading, rows, ['probability'])}"


def report_metadata(report: Report, pictures: Mapping[str, str]) -> Metadata:
    """Return models × metrics as a table and as numbers, and the report's pictures."""
    models = report.numbers["models"]
    metrics = {
        f"{SHORT_NAMES.get(model, model)}/{metric}": value
        for model, values in models.items()
        for metric, value in values.items()
        if value is not None
    }
    verdict, since = report.numbers["verdict"], since_line(report.numbers)
    return metadata_values(
        {
            **({"verdict": verdict["headline"]} if verdict else {}),
            "summary": f"{report.numbers['test_rows']:,} test rows"
            f"{_in_cases(report.numbers.get('test_cases'))}, {len(models)} models",
            **({"since_last_report": since} if since else {}),
            "metrics": dg.MetadataValue.md(metrics_in_markdown(report.numbers)),
            "one_row": dg.MetadataValue.md(drawn_row_table(report.numbers)),
            **{name: dg.MetadataValue.md(picture) for name, picture in pictures.items()},
            **metrics,
        }
    )


def mismatch_failure(error: SchemaMismatchError) -> dg.Failure:
    """Return a failure with the columns that are not as in training, as a table."""
    records = [
        dg.TableRecord({"column": one.column, "expected": one.expected, "found": one.found})
        for one in error.differences
    ]
    return dg.Failure(str(error), {"differences": dg.MetadataValue.table(records)})
