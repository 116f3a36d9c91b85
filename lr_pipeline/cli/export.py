"""The verb ``export``: write a model in a form that other programs run, verified first."""

from pathlib import Path

import click

from lr_pipeline.cli.remedies import in_options
from lr_pipeline.cli.table_options import ANYWAY_HELP, HOME_HELP
from lr_pipeline.export.export_error import ExportError
from lr_pipeline.export.export_model import KINDS, export_model
from lr_pipeline.orchestration.instance.model_choice import find_model
from lr_pipeline.orchestration.instance.stored_rows import stored_rows
from lr_pipeline.scoring.new_rows import open_new_rows

NO_ROWS = (
    "there are no stored rows on which the export could be verified. Give some: --rows FILE "
    "(CSV or Parquet)."
)


@click.command()
@click.argument("name", metavar="TABLE")
@click.option("--to", "kind", required=True, type=click.Choice(list(KINDS)), help="Form.")
@click.option(
    "--output", type=click.Path(), help="File [default: the table's name, here, with .sql, .py …]."
)
@click.option(
    "--rows",
    type=click.Path(),
    help="Verify on the rows of this file [default: the stored test rows, else the training rows].",
)
@click.option("--anyway", is_flag=True, help=ANYWAY_HELP)
@click.option("--home", type=click.Path(), help=HOME_HELP)
def export(
    name: str, kind: str, output: str | None, rows: str | None, anyway: bool, home: str | None
) -> None:
    """Write the current model of TABLE (or a model.json) as SQL, ONNX, PMML, Python or JSON.

    The preparation, recalibration and threshold are included. What was written is run on stored
    rows and compared with the model; if they differ, nothing is written.

    \b
    lr-pipeline export churn --to sql --output churn.sql
    """
    target = Path(output or f"{Path(name.rstrip('/')).stem}{KINDS[kind].suffix}")
    _require_other_file(target, [Path(one) for one in (name, rows) if one is not None])
    chosen = find_model(name, home, anyway)
    model, failed = chosen.model, chosen.failed_checks
    train, test = stored_rows(name, home)
    given = None if rows is None else open_new_rows(rows, model.preparation).table
    compared = given or test or train
    if compared is None or not compared.num_rows:
        raise ExportError(NO_ROWS)
    exported = export_model(model, kind, compared, [one for one in (train,) if one is not None])
    exported.write(target)
    for check in failed:
        click.echo(f"  ! a check of the model's run failed: {in_options(check)}")
    if exported.valid:
        click.echo(f"  ✓ {exported.valid}")
    for agreement in exported.agreements:
        click.echo(f"  ✓ {agreement.description}")
    for left_out in exported.left_out:
        click.echo(f"  ! {left_out}")
    click.echo(f"{kind} of the model of {name} → {target}")


def _require_other_file(target: Path, inputs: list[Path]) -> None:
    """Raise ``ExportError`` if the target is a folder, or the model or rows that are read."""
    if target.is_dir():
        raise ExportError(f"{target}: expected a file, found a folder. Name a file in it.")
    if target.exists() and any(one.exists() and target.samefile(one) for one in inputs):
        raise ExportError(f"{target}: would overwrite its own input. Name another output.")
