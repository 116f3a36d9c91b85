"""The verb ``predict``: score new rows with a model of this or another Dagster home."""

import re
from pathlib import Path

import click

from lr_pipeline.cli.remedies import in_options
from lr_pipeline.cli.table_options import ANYWAY_HELP, SHARE
from lr_pipeline.orchestration.instance.answer_history import record_answers
from lr_pipeline.orchestration.instance.model_choice import find_model
from lr_pipeline.orchestration.pass_progress import PassProgress
from lr_pipeline.scoring.prediction_file import export_predictions, require_writable
from lr_pipeline.scoring.predictions import Predictions, describe_counts, score_file
from lr_pipeline.scoring.reasons import find_reasons
from lr_pipeline.tables.sources.secrets import last_name


@click.command()
@click.argument("file", type=click.Path())
@click.option(
    "--model",
    "name",
    required=True,
    help="Name of a table (its champion), of an asset such as NAME/numpy_model, or a model.json.",
)
@click.option(
    "--output",
    type=click.Path(),
    help="CSV or Parquet file, by its suffix [default: FILE's name with _predictions.parquet, "
    "here].",
)
@click.option(
    "--threshold",
    type=SHARE,
    help="Label 1 where the probability is above it [default: the model's own threshold].",
)
@click.option(
    "--reasons",
    type=click.IntRange(1),
    help="Add this many columns: those that moved each row's score most.",
)
@click.option(
    "--reference",
    type=click.Path(),
    help="YAML or JSON: the row that reasons are measured from, the scale of points "
    "[default: the training means; no points].",
)
@click.option("--anyway", is_flag=True, help=f"{ANYWAY_HELP} Each row then says so.")
@click.option("--home", type=click.Path(), help="Dagster home of the model's run.")
def predict(
    file: str,
    name: str,
    output: str | None,
    threshold: float | None,
    reasons: int | None,
    reference: str | None,
    anyway: bool,
    home: str | None,
) -> None:
    """Score the rows of FILE (CSV or Parquet; a folder, a pattern or a URL too) with a model.

    With --reasons the scores come with what moved each row most: reason_1 "age 54: +0.82" …

    \b
    lr-pipeline predict new_customers.csv --model churn --output scores.csv
    """
    target = Path(output or _output_name(file))
    progress = PassProgress(lambda message: click.echo(f"  … {message}", err=True))
    require_writable(target, [Path(file), Path(name)])
    chosen = find_model(name, home, anyway)
    model, failed = chosen.model, chosen.failed_checks
    wanted = find_reasons(model, reasons, reference)
    predictions = score_file(model, file, threshold, progress, failed, wanted, chosen.status)
    export_predictions(predictions, target, [name])
    _show_counts(predictions, target)
    if (history := record_answers(name, home, predictions)) is not None:
        click.echo(f"These metrics are in the history of {history}, which the web UI charts.")


def _output_name(file: str) -> str:
    """Return the default name: ``new.csv.gz`` gives ``new_predictions.parquet``.

    A pattern without a name gives ``predictions.parquet``.
    """
    stem = re.sub(r"[*?\[\]]+", "", Path(last_name(file).removesuffix(".gz")).stem)
    return f"{stem}_predictions.parquet".lstrip("_")


def _show_counts(predictions: Predictions, target: Path) -> None:
    """Print the counts, the model's failed checks, and features with values new to the model."""
    for failed in predictions.failed_checks:
        click.echo(f"  ! a check of the model's run failed: {in_options(failed)}")
    counts = predictions.counts
    beyond = {
        "out of range": counts.out_of_range,
        "unseen": counts.unseen,
        "missing here, never in training": counts.unexpected_missing,
    }
    for title, features in beyond.items():
        if features:
            shown = ", ".join(f"{name} ({rows:,})" for name, rows in features.most_common(12))
            click.echo(f"  ! {title}: {shown}")
    if withheld := predictions.predictor.withheld:
        click.echo(f"  ! no intervals: {withheld}")
    click.echo(f"{describe_counts(predictions)} → {target}")
    for line in predictions.outcome.lines() if predictions.outcome else ():
        click.echo(line)
