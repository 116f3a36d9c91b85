"""The figure of one comparison: the shares of training and of new rows in each cell."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lr_pipeline.report.canvas import SERIES, new_figure, plot_label, plot_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRAINING, NEW = SERIES[2], SERIES[1]
BAR = 0.38


def drift_bars(one: Mapping[str, Any], title: str) -> "Figure":
    """Draw two bars for each cell: its share of the training rows, and of the new ones."""
    labels, before, after = zip(*one["cells"], strict=True)
    places = np.arange(len(labels))
    with plot_style():
        figure = new_figure(0.85 + 0.26 * len(labels), left=1.55)
        axes = figure.subplots()
        axes.barh(places - BAR / 2, np.multiply(before, 100), BAR, color=TRAINING, label="training")
        axes.barh(places + BAR / 2, np.multiply(after, 100), BAR, color=NEW, label="new rows")
        axes.set_yticks(places, [plot_label(label, 24) for label in labels])
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set(xlabel="% of the rows with a value", title=plot_label(title))
        axes.legend(loc="best", handlelength=1)
    return figure
