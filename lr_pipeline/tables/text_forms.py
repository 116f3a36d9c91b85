"""What the values of a text column look like: plain numbers, formatted ones, dates, or words."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lr_pipeline.tables.target import first_row

PLAIN = r"(?:\d+\.?\d*|\.\d+)"
NUMBER = rf"^\s*[+-]?{PLAIN}([eE][+-]?\d+)?\s*$"

_SPACE = r"[\s\x{a0}\x{202f}\x{2009}]*"
_THOUSANDS = r"\d{1,3}(?:[.,'’_ \x{a0}\x{202f}\x{2009}]\d{3})+(?:[.,]\d+)?"
_COMMA = r"\d*,\d+"
_SIGN = r"[+\-−]?"
_MONEY = r"(?:[A-Z]{0,3}\p{Sc}|USD|EUR|GBP|CHF|JPY|CNY|RMB|INR|CAD|AUD|SEK|NOK|DKK|PLN|kr|元|円)"
_AMOUNT = (
    rf"{_SIGN}{_SPACE}{_MONEY}?{_SPACE}{_SIGN}(?:{_THOUSANDS}|{_COMMA}|{PLAIN})"
    rf"{_SPACE}(?:{_MONEY}|[%％‰])?"
)
# Parentheses are how accountants write a minus.
FORMATTED_NUMBER = rf"^{_SPACE}(?:{_AMOUNT}|\({_AMOUNT}\)){_SPACE}$"

_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_YEAR = r"(?:19|20)\d\d"
_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?:\s*[AaPp]\.?[Mm]\.?)?"
_TIME = rf"(?:(?:,?\s+|T){_CLOCK}\s*(?:Z|[+-]\d\d:?\d\d)?)?"
# 01/31/2024, 31.01.2024, 31-1-24, 2024/01/31, 31 Jan 2024, January 31, 2024; with a time or not.
DATE = (
    rf"^\s*(?:{_DAY}/{_DAY}/(?:{_YEAR}|\d\d)|{_DAY}[.-]{_DAY}[.-]{_YEAR}"
    rf"|{_YEAR}[-/.]{_DAY}[-/.]{_DAY}|{_DAY}[\s-]{_MONTH}[\s-](?:{_YEAR}|\d\d)"
    rf"|{_MONTH}\s+{_DAY},?\s+{_YEAR}){_TIME}\s*$"
)


@dataclass
class Form:
    """Values of one form: how many, and the first of them with its row, from 1."""

    count: int = 0
    first: str = ""
    row: int = 0


class TextForms:
    """The values of a text column by form, each value in one: gathered block by block.

    ``numbers`` as a program writes them (NUMBER); ``formatted`` ones as people do, with thousands
    separators, a decimal comma, a currency or a percent sign; ``dates``; and ``others``.
    """

    def __init__(self) -> None:
        self.numbers, self.formatted, self.dates, self.others = Form(), Form(), Form(), Form()

    @property
    def known(self) -> int:
        """All values."""
        return sum(form.count for form in self._forms())

    def add(self, column: pa.Array, rows_before: int) -> pa.Array:
        """Take in the next rows of text; returns the different values among them."""
        found = column.drop_null().value_counts()
        values, counts = found.field("values"), found.field("counts")
        left, rest = values, counts
        for form, pattern in zip(self._forms(), (NUMBER, FORMATTED_NUMBER, DATE, ""), strict=True):
            matches = pc.match_substring_regex(left, pattern)
            of_form = left.filter(matches)
            if len(of_form) and not form.count:
                form.first = of_form[0].as_py()
                form.row = rows_before + first_row(pc.equal(column, of_form[0]))
            form.count += pc.sum(rest.filter(matches)).as_py() or 0
            left, rest = left.filter(pc.invert(matches)), rest.filter(pc.invert(matches))
        return values

    def _forms(self) -> tuple[Form, ...]:
        return self.numbers, self.formatted, self.dates, self.others
