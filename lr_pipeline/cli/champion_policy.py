"""The option that says what a new model must show to take the champion's place."""

from math import isfinite

import click

METRICS = ("log_loss", "roc_auc")  # those of lifecycle.challenge, which takes a while to import


def champion_policy(text: str) -> dict[str, object]:
    """Return the Launchpad's configuration of a metric, or of a metric and a margin.

    Raises
    ------
    BadParameter
        There is no such metric, or the margin is not above 0.
    """
    metric, colon, margin = text.partition(":")
    if metric in METRICS and not colon:
        return {"aim": "superiority", "metric": metric}
    try:
        number = float(margin)
    except ValueError:
        number = 0.0
    if metric not in METRICS or not (isfinite(number) and number > 0):
        raise click.BadParameter(
            "expected log_loss or roc_auc, or one of them with a margin above 0 such as "
            f"roc_auc:0.01, found {text!r}"
        )
    return {"aim": "non-inferiority", "metric": metric, "margin": number}
