"""Figures of calibration, threshold and lift show what was computed, legibly."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.evaluation.findings import Findings, HeldOutRows, ModelSection
from lr_pipeline.evaluation.model_results import model_results
from lr_pipeline.report.answers_section import answers_context, calibration_figure, per_thousand
from lr_pipeline.report.canvas import SERIES, picture
from lr_pipeline.report.decision_figure import decision_figure
from lr_pipeline.report.lift_figure import lift_figure


def evaluated(n: int = 300, scale: float = 1.0, names: tuple[str, ...] = ("line", "logistic")):
    """Return findings and results of a linear and a logistic model."""
    rng = np.random.default_rng(0)
    z = scale * rng.normal(size=n)
    y = (rng.random(n) < sigmoid(z)).astype(float)
    models = [
        ModelSection(names[0], names[0], 0.5 + 0.4 * z),
        ModelSection(names[1], names[1], sigmoid(z), z),
    ]
    findings = Findings(HeldOutRows(y, 0.5), models)
    return findings, model_results(findings)


@pytest.fixture(scope="module")
def both():
    """Return findings and results."""
    return evaluated()


def figures(findings, results):
    """Return the three figures."""
    found = results.answers
    return [
        calibration_figure(findings.held_out, results),
        decision_figure(found.curves, 0.5, "n = 300 rows"),
        lift_figure(found.lift, found.alike, "n = 300 rows"),
    ]


def test_reliability_draws_every_bin_with_its_interval(both) -> None:
    """Points and bars are those of the bins, a colour for each model; the band is the line's."""
    figure, found = figures(*both)[0], both[1].answers.reliability
    axes = figure.axes[0]
    assert len(axes.containers) == 2
    for container, one in zip(axes.containers, found, strict=True):
        points, _, (bars,) = container.lines
        np.testing.assert_array_equal(points.get_xdata(), [b.mean_prediction for b in one.bins])
        np.testing.assert_array_equal(points.get_ydata(), [b.observed_share for b in one.bins])
        ends = np.array([segment[:, 1] for segment in bars.get_segments()])
        np.testing.assert_allclose(ends, [(b.lower, b.upper) for b in one.bins], atol=1e-15)
    assert len({container.lines[0].get_color() for container in axes.containers}) == 2
    assert "n = 300 rows" in axes.get_title(loc="left")


def test_the_histogram_holds_every_row(both) -> None:
    """The bars up count the ones, the bars down the zeros."""
    labels = both[0].held_out.labels
    up, down = (patch.get_data().values for patch in figures(*both)[0].axes[1].patches)
    assert (up.sum(), -down.sum()) == (labels.sum(), 300 - labels.sum())


def test_rare_events_fill_the_picture() -> None:
    """Axes end a little beyond the predictions, and bars are as narrow; all rows are in them."""
    rng = np.random.default_rng(1)
    z = rng.normal(-5, 1, 4_000)
    y = (rng.random(4_000) < sigmoid(z)).astype(float)
    findings = Findings(HeldOutRows(y, 0.01), [ModelSection("rare", "rare", sigmoid(z), z)])
    reliability, decision, _ = figures(findings, model_results(findings))
    assert reliability.axes[0].get_ylim()[1] < 0.5
    up, down = (patch.get_data().values for patch in reliability.axes[1].patches)
    low, _, high = (
        int(t.get_text().replace(",", "")) for t in reliability.axes[1].get_yticklabels()
    )
    assert high * 10 < low == up.max() == -down.min()  # few ones are as high as many zeros
    assert (up.sum() * high / low, -down.sum()) == (pytest.approx(y.sum()), 4_000 - y.sum())
    assert len(np.flatnonzero(down)) > 5
    assert decision.axes[0].get_xlim()[1] < 0.5
    assert "further right" in decision.legends[0].get_texts()[-1].get_text()


def test_legends_lie_below_the_axes_and_inside_the_figure(both) -> None:
    """The names have any length."""
    long = evaluated(names=("l" * 300, "患者" * 60))
    for figure in [*figures(*both), *figures(*long)]:
        picture(figure)
        legend = figure.legends[0].get_window_extent()
        assert 0 <= legend.y0 < legend.y1
        assert legend.y1 <= min(axes.get_tightbbox().y0 for axes in figure.axes)
        assert legend.x1 <= figure.bbox.x1


def test_the_templates_are_given_every_model_once(both) -> None:
    """The line has no calibration line, and says why; alike models would be one row."""
    context = answers_context(*both)
    assert [row[0] for row in context["calibration"]["rows"]] == ["line", "logistic"]
    assert context["calibration"]["gaps"] == ["line: predictions outside (0, 1)"]
    assert len(context["lift"]["rows"]) == 10
    assert context["threshold"]["number"] == "0.5000"[:5]


@pytest.mark.parametrize(
    ("rows", "text"), [(312.4, "312"), (45.23, "45"), (4.523, "4.5"), (0.3123, "0.31")]
)
def test_rows_of_a_thousand_are_short(rows, text) -> None:
    """Two digits, or no decimals: a test set of hundreds tells no more."""
    assert per_thousand(rows) == text


def test_classes_have_no_colour_of_a_model(both) -> None:
    """The bars of ones and zeros are grey and differ: each colour means one model."""
    bars = [patch.get_facecolor() for patch in figures(*both)[0].axes[1].patches]
    assert len(set(bars)) == len(bars) == 2
    assert not set(bars) & set(map(to_rgba, SERIES))


def test_the_names_of_axes_are_inside_the_figure_beside_counts_of_any_size() -> None:
    """Labels of axes are not cut where numbers beside them are long."""
    rng = np.random.default_rng(2)
    z = rng.normal(-6, 1, 60_000)
    y = (rng.random(60_000) < sigmoid(z)).astype(float)
    rare = Findings(HeldOutRows(y, 0.004), [ModelSection("rare", "rare", sigmoid(z), z)])
    for given in (evaluated(), (rare, model_results(rare))):
        for figure in figures(*given):
            picture(figure)
            assert min(axes.get_tightbbox().x0 for axes in figure.axes) >= 0
