"""The simulation of separated tables."""

from functools import partial

import numpy as np

from benchmarks.separated import HEADERS, KINDS, PENALTIES, Kind, lines, normals, simulate

SMALL = Kind("2 columns", 15, (2.0, 0.0), partial(normals, d=2))


def test_the_same_tables_are_drawn_each_time():
    """Everything is equal: the outcomes, and the agreement of the random starts."""
    assert list(simulate(SMALL, 2)) == list(simulate(SMALL, 2))


def test_a_line_has_a_cell_for_each_heading():
    """There is a line for each penalty, for tables with one minimum and with several."""
    found = list(lines(SMALL, list(simulate(SMALL, 2))))
    assert {line[2] for line in found} == set(PENALTIES)
    assert all(len(line) == len(HEADERS) for line in found)


def test_the_shape_of_each_kind_is_that_of_its_coefficients():
    """The columns, except dummies, have standard deviations of the order of 1."""
    for kind in KINDS:
        X = kind.draw(np.random.default_rng(0), 400)
        assert X.shape == (400, len(kind.beta))
        assert X.std(axis=0).min() > 0.2
        assert X.std(axis=0).max() < 3.0
