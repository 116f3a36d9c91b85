"""A model as one SQL query that SQLite, DuckDB and PostgreSQL understand."""

import json

from lr_pipeline.core.limits import LARGEST_NUMBER
from lr_pipeline.export.export_error import ExportError
from lr_pipeline.export.score_plan import CategoryTerm, NumberTerm, ScorePlan, Switch
from lr_pipeline.models.decision.recalibration import Isotonic, Platt

LONGEST_NAME = 63  # bytes of a name in PostgreSQL, which cuts a longer one
# Beyond this size of z, exp(−|z|) is less than the least normal number, where PostgreSQL raises an
# error.
LARGEST_SCORE = 708.0
# SQLite and DuckDB nest an expression at most 1,000 deep; each added term nests.
TERMS_AT_ONCE = 400
RESULTS = ("probability", "label")
ROWS = '"new_rows"'  # the table that the query reads

NOTES = (
    "NULL and NaN are missing; so is a number beyond 1e100, which the model refuses.",
    "A text of white space in a column of numbers must be NULL. Texts are compared exactly, with",
    "the spellings that the stored rows have; collations that ignore case would find others.",
)


def sql_query(plan: ScorePlan) -> str:
    """Return a query over the table ``new_rows``: its columns, the score z, probability and label.

    The terms are added in the model's order, in double precision. Innermost is z, around it the
    probability, then the label; so each is written once.

    Raises
    ------
    ExportError
        A name or text contains the character NUL, which SQL forbids.
    """
    z, p, label = (quoted_name(plan.unused(f"lr_{name}")) for name in ("score", *RESULTS))
    scored = _scored(plan, z)
    threshold = number(plan.decision.threshold)
    return (
        f"{_comments(plan)}"
        f"SELECT rated.*, CASE WHEN {p} > {threshold} THEN 1 ELSE 0 END AS {label}\n"
        f"FROM (\nSELECT scored.*, {_probability(plan, z)} AS {p}\n"
        f"FROM (\n{scored}\n) AS scored\n) AS rated\n"
    )


def result_columns(plan: ScorePlan) -> tuple[str, str]:
    """Return the names of the query's probability and label."""
    probability, label = (plan.unused(f"lr_{name}") for name in RESULTS)
    return probability, label


def _comments(plan: ScorePlan) -> str:
    lines = [*plan.about, *NOTES]
    if long := [one for one in plan.features if len(one.encode()) > LONGEST_NAME]:
        lines.append(f"PostgreSQL cuts names of more than 63 bytes: {json.dumps(long[0])} …")
    plain = (" ".join(line.split()).replace("\0", "") for line in lines)
    return "".join(f"-- {line}\n" for line in plain)


def _scored(plan: ScorePlan, z: str) -> str:
    """Return the query of all columns and z, with one line a design column.

    More than 400 are added in several steps, each around the one before.
    """
    terms: list[str] = []
    for term in plan.terms:
        terms += _number(term) if isinstance(term, NumberTerm) else _category(term)
    first = f"CAST({number(plan.intercept)} AS DOUBLE PRECISION)"
    query, steps = ROWS, range(0, len(terms), TERMS_AT_ONCE)
    for start in steps:
        name = z if start == steps[-1] else quoted_name(plan.unused(f"lr_sum_{start}"))
        added = "\n  + ".join([first, *terms[start : start + TERMS_AT_ONCE]])
        source = query if start == 0 else f"(\n{query}\n) AS summed"
        query, first = f"SELECT *, {added} AS {name}\nFROM {source}", name
    return query


def _number(term: NumberTerm) -> list[str]:
    name = quoted_name(term.name)
    if term.boolean:
        value, known = f"CASE WHEN {name} THEN 1e0 ELSE 0e0 END", f"{name} IS NOT NULL"
    else:
        value = f"CAST({name} AS DOUBLE PRECISION)"
        # Also false for NaN, which is equal to itself and above all numbers in two of the engines.
        known = f"{value} BETWEEN {number(-LARGEST_NUMBER)} AND {number(LARGEST_NUMBER)}"
    filled = f"CASE WHEN {known} THEN {value} ELSE {number(term.median)} END"
    found = [f"({filled} - {number(term.mean)}) * {number(term.slope)}"]
    if term.missing is not None:
        found.append(_either(known, Switch(on=term.missing.off, off=term.missing.on)))
    return found


def _category(term: CategoryTerm) -> list[str]:
    value = f"CAST({quoted_name(term.name)} AS VARCHAR)"
    found = [_either(f"{value} IN ({_texts(level.texts)})", level.switch) for level in term.levels]
    if term.other is not None:
        # NULL, and so false, where the text is missing.
        found.append(_either(f"{value} NOT IN ({_texts(term.known)})", term.other))
    if term.missing is not None:
        found.append(_either(f"{value} IS NULL", term.missing))
    return found


def _either(condition: str, switch: Switch) -> str:
    return f"CASE WHEN {condition} THEN {number(switch.on)} ELSE {number(switch.off)} END"


def _probability(plan: ScorePlan, z: str) -> str:
    recalibration = plan.decision.recalibration
    if isinstance(recalibration, Isotonic):
        steps = "".join(
            f" WHEN {z} < {number(start)} THEN {number(value)}"
            for start, value in zip(recalibration.starts, recalibration.values, strict=False)
        )
        last = number(recalibration.values[-1])
        found = f"CASE{steps} ELSE {last} END" if steps else last
        return f"CAST({found} AS DOUBLE PRECISION)"
    if isinstance(recalibration, Platt):
        z = f"({number(recalibration.intercept)} + {number(recalibration.slope)} * {z})"
    size = f"CASE WHEN ABS({z}) < {number(LARGEST_SCORE)} THEN ABS({z}) "
    e = f"EXP(-({size}ELSE {number(LARGEST_SCORE)} END))"
    return f"CASE WHEN {z} >= 0e0 THEN 1e0 ELSE {e} END\n    / (1e0 + {e})"


def number(value: float) -> str:
    """Return the literal of a number, which is one of double precision in each engine."""
    text = repr(float(value))
    text = text if "e" in text else f"{text}e0"
    return f"({text})" if text.startswith("-") else text


def quoted_name(name: str) -> str:
    """Return a name in quotation marks, those in it doubled."""
    return '"' + _sound(name).replace('"', '""') + '"'


def _texts(texts: tuple[str, ...]) -> str:
    """Return texts in apostrophes, those in them doubled."""
    return ", ".join("'" + _sound(text).replace("'", "''") + "'" for text in texts)


def _sound(text: str) -> str:
    if "\0" in text:
        raise ExportError(f"{text!r} contains the character NUL, which SQL forbids. Rename it.")
    return text
