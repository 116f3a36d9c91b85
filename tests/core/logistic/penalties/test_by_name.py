"""Penalties by the names that options use."""

import pytest

from lr_pipeline.core.logistic.penalties.by_name import AUTO, PENALTIES, penalty_choice
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.logistic.penalties.log_f import LogF
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.penalties.ridge import Ridge


@pytest.mark.parametrize(
    ("name", "penalty"),
    [
        ("none", NoPenalty()),
        ("l2", Ridge(1.0)),
        ("log-f", LogF(2.0)),
        ("firth", Firth(0.5)),
        ("auto", AUTO),
    ],
)
def test_a_name_alone_gives_the_default_strength(name, penalty) -> None:
    """The defaults are those that the documentation states."""
    assert penalty_choice(name, l2=None, log_f=None) == penalty


def test_a_strength_is_that_of_its_own_penalty() -> None:
    """A strength reaches its penalty, and a penalty of another strength is another value."""
    assert penalty_choice("l2", l2=3.0) == Ridge(3.0) != Ridge(1.0)
    assert penalty_choice("log-f", log_f=1.0) == LogF(1.0) != LogF(2.0)


def test_an_unknown_name_is_refused() -> None:
    """The message has the names that exist."""
    with pytest.raises(ValueError, match="one of none, l2, log-f, firth, auto, found 'l1'"):
        penalty_choice("l1")


def test_a_strength_that_would_do_nothing_is_refused() -> None:
    """The message has the penalty that has this strength."""
    with pytest.raises(ValueError, match="log_f= is the strength of penalty 'log-f', found"):
        penalty_choice("firth", log_f=2.0)


def test_every_penalty_shows_its_strengths_in_its_formula() -> None:
    """A reader of the formula can compute the objective again."""
    for kind in PENALTIES.values():
        penalty = kind(**dict.fromkeys(kind.strength_names, 7.25))
        assert penalty.formula.count("7.25") == len(kind.strength_names)
