"""The parabola's paths, compared with the tutorial's numbers and the closed form."""

from math import ceil, inf, log, sqrt
from sys import float_info

import numpy as np
import pytest

from lr_pipeline.studies.descent import Parabola, descend, gradient_descent_study, path_verdict
from lr_pipeline.studies.descent_figures import draw_distances, draw_paths


@pytest.fixture(scope="module")
def study():
    """Return the study with the tutorial's learning rates."""
    return gradient_descent_study()


def tutorial_loop(eta: float, n_iters: int = 10_000) -> list[float]:
    """Iterate with Python floats alone, which raise an error when they overflow."""

    def loss(theta: float) -> float:
        try:
            return (theta - 2.5) ** 2 - 1
        except OverflowError:
            return inf

    history = [0.0]
    for _ in range(n_iters):
        history.append(history[-1] - eta * (2 * (history[-1] - 2.5)))
        if abs(loss(history[-1]) - loss(history[-2])) < 1e-8:
            break
    return history


def test_the_tutorials_figures_are_reproduced_exactly(study) -> None:
    """The lengths of the six paths agree, and the end of the first to the last digit."""
    paths = study.numbers["paths"]
    rates = [0.1, 0.01, 0.001, 0.8, 1.1, 1.1]
    assert [path["learning_rate"] for path in paths] == rates
    assert [path["points"] for path in paths] == [46, 424, 3682, 22, 10001, 11]
    assert paths[0]["theta"] == 2.499891109642585
    assert paths[0]["loss"] == -0.99999998814289


def test_verdicts_say_why(study) -> None:
    """The reason compares |1 − 2η| with 1."""
    found = [(path["verdict"], path["reason"]) for path in study.numbers["paths"]]
    assert [verdict for verdict, _ in found] == [
        *["converged"] * 3,
        "oscillating",
        *["diverging"] * 2,
    ]
    assert "|1 − 2η| = 0.8 < 1" in found[0][1]
    assert "|1 − 2η| = 0.6 < 1" in found[3][1]
    assert "|1 − 2η| = 1.2 > 1" in found[4][1]


@pytest.mark.parametrize("rate", [0.1, 0.003, 0.5, 0.77, 0.999, 1.0, 1.1])
def test_every_point_is_that_of_the_tutorials_loop(rate) -> None:
    """Points agree bit for bit, until the tutorial's loop overflows too."""
    path, expected = descend(rate, 10_000, 1e-8), tutorial_loop(rate)
    assert len(path.theta) == len(expected)
    finite = np.isfinite(expected)
    assert np.array_equal(path.theta[finite], np.array(expected)[finite])


@pytest.mark.parametrize("rate", [0.2, 0.9, 1.05])
def test_distances_are_powers_of_the_factor(rate) -> None:
    """The distance is |θ_k − 2.5| = 2.5 |1 − 2η|^k."""
    distances = np.abs(descend(rate, 20, 0.0).theta - 2.5)
    expected = 2.5 * np.abs(1 - 2 * rate) ** np.arange(21)
    np.testing.assert_allclose(distances, expected, atol=1e-13)


def test_overflow_counts_as_infinite(study) -> None:
    """The loss overflows where 2.5 · 1.2^k exceeds the root of the largest float64."""
    path = study.numbers["paths"][4]
    assert (path["theta"], path["loss"]) == (None, None)
    assert path["overflow_step"] == ceil(log(sqrt(float_info.max) / 2.5) / log(1.2))
    assert study.numbers["paths"][5]["overflow_step"] is None


@pytest.mark.parametrize(
    ("rate", "iterations", "verdict", "reason"),
    [
        (0.3, 1_000, "converged", "same side"),
        (0.5, 1_000, "converged", "one step lands on the minimum"),
        (0.7, 1_000, "oscillating", "other side"),
        (1.0, 1_000, "cycling", "looks like the end"),
        (1.0001, 1_000, "diverging", "> 1"),
        (1e300, 1_000, "diverging", "overflows at step 1"),
        (1e-5, 1_000, "unfinished", "1,000 steps with 98% of the way left"),
        (1e-10, 1_000, "unfinished", "changed by less than 1e-08 with 100% of the way left"),
        (0.9999, 100, "unfinished", "100 steps with 98% of the way left"),
    ],
)
def test_every_verdict_is_seen(rate, iterations, verdict, reason) -> None:
    """A stop by a large tolerance does not count as an arrival."""
    found, why = path_verdict(descend(rate, iterations, 1e-8), 1e-8)
    assert found == verdict
    assert reason in why


def test_the_last_permitted_step_may_meet_the_tolerance() -> None:
    """η = 0.1 needs 45 steps; with one fewer the path is cut short."""
    assert [descend(0.1, steps, 1e-8).stopped for steps in (44, 45, 46)] == [False, True, True]


def test_each_path_is_drawn_on_the_curve() -> None:
    """Each path has one panel with all its points; a diverging one only those in range."""
    paths = [descend(rate, 100, 1e-8) for rate in (0.1, 0.8, 1.1)]
    figure = draw_paths(paths, ["converged", "oscillating", "diverging"], Parabola(), 2.5)
    panels = figure.axes
    assert panels[0].get_title("left") == "η = 0.1: converged\n46 points"
    assert panels[1].get_title("left") == "η = 0.8: oscillating\n22 points"
    assert panels[2].get_title("left") == "η = 1.1: diverging\nfirst 12 of 101 points"
    for axes, path in zip(panels, paths, strict=True):
        curve, visited, start = axes.lines
        drawn = np.asarray(visited.get_xdata())
        assert np.array_equal(drawn, path.theta[: len(drawn)])
        for line in (curve, visited, start):
            x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
            np.testing.assert_allclose(y, x**2 - 5 * x + 5.25, atol=1e-9)


def test_distances_are_drawn_once_a_rate() -> None:
    """The short run of a diverging rate is part of the long one."""
    paths = [descend(1.1, 100, 1e-8), descend(1.1, 10, 1e-8)]
    (axes,) = draw_distances(paths, ["diverging"] * 2, 2.5).axes
    curve, start = axes.lines
    assert len(curve.get_xdata()) > 11
    assert start.get_ydata()[0] == 2.5


def test_other_rates_give_another_picture(study) -> None:
    """A reader's own list may have a single rate."""
    other = gradient_descent_study([0.3])
    assert [path["learning_rate"] for path in other.numbers["paths"]] == [0.3]
    assert other.pictures["paths"] != study.pictures["paths"]
    assert all(png.startswith(b"\x89PNG") for png in other.pictures.values())
