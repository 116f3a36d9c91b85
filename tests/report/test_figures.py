import subprocess
import sys

import numpy as np
import pytest

from lr_pipeline.core.solvers.result import TracePoint
from lr_pipeline.evaluation.curves import rank_curves
from lr_pipeline.evaluation.intervals.interval import Interval
from lr_pipeline.report.canvas import picture
from lr_pipeline.report.figures import (
    precision_recall_curves,
    roc_curves,
)
from lr_pipeline.report.loss_figure import loss_curve


@pytest.fixture
def labels():
    """Return sixty labels with both values."""
    return (np.random.default_rng(7).uniform(size=60) < 0.4).astype(float)


@pytest.fixture
def scores(labels):
    """Return scores of four models; the last two coincide exactly."""
    rng = np.random.default_rng(8)
    fitted = labels + rng.normal(size=60)
    return {
        "linear": labels + 2 * rng.normal(size=60),
        "other": rng.normal(size=60),
        "numpy": fitted,
        "torch": fitted.copy(),
    }


def data(line):
    """Return a line's points as two arrays."""
    return np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)


def title_of(figure):
    """Return the title of the uppermost axes."""
    return figure.axes[0].get_title(loc="left")


def legend_texts(figure):
    """Return the texts of the figure's legend."""
    return [text.get_text() for text in figure.legends[0].get_texts()]


def curves_of(labels, scores):
    """Return the curves of each model."""
    return {title: rank_curves(labels, score) for title, score in scores.items()}


def classes_of(labels):
    """Return how many labels are 0 and 1."""
    return len(labels) - int(labels.sum()), int(labels.sum())


def test_rank_curves_are_drawn_as_they_are_given(labels, scores):
    """Each line holds the points of its curve, its legend the area under it."""
    curves, classes = curves_of(labels, scores), classes_of(labels)
    roc = roc_curves(curves, classes)
    for line, (title, curve) in zip(roc.axes[0].lines, curves.items(), strict=False):
        expected = (curve.false_positive_rate, curve.true_positive_rate)
        np.testing.assert_array_equal(data(line), expected)
        assert f"{curve.roc_auc:.4f}  {title}" in legend_texts(roc)
    figure = precision_recall_curves(curves, classes)
    *lines, reference = figure.axes[0].lines
    for line, (title, curve) in zip(lines, curves.items(), strict=True):
        np.testing.assert_array_equal(data(line), (curve.recall, curve.precision))
        assert line.get_drawstyle() == "steps-post"
        assert f"{curve.average_precision:.4f}  {title}" in legend_texts(figure)
    np.testing.assert_array_equal(data(reference)[1], labels.mean())


def test_legends_have_the_intervals_of_the_table(labels, scores):
    """Areas have the digits that their interval justifies; one without has four decimals."""
    curves, classes = curves_of(labels, scores), classes_of(labels)
    areas = {"numpy": Interval(0.6104, 0.8507)}
    for figure, attribute in (
        (roc_curves(curves, classes, areas), "roc_auc"),
        (precision_recall_curves(curves, classes, areas), "average_precision"),
    ):
        value = getattr(curves["numpy"], attribute)
        assert f"{value:.2f} (0.61 to 0.85)  numpy" in legend_texts(figure)
        assert f"{getattr(curves['other'], attribute):.4f}  other" in legend_texts(figure)
        assert figure.legends[0].get_title().get_text().endswith("(95 % interval)")


def test_curves_that_coincide_are_all_visible(labels, scores):
    """Later curves are narrower and lie above; no two share colour or dashes and width."""
    *lines, _ = roc_curves(curves_of(labels, scores), classes_of(labels)).axes[0].lines
    widths = [line.get_linewidth() for line in lines]
    assert widths[0] > widths[1] > widths[2]
    assert [line.get_zorder() for line in lines] == sorted(line.get_zorder() for line in lines)
    assert len({line.get_color() for line in lines}) == len(lines)
    assert len({(line._dash_pattern[1] is None, line.get_linewidth()) for line in lines[:3]}) == 3


def test_figures_on_the_test_set_state_its_size(labels, scores):
    """The title holds n and the size of each class."""
    ones = int(labels.sum())
    expected = f"n = 60: {ones} ones, {60 - ones} zeros"
    assert expected in title_of(roc_curves(curves_of(labels, scores), classes_of(labels)))
    assert expected in title_of(
        precision_recall_curves(curves_of(labels, scores), classes_of(labels))
    )


def test_the_legend_never_covers_the_curves(labels, scores):
    """The legend's box lies below the axes and inside the figure."""
    for figure in (
        roc_curves(curves_of(labels, scores), classes_of(labels)),
        precision_recall_curves(curves_of(labels, scores), classes_of(labels)),
    ):
        picture(figure)
        legend = figure.legends[0].get_window_extent()
        lowest_axes = min(axes.get_tightbbox().y0 for axes in figure.axes)
        assert 0 <= legend.y0 < legend.y1 <= lowest_axes
        assert legend.x1 <= figure.bbox.x1


def test_loss_curve_draws_objective_and_gradient_norm():
    """The trace's own points, the gradient norm on a logarithmic axis."""
    trace = tuple(TracePoint(i, 0.3 + 0.4 * 0.5**i, 0.1**i, 1.0) for i in range(9))
    upper, lower = loss_curve(trace, "model").axes
    np.testing.assert_array_equal(data(upper.lines[0])[1], [point.value for point in trace])
    np.testing.assert_array_equal(data(lower.lines[0])[1], [p.gradient_norm for p in trace])
    assert (upper.get_yscale(), lower.get_yscale()) == ("linear", "log")


def test_loss_curve_of_an_objective_that_hardly_moves_can_be_read():
    """It is drawn above its least value, with the power of ten in the label and no offset."""
    values = [0.4229305612 + 1e-13 * k for k in (10, 2, 0)]
    trace = tuple(TracePoint(i, value, 1e-13, 1.0) for i, value in enumerate(values))
    figure = loss_curve(trace, "model")
    upper, lower = figure.axes
    assert upper.get_ylabel() == "objective − 0.422931\nin units of 10⁻¹³"
    assert lower.get_ylabel() == "gradient norm\nin units of 10⁻¹³"
    np.testing.assert_allclose(data(upper.lines[0])[1], [1e-12, 2e-13, 0], atol=1e-16)
    assert picture(figure)
    for axes in (upper, lower):
        assert axes.yaxis.get_offset_text().get_text() == ""
    assert "10" in [upper.yaxis.get_major_formatter()(tick) for tick in upper.get_yticks()]
    rounding = [TracePoint(i, 0.4 + 1e-16 * (i % 2), 1e-13, 1.0) for i in range(4)]
    flat = loss_curve(rounding, "model").axes[0]
    assert (set(data(flat.lines[0])[1]), flat.get_ylabel()) == ({0.4}, "objective (mean)")
    below = [TracePoint(i, -2 + 1e-5 * i, 1e-3, 1.0) for i in range(4)]
    assert loss_curve(below, "model").axes[0].get_ylabel().startswith("objective − (−2.00000)")


def test_loss_curve_numbers_long_runs_with_separators():
    """The format is that of the reports' text."""
    trace = tuple(TracePoint(1_000 * i, 0.7 - 0.01 * i, 0.5**i, 1.0) for i in range(9))
    lower = loss_curve(trace, "model").axes[1]
    assert "3,000" in [lower.xaxis.get_major_formatter()(tick) for tick in lower.get_xticks()]


def test_loss_curve_of_a_diverging_descent_counts_what_it_cannot_draw():
    """Infinite and absurdly large points are left out and counted in the title."""
    values = [0.7, 7e5, 7e80, 7e200, float("inf"), float("nan")]
    trace = tuple(TracePoint(i, value, 1.0 + i, 1.0) for i, value in enumerate(values))
    figure = loss_curve(trace, "model")
    assert picture(figure)
    np.testing.assert_array_equal(data(figure.axes[0].lines[0])[0], [0, 1, 2])
    assert "recorded iterations: 6, 3 beyond 10¹⁰⁰" in title_of(figure)


@pytest.mark.parametrize(
    "points", [[(0.7, 0.1)], [(-0.3, 0.1), (-0.4, 0.0)], [(0.7, 0.0), (0.7, 0.0)]]
)
def test_loss_curve_draws_traces_no_logarithm_can_show(points):
    """One point, a negative objective, a gradient that is exactly zero: still a picture."""
    trace = tuple(TracePoint(i, value, norm, 1.0) for i, (value, norm) in enumerate(points))
    assert picture(loss_curve(trace, "model"))


def test_figures_never_load_pyplot():
    """It would keep every figure alive and choose a backend for the whole process."""
    code = (
        "import sys, numpy as np; from lr_pipeline.report import canvas, figures;"
        "from lr_pipeline.evaluation.curves import rank_curves;"
        "assert 'matplotlib' not in sys.modules;"
        "y = np.array([0.0, 1.0, 1.0]); curves = {'m': rank_curves(y, y)};"
        "canvas.picture(figures.roc_curves(curves, (1, 2)));"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
