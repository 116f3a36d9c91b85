"""Classifies a text column's values: plain numbers, formatted numbers, dates, or words."""

from collections import Counter
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from lr_pipeline.tables.errors import Problem
from lr_pipeline.tables.values.column_values import first_row
from lr_pipeline.tables.values.number_forms import (
    FEW_NUMBERS,
    FORMATS,
    MARKERS,
    NUMBER,
    SEPARATED,
    GluedNumbers,
)
from lr_pipeline.tables.values.spelling import shown_spelling, spelled_by_key

NUMBERS_HELD = 100  # different numbers of a column
NUMBERS_A_WORD = 10  # a single word among at least this number of different numbers is an exception
WORDS_HELD = 20  # different values that are neither numbers nor dates

_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_YEAR = r"(?:19|20)\d\d"
_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?:\s*[AaPp]\.?[Mm]\.?)?"
_TIME = rf"(?:(?:,?\s+|T){_CLOCK}\s*(?:Z|[+-]\d\d:?\d\d)?)?"
# 01/31/2024, 31.01.2024, 31-1-24, 2024/01/31, 31 Jan 2024, January 31, 2024; with or without time.
DATE = (
    rf"^\s*(?:{_DAY}/{_DAY}/(?:{_YEAR}|\d\d)|{_DAY}[.-]{_DAY}[.-]{_YEAR}"
    rf"|{_YEAR}[-/.]{_DAY}[-/.]{_DAY}|{_DAY}[\s-]{_MONTH}[\s-](?:{_YEAR}|\d\d)"
    rf"|{_MONTH}\s+{_DAY},?\s+{_YEAR}){_TIME}\s*$"
)
DATES = "dates"
FORMS_OF_KEYS = FORMATS | {DATES: DATE}
# Every form begins with a digit near the start, or with a month.
_SIGNS = r"[^\p{L}\p{Nd}]"
POSSIBLE = rf"^{_SIGNS}{{0,6}}(?:[A-Z]{{1,3}}|kr|元|円)?{_SIGNS}{{0,4}}\p{{Nd}}|^{_MONTH}"
INTEGER = r"^\s*[+-]?\d+\s*$"

WORDS_SHOWN, LONGEST_MARKER = 5, 40  # in a message; characters of a word in its remedy


@dataclass
class Form:
    """The values of one form: how many, the first of them, and its row, from 1."""

    count: int = 0
    first: str = ""
    row: int = 0


@dataclass(frozen=True)
class _Left:
    """Different values of a block that have no form yet, with their keys and counts."""

    values: pa.Array
    spelled: pa.Array
    counts: pa.Array
    column: pa.Array
    rows_before: int

    def without(self, chosen: pa.Array, form: Form) -> "_Left":
        """Count the chosen values for a form; return the others."""
        values = self.values.filter(chosen)
        if len(values) and not form.count:
            form.first = values[0].as_py()
            form.row = self.rows_before + first_row(pc.equal(self.column, values[0]))
        form.count += pc.sum(self.counts.filter(chosen)).as_py() or 0
        return self.kept(pc.invert(chosen))

    def kept(self, chosen: pa.Array) -> "_Left":
        """Return the chosen values alone."""
        return replace(
            self,
            values=self.values.filter(chosen),
            spelled=self.spelled.filter(chosen),
            counts=self.counts.filter(chosen),
        )


class TextForms:
    """Counts the values of a text column by form, block by block; each value has one form.

    ``numbers`` are written as programs write them (NUMBER), ``formats`` as people write them, by
    the kind of format (a thousands separator, a unit, …); then there are ``dates`` and ``others``.
    Among the others, ``words`` counts the first 20 different ones, ``markers`` those that mean a
    missing value, and ``glued`` those that are numbers with other text around them. ``whole``: all
    numbers are whole. ``different`` holds the first 100 or so different numbers.
    """

    def __init__(self) -> None:
        self.numbers, self.dates, self.others = Form(), Form(), Form()
        self.formats: dict[str, Form] = {}
        self.words = Counter[str]()
        self.markers, self.whole = 0, True
        self.glued, self.different = GluedNumbers(), set[str]()

    @property
    def formatted(self) -> Form:
        """All formatted numbers as one form."""
        found = sorted(self.formats.values(), key=lambda form: form.row)
        count = sum(form.count for form in found)
        return Form(count, found[0].first, found[0].row) if found else Form()

    @property
    def known(self) -> int:
        """Number of all values that are not missing."""
        return sum(
            one.count for one in (self.numbers, self.dates, self.others, *self.formats.values())
        )

    @property
    def mostly_numbers(self) -> bool:
        """Whether more than half of the values are numbers, not counting markers.

        Numbers with the same text around them count if many of them differ. A column with few
        different words among many different numbers is mostly numbers too: one word may stand for
        all values below a limit.
        """
        numbers = self.numbers.count + self.formatted.count
        numbers += sum(one.count for one in self.glued.many)
        different = len(self.different)
        few_words = len(self.words) <= different // NUMBERS_A_WORD and not self.dates.count
        return 2 * numbers > self.known - self.markers or (different > FEW_NUMBERS and few_words)

    @property
    def some_stray(self) -> bool:
        """Whether the values are mostly numbers, but not all of them plain numbers."""
        return self.mostly_numbers and self.numbers.count < self.known

    def add(self, column: pa.Array, rows_before: int) -> pa.Array:
        """Take in the next rows of text; return their different values."""
        found = column.drop_null().value_counts()
        values, counts = found.field("values"), found.field("counts")

        left = _Left(values, values, counts, column, rows_before)
        plain = pc.match_substring_regex(values, NUMBER)
        if self.whole and pc.any(plain).as_py():
            whole = pc.match_substring_regex(values.filter(plain), INTEGER)
            self.whole = bool(pc.all(whole).as_py())
        self._hold_numbers(values.filter(plain))
        left = left.without(plain, self.numbers)
        if not len(left.values):
            return values
        left = replace(left, spelled=spelled_by_key(left.values))
        possible = pc.match_substring_regex(left.spelled, POSSIBLE)
        rest = left.kept(possible)
        for name, pattern in FORMS_OF_KEYS.items() if len(rest.values) else ():
            matches = pc.match_substring_regex(rest.spelled, pattern)
            if pc.any(matches).as_py():
                if name != DATES:
                    self._hold_numbers(rest.values.filter(matches))
                form = self.dates if name == DATES else self.formats.setdefault(name, Form())
                rest = rest.without(matches, form)
        words = left.kept(pc.or_(pc.is_in(left.values, rest.values), pc.invert(possible)))
        glued = self.glued.add(words.values, words.spelled, words.counts)
        self._count_words(words.kept(pc.invert(glued)))
        words.without(pa.repeat(True, len(words.values)), self.others)
        return values

    def _hold_numbers(self, values: pa.Array) -> None:
        if len(self.different) < NUMBERS_HELD:
            self.different.update(values[:NUMBERS_HELD].to_pylist())

    def _count_words(self, left: _Left) -> None:
        marked = pc.is_in(pc.utf8_lower(left.spelled), pa.array(MARKERS, left.spelled.type))
        self.markers += pc.sum(left.counts.filter(marked)).as_py() or 0
        held = pc.is_in(left.values, pa.array(list(self.words), left.values.type))
        for chosen, most in ((held, WORDS_HELD), (pc.invert(held), WORDS_HELD - len(self.words))):
            values, counts = left.values.filter(chosen), left.counts.filter(chosen)
            pairs = zip(values[:most].to_pylist(), counts[:most].to_pylist(), strict=True)
            self.words.update(dict(pairs))


def number_problem(role: str, name: str, forms: TextForms) -> Problem:
    """The problem of a text column that is mostly numbers: its other values, and the remedy.

    Only a column whose ``role`` is "feature" can be left out.
    """
    subject = f"{role} {name!r}"
    strays = [form for form in (forms.formatted, forms.dates, forms.others) if form.count]
    if not strays:
        first = forms.numbers
        message = (
            f"{subject} has numbers as text: {first.count} of {forms.known} values (first "
            f"{shown_spelling(first.first)} at row {first.row})"
        )
        remedy = f"Set number=[{name!r}], category=[{name!r}] if they are codes, or "
        remedy += f"exclude=[{name!r}]"
        return Problem(message, remedy if role == "feature" else "Convert it", name, first.row)
    stray = min(strays, key=lambda form: form.row)
    message = (
        f"{subject} is text because of {shown_spelling(stray.first)} (first at row {stray.row}): "
        f"{_counted(forms)}"
    )
    leave_out = f", or set exclude=[{name!r}]" if role == "feature" else ""
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
    """The first words that are not numbers with other text around them."""
    glued = {value for one in forms.glued.many for value in one.values}
    return [word for word in forms.words if word not in glued]


def _counted(forms: TextForms) -> str:
    """How many values are plain numbers, formatted numbers, words and dates."""
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
