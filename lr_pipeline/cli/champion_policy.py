"""The option that says what a new model must show to take the champion's place."""

from math import isfinite
from typing import Any

import click

METRICS = ("log_loss", "roc_auc")  # those of lifecycle.challenge, which takes a while to import


class PolicyType(click.ParamType):  # type: ignore[type-arg]  # not generic before 8.2
    """A metric, or a metric and a margin; the value is the Launchpad's configuration."""

    name = "metric[:margin]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, object]:
        """Return the aim, the metric, and the margin if there is one."""
        if isinstance(value, dict):
            return value
        metric, colon, text = str(value).partition(":")
        try:
            margin = float(text) if colon else 0.0
        except ValueError:
            margin = -1.0
        if metric not in METRICS or (colon and not (isfinite(margin) and margin > 0)):
            self.fail(
                "expected log_loss or roc_auc, or one of them with a margin above 0 such as "
                f"roc_auc:0.01, found {str(value)!r}",
                param,
                ctx,
            )
        if not colon:
            return {"aim": "superiority", "metric": metric}
        return {"aim": "non-inferiority", "metric": metric, "margin": margin}
