"""A text column that is mostly numbers: which words and forms keep it from being one."""

from lr_pipeline.tables.errors import Problem
from lr_pipeline.tables.values.number_forms import SEPARATED
from lr_pipeline.tables.values.spelling import shown_spelling
from lr_pipeline.tables.values.text_forms import TextForms

WORDS_SHOWN, LONGEST_MARKER = 5, 40


def number_problem(part: str, name: str, forms: TextForms) -> Problem:
    """Say what is no plain number: how many values, the first and its row, and the remedy.

    ``part`` is what the column is, such as feature: one that can be left out.
    """
    subject = f"{part} {name!r}"
    strays = [form for form in (forms.formatted, forms.dates, forms.others) if form.count]
    if not strays:
        first = forms.numbers
        message = (
            f"{subject} has numbers as text: {first.count} of {forms.known} values (first "
            f"{shown_spelling(first.first)} at row {first.row})"
        )
        remedy = f"Set number=[{name!r}], category=[{name!r}] if they are codes, or "
        remedy += f"exclude=[{name!r}]"
        return Problem(message, remedy if part == "feature" else "Convert it", name, first.row)
    stray = min(strays, key=lambda form: form.row)
    message = (
        f"{subject} is text because of {shown_spelling(stray.first)} (first at row {stray.row}): "
        f"{_counted(forms)}"
    )
    leave_out = f", or set exclude=[{name!r}]" if part == "feature" else ""
    if leave_out and forms.formats.keys() != {SEPARATED}:
        leave_out += f", or category=[{name!r}] if they are codes"
    return Problem(message, _remedy(forms, leave_out), name, stray.row)


def _remedy(forms: TextForms, leave_out: str) -> str:
    words = [word for word in _words(forms) if len(word) <= LONGEST_MARKER][:WORDS_SHOWN]
    missing = f"missing={words!r}"
    if forms.formats or forms.glued.many:
        plain = f"Write digits and a decimal point alone, as in 1234.5{leave_out}"
        return f"{plain}; make words missing with {missing}" if words and leave_out else plain
    if not leave_out:
        return "Correct or drop those rows"  # a weight or a time may not be missing
    missing = f", or make them missing: set {missing}" if words else ""
    return f"Correct the others{missing}{leave_out}"


def _words(forms: TextForms) -> list[str]:
    """The first words that are no numbers with other text around them."""
    glued = {value for one in forms.glued.many for value in one.values}
    return [word for word in forms.words if word not in glued]


def _counted(forms: TextForms) -> str:
    """Numbers, formatted ones by what they have, and the other words."""
    known, formatted = forms.known, forms.formatted.count
    parts = []
    glued = forms.glued.many
    if forms.numbers.count or not (formatted or glued):
        parts.append(f"{forms.numbers.count} of {known} values are numbers")
    if formatted:
        having = " or ".join(sorted(forms.formats, key=lambda name: forms.formats[name].row))
        parts.append(f"{formatted} of {known} values are numbers with {having}")
    parts += [f"{one.count} of {known} values are numbers with {one.having}" for one in glued]
    others = forms.others.count - sum(one.count for one in glued)
    if others:
        held = _words(forms)
        words = [f"{shown_spelling(w)} ({forms.words[w]})" for w in held[:WORDS_SHOWN]]
        more = " and others" if len(held) > WORDS_SHOWN or not held else ""
        parts.append(f"{others} are words: {', '.join(words)}{more}")
    if forms.dates.count:
        parts.append(f"{forms.dates.count} are dates")
    return ", ".join(parts)
