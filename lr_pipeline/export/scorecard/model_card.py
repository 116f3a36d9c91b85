"""The scorecard of a model as it is: its own coefficients in points."""

from lr_pipeline.export.score_plan import CategoryTerm, NumberTerm, ScorePlan, Switch, Term
from lr_pipeline.export.scorecard.card import (
    MISSING,
    OTHER,
    Attribute,
    CardColumn,
    Scorecard,
    rounded,
)
from lr_pipeline.models.point_scale import PointScale


def model_card(plan: ScorePlan, scale: PointScale, digits: int, title: str) -> Scorecard:
    """Return points that add up to those of z, before any recalibration.

    The base points are those of a row whose numbers are the training means and whose categories
    have their most frequent level. A number has points for each unit above its mean; a level, and a
    missing value, those of the difference it makes.
    """
    z = plan.intercept + sum(_switched_off(term) for term in plan.terms)
    columns = tuple(
        _number(term, scale, digits)
        if isinstance(term, NumberTerm)
        else _category(term, scale, digits)
        for term in plan.terms
    )
    notes = ["Points are those of the score before recalibration."] * (
        plan.decision.recalibration is not None
    )
    return Scorecard(title, scale, rounded(scale.points(z), digits), columns, digits, tuple(notes))


def _switched_off(term: Term) -> float:
    """Return what a column's indicators add where all are 0."""
    if isinstance(term, CategoryTerm):
        return sum(switch.off for switch in term.switches)
    return 0.0 if term.missing is None else term.missing.off


def _category(term: CategoryTerm, scale: PointScale, digits: int) -> CardColumn:
    """Return the points of the levels against the most frequent one."""
    levels = [(level.texts[0], level.switch) for level in term.levels]
    special = [(OTHER, term.other), (MISSING, term.missing)]
    steps = [(term.reference[0], 0.0), *((text, _step(switch)) for text, switch in levels)]
    steps += [(text, _step(switch)) for text, switch in special if switch is not None]
    return CardColumn(
        term.name, tuple(_attribute(text, step, scale, digits) for text, step in steps)
    )


def _number(term: NumberTerm, scale: PointScale, digits: int) -> CardColumn:
    """Return the points of a unit, unrounded, and those of a missing value."""
    unit = Attribute(
        f"each unit above {term.mean:.6g}",
        scale.factor * term.slope,
        term.slope,
        per_unit=True,
    )
    if term.missing is None:
        return CardColumn(term.name, (unit,))
    moved = (term.median - term.mean) * term.slope + _step(term.missing)
    return CardColumn(term.name, (unit, _attribute(MISSING, moved, scale, digits)))


def _step(switch: Switch) -> float:
    return switch.on - switch.off


def _attribute(text: str, log_odds: float, scale: PointScale, digits: int) -> Attribute:
    return Attribute(text, rounded(scale.factor * log_odds, digits), log_odds)
