"""Tables and figure of effects: steps, references, dashes for what cannot be told."""

from dataclasses import replace

import numpy as np
import pytest

from lr_pipeline.evaluation.effects.effects import (
    ColumnEffect,
    Effects,
    FeatureEffects,
    KernelAgreement,
)
from lr_pipeline.evaluation.effects.joint_tests import JointTest
from lr_pipeline.evaluation.effects.moving_together import MovingGroup
from lr_pipeline.report.canvas import picture
from lr_pipeline.report.effects_view import (
    agreement_lines,
    effects_table,
    group_lines,
    inflation_line,
    step_text,
)
from lr_pipeline.report.forest_figure import forest_plot

AGE = ColumnEffect(
    "age", "", "number", np.log(1.2) / 10, 10.0, 12.0, 0.004, (0.01, 0.0265), 0.0001, 1.1, 0.04,
    (0.02, 0.06),
)  # fmt: skip
LEVELS = tuple(
    ColumnEffect(
        f"city={one}", one, "level", 0.5, 1.0, 0.4, 0.2, (0.1, 0.9), 0.01, 1.0, 0.1, (0.02, 0.18)
    )
    for one in ("Oslo", "Rome")
)
TIED = ColumnEffect(
    "charge", "", "number", 812.0, 1.0, 2.0, withheld="moves together with other columns"
)
FEATURES = (
    FeatureEffects("age", "number", (AGE,)),
    FeatureEffects("city", "category", LEVELS, "Bern", JointTest(9.0, 2, 0.011, "Wald")),
    FeatureEffects("charge", "number", (TIED,)),
)
EFFECTS = Effects("numpy_model", "Logistic", -1.0, FEATURES, "all training rows")


def test_a_row_says_its_step_or_its_reference():
    """Numbers are told per step, levels against the reference, with a joint test before them."""
    table = effects_table(EFFECTS)
    assert table.headings == ("Change", "Odds ratio (95 %)", "p-value", "Points of probability")
    age, city, oslo, _, charge = table.rows
    assert age == ("age, per 10", "1.20 (1.11 to 1.30)", "< 0.001", "+4.0 (+2.0 to +6.0)")
    assert city == ("city, against Bern", "", "0.011 (joint, 2 df)", "")
    assert oslo[:2] == ("city = Oslo", "1.65 (1.11 to 2.46)")
    assert charge[0] == "charge, per 1"
    assert charge[1]["text"] == "– moves together with other columns"
    assert "812" not in str(charge)


@pytest.mark.parametrize(
    ("points", "text"), [(0.0083, "+0.83"), (-0.0083, "−0.83"), (0.04, "+4.0")]
)
def test_points_without_an_interval_have_their_sign(points, text):
    """Small and large changes are written alike."""
    age = replace(AGE, points=points, points_interval=None)
    features = (FeatureEffects("age", "number", (age,)),)
    table = effects_table(replace(EFFECTS, features=features))
    assert table.rows[0][-1] == text


def test_columns_that_say_mostly_what_others_say_are_counted():
    """The limit is the usual one, 10; columns without an estimate are told of elsewhere."""
    assert inflation_line(EFFECTS) == ""
    inflated = replace(AGE, variance_inflation=3831.6)
    features = (FeatureEffects("age", "number", (inflated,)), *FEATURES[1:])
    line = inflation_line(replace(EFFECTS, features=features))
    assert line.startswith("1 of 3 columns says mostly what others say too")
    assert "up to 3,832: age" in line


def test_where_models_differ_both_are_in_the_table():
    """The other model's odds ratio is for the same step."""
    other = ColumnEffect("x", "", "number", 1.0, 2.0, 1.0, others={"Torch": 0.5})
    effects = Effects("m", "M", 0.0, (FeatureEffects("x", "number", (other,)),), "all")
    table = effects_table(effects)
    assert table.headings == ("Change", "Odds ratio (95 %)", "Torch: odds ratio")
    assert table.rows == (("x, per 2", "7.39", "2.72"),)


@pytest.mark.parametrize(
    ("largest", "differ", "line"),
    [
        (2e-15, False, "no coefficient differs by more than 2.0 × 10⁻¹⁵ standard errors (age)."),
        (0.0, False, "A and B give the same numbers to the last bit, shown once."),
        (0.8, True, "A and B differ, so both are shown: 0.80 SE at age, far apart."),
        (None, True, "A and B differ, so both are shown: far apart."),
    ],
)
def test_agreement_is_one_line(largest, differ, line):
    """It says whether the numbers are the same, with the largest difference."""
    one = KernelAgreement("A", "B", "far apart", True, largest, "age", differ)
    (found,) = agreement_lines(Effects("m", "M", 0.0, (), "", (one,)))
    assert found.endswith(line)
    assert found.startswith("A and B")


def test_groups_are_listed_with_their_inflation_and_cut_where_long():
    """Exact combinations are said to be such; long sets are counted."""
    many = MovingGroup(tuple(f"c{k}" for k in range(12)), True)
    lines = group_lines([MovingGroup(("minutes", "charge"), False, 1.2e7), many])
    assert lines[0] == "minutes, charge (variance inflation up to 1.2 × 10⁷)"
    assert lines[1].startswith("c0, c1,")
    assert "and 4 more (one is a combination of the others, to rounding)" in lines[1]
    assert group_lines([many] * 9)[-1] == "and 3 more sets of columns"


@pytest.mark.parametrize(("step", "text"), [(0.05, "0.05"), (20.0, "20"), (50_000.0, "50,000")])
def test_steps_are_short(step, text):
    """A step has one digit."""
    assert step_text(step) == text


def test_the_forest_plot_has_the_odds_ratios_of_the_table():
    """Points are β · step on a logarithmic axis; what cannot be told is not drawn."""
    figure = forest_plot(EFFECTS, 1)
    (axes,) = figure.axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["age, per 10", "city = Oslo", "city = Rome"]
    points = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert points == pytest.approx([np.log(1.2), 0.5, 0.5])
    ticks = {
        label.get_text(): at
        for at, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
    }
    assert ticks["2"] == pytest.approx(np.log(2.0))
    assert picture(figure)


@pytest.mark.parametrize("size", [1e-9, 1e-3, 0.4, 30.0, 5_000.0])
def test_the_axis_of_the_forest_plot_has_few_labels_for_effects_of_any_size(size):
    """Tiny and huge odds ratios, and intervals without an end, have two to eight ticks."""
    columns = tuple(
        ColumnEffect(f"x{k}", "", "number", size * (k - 3), 1.0, 1.0, interval=(-np.inf, size * k))
        for k in range(8)
    )
    effects = Effects(
        "m", "M", 0.0, tuple(FeatureEffects(c.name, "number", (c,)) for c in columns), ""
    )
    figure = forest_plot(effects, 0)
    shown = figure.axes[0].get_xticklabels()
    assert 1 <= len(shown) <= 8
    assert picture(figure)


def test_a_thousand_levels_are_cut_and_counted():
    """The table has 200 columns; the figure the 25 largest, which its title says."""
    levels = tuple(ColumnEffect(f"c={k}", f"{k}", "level", 0.01 * k, 1.0, 0.1) for k in range(1000))
    effects = Effects("m", "M", 0.0, (FeatureEffects("c", "category", levels, "z"),), "")
    table = effects_table(effects)
    assert (len(table.rows), table.left_out) == (201, 800)
    figure = forest_plot(effects, 0)
    assert "25 largest of 1000 effects" in figure.texts[0].get_text()


@pytest.mark.parametrize("name", ["$\\frac$", "_hidden", "<b>", "长" * 40, "W" * 40, "\x00"])
def test_names_of_any_kind_fit_left_of_the_odds_ratios(name):
    """Hostile and long names are drawn as text, inside the picture, below its title."""
    column = ColumnEffect(name, "", "number", 1.0, 1.0, 1.0)
    feature = FeatureEffects(name, "number", (column,))
    figure = forest_plot(Effects("m", "M", 0.0, (feature,) * 3, ""), 0)
    assert picture(figure)
    for label in figure.axes[0].get_yticklabels():
        assert label.get_window_extent().x0 >= 0
    assert figure.texts[0].get_window_extent().y0 >= figure.axes[0].get_window_extent().y1
