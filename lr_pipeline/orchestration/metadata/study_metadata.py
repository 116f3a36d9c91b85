"""Metadata that the web UI shows for each study: key numbers, pictures, and a table.

The UI opens long markdown in its own window, which is wide enough for picture and table.
"""

from collections import Counter
from typing import Any

import dagster as dg

from lr_pipeline.evaluation.number_format import UNDEFINED, significant
from lr_pipeline.report.canvas import markdown_png
from lr_pipeline.report.markdown import markdown_table
from lr_pipeline.storage.plain_values import metadata_values
from lr_pipeline.studies.study import Study

Metadata = dict[str, Any]


def descent_metadata(study: Study) -> Metadata:
    """Return each path with its verdict and reason; points and final loss as numbers."""
    paths = study.numbers["paths"]
    verdicts = Counter(path["verdict"] for path in paths)
    table = markdown_table(
        ["η", "points", "final θ", "final loss", "verdict", "why"],
        [
            [
                f"{path['learning_rate']:g}",
                f"{path['points']:,}",
                _exact(path["theta"]),
                _exact(path["loss"]),
                path["verdict"],
                path["reason"],
            ]
            for path in paths
        ],
    )
    summary = f"{len(paths)} paths: " + ", ".join(f"{n} {v}" for v, n in verdicts.items())
    points = {f"points at {path['learning_rate']:g}": path["points"] for path in reversed(paths)}
    return _metadata(summary, study, {"paths": table}, points)


def learning_rate_metadata(study: Study) -> Metadata:
    """Return every run's verdict, the bounds, and which rate to set."""
    numbers = study.numbers
    names = list(numbers["schedules"])
    runs: dict[float, dict[str, Any]] = {}
    for run in numbers["runs"]:
        runs.setdefault(run["learning_rate"], {})[run["schedule"]] = run
    table = markdown_table(
        ["η at first", *names],
        [[f"{rate:g}", *(_run_cell(run[name]) for name in names)] for rate, run in runs.items()],
    )
    bounds = numbers["bounds"]
    key = {
        "advice": dg.MetadataValue.md(numbers["advice"]),
        "columns": numbers["columns"],
        "guaranteed_bound": bounds["guaranteed"],
        "local_limit": bounds["local"],
        "minimum": numbers["minimum"],
        "best_learning_rate": numbers["best"] and numbers["best"]["learning_rate"],
    }
    limits = (
        f"2/L = {significant(bounds['guaranteed'], 3)}, 2/λ* = {significant(bounds['local'], 3)}"
    )
    best = numbers["best"]
    choice = f"η = {best['learning_rate']:g} is best" if best else "no rate is best"
    summary = f"{choice} of {len(runs)} rates; {limits}"
    return _metadata(summary, study, {"final_loss": f"{numbers['advice']}\n\n{table}"}, key)


def _run_cell(run: dict[str, Any]) -> str:
    return f"{significant(run['loss'], 6)} {run['verdict']}"


def likelihood_metadata(study: Study) -> Metadata:
    """Return the maximum, the log loss, and the row at which each product underflows."""
    numbers = study.numbers
    normal, bernoulli = numbers["normal"], numbers["bernoulli"]
    underflow = numbers["underflow"]
    table = markdown_table(
        ["product of", "rows", "product in float64", "sum of logarithms"],
        [
            [
                name,
                UNDEFINED if product["rows"] is None else f"{product['rows']:,}",
                str(product["product"]),
                significant(product["log_likelihood"], 6),
            ]
            for name, product in (
                (f"densities of {numbers['feature']}", underflow["normal"]),
                (f"probabilities of {numbers['target']}", underflow["bernoulli"]),
            )
        ],
    )
    table += "\n\n" + markdown_table(
        ["log odds z of a row of label 1", "loss", "with the tutorial's log(ŷ + 1e-8)"],
        [
            [
                significant(row["log_odds"]),
                *(significant(row[n]) for n in ("exact", "with_epsilon")),
            ]
            for row in numbers["epsilon"]
        ],
    )
    key = {
        "mean": normal["mean"],
        "deviation": normal["deviation"],
        "normal_log_likelihood": normal["log_likelihood"],
        "bernoulli_log_likelihood": bernoulli["log_likelihood"],
        "log_loss": bernoulli["log_loss"],
        "normal_product_lost_at_row": underflow["normal"]["rows"],
        "bernoulli_product_lost_at_row": underflow["bernoulli"]["rows"],
    }
    summary = (
        f"{numbers['feature']}: μ̂ = {significant(normal['mean'])}, "
        f"σ̂ = {significant(normal['deviation'])}; log loss at the prevalence "
        f"{significant(bernoulli['log_loss'])}"
    )
    return _metadata(summary, study, {"underflow": table}, key)


def regression_metadata(study: Study) -> Metadata:
    """Return the line, and the two solutions side by side."""
    numbers = study.numbers
    simple, multiple = numbers["simple"], numbers["multiple"]
    table = markdown_table(
        ["parameter", "(XᵀX)⁻¹Xᵀy", "the project's"],
        [
            [row["name"], _exact(row["normal_equations"]), _exact(row["project"])]
            for row in multiple["parameters"]
        ],
    )
    key = {
        "feature": numbers["feature"],
        "intercept": simple["intercept"],
        "slope": simple["slope"],
        "largest_difference": multiple["largest_difference"],
        "condition_of_normal_equations": multiple["condition"],
        "left_out_as_dependent": ", ".join(multiple["dependent_columns"]) or "none",
    }
    summary = (
        f"ŷ = {significant(simple['intercept'])} + {significant(simple['slope'])} "
        f"{numbers['feature']}; on all columns the two solutions differ by at most "
        f"{significant(multiple['largest_difference'], 2)}"
    )
    return _metadata(summary, study, {"multiple_regression": table}, key)


def _metadata(summary: str, study: Study, tables: dict[str, str], key: Metadata) -> Metadata:
    """Return the summary, the pictures with their tables, and the key numbers that have a value."""
    pictures = {
        name: dg.MetadataValue.md(
            "\n\n".join([markdown_png(png, name), *([tables[name]] if name in tables else [])])
        )
        for name, png in study.pictures.items()
    }
    known = {name: value for name, value in key.items() if value is not None}
    return metadata_values({"summary": summary, **pictures, **known})


def _exact(value: float | None) -> str:
    return UNDEFINED if value is None else repr(value)
