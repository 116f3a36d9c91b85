"""The verb ``scorecard``: a model as points."""

from pathlib import Path

import click

from lr_pipeline.cli.failure import fail
from lr_pipeline.cli.remedies import in_options
from lr_pipeline.cli.table_options import ANYWAY_HELP, HOME_HELP
from lr_pipeline.export.export_error import ExportError
from lr_pipeline.export.score_plan import plan_score
from lr_pipeline.export.scorecard.card import Scorecard
from lr_pipeline.export.scorecard.card_files import card_file, card_text
from lr_pipeline.export.scorecard.model_card import model_card
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.model_version import version_of
from lr_pipeline.models.point_scale import PointScale
from lr_pipeline.orchestration.instance.model_choice import find_model
from lr_pipeline.orchestration.instance.stored_rows import stored_rows
from lr_pipeline.storage.atomic import replaced_file


@click.command()
@click.argument("name", metavar="TABLE")
@click.option("--base", type=float, default=600.0, show_default=True, help="Points at --odds.")
@click.option(
    "--odds",
    type=float,
    default=50.0,
    show_default=True,
    help="Odds to 1 of the target's positive value at the base; with --falling, of the other one.",
)
@click.option(
    "--pdo", type=float, default=20.0, show_default=True, help="Points that double the odds."
)
@click.option(
    "--falling", is_flag=True, help="Points fall as the probability rises: where the yes is bad."
)
@click.option(
    "--bins",
    type=click.IntRange(2, 20),
    help="Fit a card of at most this many bins a number, with weight of evidence, to the training "
    "rows [default: the model's own coefficients].",
)
@click.option(
    "--digits", type=click.IntRange(0, 6), default=0, show_default=True, help="Decimals of points."
)
@click.option(
    "--output",
    type=click.Path(),
    help="CSV, JSON, HTML or TXT file, by its suffix [default: print].",
)
@click.option("--anyway", is_flag=True, help=ANYWAY_HELP)
@click.option("--home", type=click.Path(), help=HOME_HELP)
def scorecard(
    name: str,
    base: float,
    odds: float,
    pdo: float,
    falling: bool,
    bins: int | None,
    digits: int,
    output: str | None,
    anyway: bool,
    home: str | None,
) -> None:
    """Show the current model of TABLE as a scorecard: points that a person can add up.

    \b
    lr-pipeline scorecard churn --base 600 --odds 50 --pdo 20 --bins 6
    """
    try:
        scale = PointScale(base, odds, pdo, not falling)
    except ValueError as error:
        fail(error)
    chosen = find_model(name, home, anyway)
    card = _card(chosen.model, name, home, scale, bins, digits)
    if output is not None:
        target = Path(output)
        text = card_file(card, target.suffix)
        target.parent.mkdir(parents=True, exist_ok=True)
        with replaced_file(target) as partial:
            partial.write_text(text, encoding="utf-8")
    for check in chosen.failed_checks:
        click.echo(f"  ! a check of the model's run failed: {in_options(check)}", err=True)
    if output is None:
        click.echo(card_text(card), nl=False)
        return
    for note in card.notes:
        click.echo(f"  {note}")
    click.echo(f"scorecard of {name} → {output}")


def _card(
    model: LogisticModel,
    name: str,
    home: str | None,
    scale: PointScale,
    bins: int | None,
    digits: int,
) -> Scorecard:
    title = f"{model.target} = {model.positive}: scorecard of model {version_of(model)}"
    if bins is None:
        return model_card(plan_score(model), scale, digits, title)
    from lr_pipeline.export.scorecard.binned_card import binned_score

    train, test = stored_rows(name, home)
    if train is None:
        raise ExportError(
            f"--bins needs the stored training rows of {name}, found none. Name a table that was "
            "run here, or leave --bins out."
        )
    if train.fingerprint != model.train_fingerprint:
        raise ExportError(
            f"{name} was trained on other rows than those that are stored now, and bins are made "
            "of training rows. Run the table again."
        )
    title = f"{model.target} = {model.positive}: scorecard of at most {bins} bins a number"
    return binned_score(model, train, test, scale, bins, digits, title).card
