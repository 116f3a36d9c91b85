"""What a model computes from a row, term by term, in a form that each export writes down."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa
import pyarrow.types as pt

from lr_pipeline.models.decision.decision import Decision
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.model_version import version_of
from lr_pipeline.tables.preparation.encoding import CategoryEncoding, NumberEncoding
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.values.column_values import plain_values
from lr_pipeline.tables.values.spelling import spelling_key


@dataclass(frozen=True)
class Switch:
    """What a design column of 0 and 1 adds to z: ``on`` where it is 1, else ``off``.

    on = (1 − m) w and off = (0 − m) w, in the arithmetic of the model, so that the sum has its
    bits.
    """

    on: float
    off: float


@dataclass(frozen=True)
class NumberTerm:
    """(x − ``mean``) · ``slope``, with x = ``median`` where missing; ``missing`` is its indicator.

    ``boolean``: the column holds true and false, which count as 1 and 0.
    """

    name: str
    median: float
    mean: float
    slope: float
    missing: Switch | None = None
    boolean: bool = False


@dataclass(frozen=True)
class LevelTerm:
    """A level's texts, which are its name and other spellings of it, and what it adds to z."""

    texts: tuple[str, ...]
    switch: Switch


@dataclass(frozen=True)
class CategoryTerm:
    """The levels' terms, then that of ``other`` texts and of ``missing`` ones, if they have one.

    Other texts are all but those of the levels and of the reference.
    """

    name: str
    levels: tuple[LevelTerm, ...]
    reference: tuple[str, ...]
    other: Switch | None = None
    missing: Switch | None = None

    @property
    def known(self) -> tuple[str, ...]:
        """The texts of the levels and of the reference."""
        return (*(text for level in self.levels for text in level.texts), *self.reference)

    @property
    def switches(self) -> tuple[Switch, ...]:
        """What each design column adds, in its order."""
        more = [one for one in (self.other, self.missing) if one is not None]
        return (*(level.switch for level in self.levels), *more)


Term: TypeAlias = NumberTerm | CategoryTerm


@dataclass(frozen=True)
class ScorePlan:
    """z = ``intercept`` + the terms from left to right; the decision makes p and the label of it.

    ``about``: where the model comes from, in lines.
    """

    intercept: float
    terms: tuple[Term, ...]
    decision: Decision
    about: tuple[str, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the columns that are read."""
        return tuple(term.name for term in self.terms)

    def unused(self, name: str) -> str:
        """Return the name, with as many underscores as make it no feature's, in any case."""
        taken = {feature.casefold() for feature in self.features}
        while name.casefold() in taken:
            name += "_"
        return name


def plan_score(model: LogisticModel, tables: Iterable[Table] = ()) -> ScorePlan:
    """Return the plan of a model.

    ``tables``: stored rows; a text in them that is another spelling of a level becomes one of its
    texts, and a column of booleans in them is one. Exports compare texts exactly, so that they know
    these spellings and no others.
    """
    tables = list(tables)
    spellings = found_spellings(model, tables)
    booleans = {
        field.name for table in tables for field in table.schema if pt.is_boolean(field.type)
    }
    predictor = model.predictor
    means, slopes = predictor.center.tolist(), predictor.parameters[1:].tolist()
    terms: list[Term] = []
    start = 0
    for encoding in model.preparation.encodings:
        stop = start + len(encoding.columns)
        columns = list(zip(means[start:stop], slopes[start:stop], strict=True))
        if isinstance(encoding, NumberEncoding):
            terms.append(_number(encoding, columns, encoding.name in booleans))
        else:
            terms.append(_category(encoding, columns, spellings.get(encoding.name, {})))
        start = stop
    return ScorePlan(
        float(predictor.parameters[0]) + 0.0, tuple(terms), model.decision, _about(model)
    )


def _number(
    encoding: NumberEncoding, columns: list[tuple[float, float]], boolean: bool
) -> NumberTerm:
    (mean, slope), *indicator = columns
    missing = _switch(indicator[0]) if indicator else None
    return NumberTerm(encoding.name, encoding.median, mean, slope, missing, boolean)


def _category(
    encoding: CategoryEncoding,
    columns: list[tuple[float, float]],
    spellings: Mapping[str, tuple[str, ...]],
) -> CategoryTerm:
    switches = [_switch(one) for one in columns]
    missing = switches.pop() if encoding.marks_missing else None
    other = switches.pop() if encoding.pooled else None
    levels = tuple(
        LevelTerm((level, *spellings.get(level, ())), switch)
        for level, switch in zip(encoding.levels, switches, strict=True)
    )
    reference = (encoding.reference, *spellings.get(encoding.reference, ()))
    return CategoryTerm(encoding.name, levels, reference, other, missing)


def _switch(column: tuple[float, float]) -> Switch:
    mean, slope = column
    return Switch(on=(1.0 - mean) * slope, off=(0.0 - mean) * slope)


def found_spellings(
    model: LogisticModel, tables: Iterable[Table]
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return category → level → its other spellings that occur in the tables."""
    encodings = {
        one.name: one for one in model.preparation.encodings if isinstance(one, CategoryEncoding)
    }
    found: dict[str, set[str]] = {name: set() for name in encodings}
    for table in tables if encodings else ():
        columns = [name for name in table.schema.names if name in encodings]
        for batch in table.blocks(columns=columns):
            for name in columns:
                found[name].update(_distinct(batch.column(name)))
    return {name: _by_level(encodings[name], texts) for name, texts in found.items()}


def _distinct(column: pa.Array) -> list[str]:
    return [text for text in plain_values(column).unique().to_pylist() if text is not None]


def _by_level(encoding: CategoryEncoding, texts: set[str]) -> dict[str, tuple[str, ...]]:
    names = (*encoding.levels, encoding.reference, *encoding.pooled)
    keys = {spelling_key(name): name for name in reversed(names)}
    spelled: dict[str, list[str]] = {}
    for text in sorted(texts - set(names)):
        if (level := keys.get(spelling_key(text))) is not None:
            spelled.setdefault(level, []).append(text)
    return {level: tuple(others) for level, others in spelled.items()}


def _about(model: LogisticModel) -> tuple[str, ...]:
    decision = model.decision
    recalibration = decision.recalibration
    return (
        f"Probability that {model.target!r} is {model.positive!r}, by logistic regression.",
        f"Model {version_of(model)} of lr_pipeline {model.versions.get('lr-pipeline', '')}, "
        f"trained on {model.train_rows:,} rows (fingerprint {model.train_fingerprint[:12]}).",
        f"Objective: {model.fit.penalty.name if not model.fit.penalty.adds_nothing else 'none'} "
        "penalty; the score z is "
        + (
            "not recalibrated."
            if recalibration is None
            else f"recalibrated ({recalibration.description})."
        ),
        f"Label 1 where the probability is above {decision.threshold!r} ({decision.rule}).",
    )
