"""The commands ``new`` and ``predict`` of ``lr-pipeline``."""

import re
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from lr_pipeline.cli.location_file import NewLocation, write_location
from lr_pipeline.cli.remedies import in_options
from lr_pipeline.cli.table_options import SHARE, file_table, table_options
from lr_pipeline.cli.workspace_file import WORKSPACE, LocationError
from lr_pipeline.orchestration.instance.model_choice import failed_model_checks, find_model
from lr_pipeline.orchestration.pass_progress import PassProgress
from lr_pipeline.scoring.prediction_file import export_predictions, require_writable
from lr_pipeline.scoring.predictions import (
    THRESHOLD,
    Predictions,
    ScoringError,
    describe_counts,
    score_file,
)
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.files.refusals import os_message


def fail(error: Exception | str) -> NoReturn:
    """The message, what was to be done about it in it, and exit code 1."""
    text = os_message(error) if isinstance(error, OSError) and error.errno else str(error)
    click.echo(f"error: {text}", err=True)
    sys.exit(1)


@click.command()
@click.argument("name")
@click.argument("file", type=click.Path())
@table_options
@click.option("--schedule", help="Cron expression (UTC) at which it trains, switched on at once.")
def new(name: str, schedule: str | None, **described: Any) -> None:
    """Make FILE (CSV or Parquet) the code location NAME of the web UI.

    Writes locations/NAME.py and its entry in workspace.yaml of the current folder; done again it
    changes nothing, and a file that was edited is left alone.

    \b
    lr-pipeline new churn data/churn.parquet --target churned --schedule "0 2 * * *"
    """
    table = file_table(**described)
    try:
        changed = write_location(NewLocation(name, table, schedule), Path())
    except TableError as error:
        fail(in_options(str(error)))
    except (LocationError, OSError) as error:
        fail(error)
    for file in changed:
        click.echo(f"{'extended' if file.name == WORKSPACE else 'written'}: {file}")
    if not changed:
        click.echo(f"{name} is there already; nothing was changed.")
    trains = f"trains at {schedule!r} (UTC)" if schedule else "has its schedule switched off"
    click.echo(f"In the web UI (make ui), {name} {trains}.")
    if changed:
        click.echo("A web UI that is running must be ended and started again to show it.")


@click.command()
@click.argument("file", type=click.Path())
@click.option(
    "--model",
    "name",
    required=True,
    help="Name of a table (its current model, NAME/numpy_model), of an asset, or a model.json.",
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
    default=THRESHOLD,
    show_default=True,
    help="Label 1 where the probability is above it.",
)
@click.option("--home", type=click.Path(), help="Dagster home of the model's run.")
def predict(file: str, name: str, output: str | None, threshold: float, home: str | None) -> None:
    """Score the rows of FILE (CSV or Parquet; a folder, a pattern or a URL too) with a model.

    \b
    lr-pipeline predict new_customers.csv --model churn --output scores.csv
    """
    target = Path(output or _output_name(file))
    progress = PassProgress(_echo_progress)
    try:
        require_writable(target, [Path(file), Path(name)])
        model = find_model(name, home)
        failed = failed_model_checks(name, model, home)
        predictions = score_file(model, file, threshold, progress, failed)
        export_predictions(predictions, target, [name])
    except (ScoringError, TableError, ArtifactError, OSError) as error:
        fail(error)
    _show_outcome(predictions, target)


def _output_name(file: str) -> str:
    """``new.csv.gz`` gives ``new_predictions.parquet``, a bare pattern ``predictions.parquet``."""
    stem = re.sub(r"[*?\[\]]+", "", Path(file.removesuffix(".gz")).stem)
    return f"{stem}_predictions.parquet".lstrip("_")


def _echo_progress(message: str) -> None:
    click.echo(f"  … {message}", err=True)


def _show_outcome(predictions: Predictions, target: Path) -> None:
    """The counts, what speaks against the model, and which features were beyond training."""
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
