"""A model as a Python module of the standard library alone."""

import inspect
import textwrap

from lr_pipeline.core.limits import LARGEST_NUMBER
from lr_pipeline.export.score_plan import CategoryTerm, NumberTerm, ScorePlan, Switch
from lr_pipeline.models.decision.recalibration import Isotonic, Platt
from lr_pipeline.tables.values import spelling

HEAD = '''\
"""{about}

``predict_proba(row)`` takes a mapping from column to value. None and NaN are missing, as is a text
of white space in a column of numbers; a missing number is imputed, and a level that training
lacked is coded, as the model does. A column that is absent from ``row`` is a KeyError, a text that
is no number or a number beyond {largest:g} a ValueError.
"""
'''

SCORE = '''
threshold = {threshold!r}

INTERCEPT = {intercept!r}
# Number: name, median where missing, mean, slope, (present, missing) terms of the indicator.
# Category: name, level → its column, the column of other texts, that of missing ones, and each
# column's terms (where it is 0, where it is 1).
TERMS = (
{terms})


def predict_proba(row):
    """Return the probability of the positive value for a row, a mapping from column to value."""
    z = INTERCEPT
    for kind, name, *term in TERMS:
        z = (add_number if kind == "number" else add_category)(z, name, row[name], *term)
    return probability(z)


def add_number(z, name, value, median, mean, slope, indicator):
    """Add a number's terms to z."""
    x = None if value is None or (isinstance(value, str) and not value.strip()) else float(value)
    missing = x is None or math.isnan(x)
    if not missing and abs(x) > {largest!r}:
        raise ValueError(f"{{name!r}} has the number {{x:g}}; at most {largest:g} can be used")
    z += ((median if missing else x) - mean) * slope
    return z if indicator is None else z + indicator[missing]


def add_category(z, name, value, levels, other, absent, columns):
    """Add the terms of a category's columns to z."""
    if value is None or value != value:
        place = absent
    else:
        text = value if isinstance(value, str) else code_text(value)
        place = levels[text] if text in levels else levels.get(spelling_key(text), other)
    for j, terms in enumerate(columns):
        z += terms[j == place]
    return z


def code_text(value):
    """Return a code that is no text as training read it: 3.0 is 3."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)

'''

SIGMOID = '''
def sigmoid(z):
    """Return 1 / (1 + exp(-z)) without overflow."""
    e = math.exp(-abs(z))
    return (1.0 if z >= 0.0 else e) / (1.0 + e)


'''

PLATT = (
    SIGMOID
    + '''\
def probability(z):
    """Return the recalibrated probability (Platt)."""
    return sigmoid({intercept!r} + {slope!r} * z)
'''
)

PLAIN = (
    SIGMOID
    + '''\
def probability(z):
    """Return the probability."""
    return sigmoid(z)
'''
)

ISOTONIC = '''
STARTS = {starts!r}
VALUES = {values!r}


def probability(z):
    """Return the recalibrated probability (isotonic)."""
    return VALUES[bisect.bisect_right(STARTS, z)]
'''


def python_module(plan: ScorePlan) -> str:
    """Return the source of a module with ``predict_proba(row)`` and ``threshold``.

    It adds the terms in the model's order, so that z has the model's bits, and reads texts by their
    spelling as the model does.
    """
    about = "\n\n".join(textwrap.fill(line, 100) for line in plan.about)
    about = about.replace("\\", "\\\\").replace('"', '\\"')
    texts = any(isinstance(term, CategoryTerm) for term in plan.terms)
    recalibration = plan.decision.recalibration
    needed = ["math"] + ["bisect"] * isinstance(recalibration, Isotonic) + ["unicodedata"] * texts
    parts = [HEAD.format(about=about, largest=LARGEST_NUMBER)]
    parts += ["\n", *(f"import {name}\n" for name in sorted(needed))]
    parts.append(
        SCORE.format(
            threshold=plan.decision.threshold,
            intercept=plan.intercept,
            terms="".join(f"    {_term(term)},\n" for term in plan.terms),
            largest=LARGEST_NUMBER,
        )
    )
    if isinstance(recalibration, Isotonic):
        parts.append(ISOTONIC.format(starts=recalibration.starts, values=recalibration.values))
    elif isinstance(recalibration, Platt):
        parts.append(PLATT.format(intercept=recalibration.intercept, slope=recalibration.slope))
    else:
        parts.append(PLAIN)
    parts += [_spelling_source()] if texts else []
    return "".join(parts)


def _term(term: NumberTerm | CategoryTerm) -> str:
    """Return the literal of a term."""
    if isinstance(term, NumberTerm):
        missing = None if term.missing is None else _pair(term.missing)
        return repr(("number", term.name, term.median, term.mean, term.slope, missing))
    levels = dict.fromkeys(term.reference)
    levels |= {text: j for j, level in enumerate(term.levels) for text in level.texts}
    keys = {spelling.spelling_key(text): place for text, place in reversed(levels.items())}
    count = len(term.levels)
    other = None if term.other is None else count
    absent = None if term.missing is None else count + (term.other is not None)
    columns = tuple(map(_pair, term.switches))
    return repr(("category", term.name, keys | levels, other, absent, columns))


def _pair(switch: Switch) -> tuple[float, float]:
    return switch.off, switch.on


def _spelling_source() -> str:
    """Return the source of the spelling of texts, with its tables; without its cache."""
    functions = [
        inspect.getsource(one).replace("@lru_cache(maxsize=4096)\n", "")
        for one in (spelling.spelling_key, spelling._plain_form)
    ]
    tables = f"_SHAPES = {spelling._SHAPES!r}\nMEANT = {spelling.MEANT!r}\n"
    return "\n\n" + "\n\n".join([tables, *functions])
