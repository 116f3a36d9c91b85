"""Gain and lift: how much of the positive rows the rows with highest scores hold."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lr_pipeline.evaluation.answers.lift import Lift
from lr_pipeline.evaluation.reliability.alike_models import AlikeModels
from lr_pipeline.report.canvas import legend_below, new_figure, plot_label, plot_style, series_style
from lr_pipeline.report.figures import REFERENCE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHARES = np.arange(1, 101) / 100


def lift_figure(lift: Lift, models: Sequence[AlikeModels], rows: str) -> "Figure":
    """Draw captured share above and lift below, against the share of rows by descending score."""
    lines = len(models) + 2
    with plot_style():
        figure = new_figure(height=5.2 + 0.2 * lines, bottom=0.47 + 0.195 * lines)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1.5, 1))
        best = [0.0, lift.prevalence, 1.0], [0.0, 1.0, 1.0]
        upper.plot(*best, label="perfect order", **(REFERENCE | {"linestyle": "solid"}))
        upper.plot([0, 1], [0, 1], label="no order", **REFERENCE)
        lower.axhline(1.0, **REFERENCE)
        for one in models:
            curve = lift.curves[one.model.name]
            style = series_style(one.place) | {"linewidth": 2.0}
            title = plot_label(one.model.title, 36)
            upper.plot(curve.flagged, curve.captured, label=title, clip_on=False, **style)
            lower.plot(SHARES, curve.at(SHARES) / SHARES, **style)
        upper.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="share of ones captured")
        lower.set(xlabel="share of rows, highest scores first", ylabel="lift")
        lower.set_ylim(bottom=0)
        upper.set_title(f"Gain and lift\n{rows}")
        legend_below(figure)
    return figure
