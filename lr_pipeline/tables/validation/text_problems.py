"""Refuses text columns that cannot be categories: numbers, dates, too many or too long values."""

from collections.abc import Collection, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from lr_pipeline.tables.errors import Problem, cut
from lr_pipeline.tables.validation.column_summary import ColumnSummary
from lr_pipeline.tables.values.column_values import first_row, is_text, plain_values
from lr_pipeline.tables.values.text_forms import TextForms, number_problem

MAX_LEVELS = 100  # of a text column; each level but one becomes a column of the design
MOSTLY = 0.9  # from this share of dates on, the other values are mistyped dates
LONGEST_TEXT = 1_000  # characters of a category, a key, a value of the target, or a column's name
LIMIT = f"{LONGEST_TEXT:,}"


def category_problems(name: str, column: ColumnSummary) -> Iterator[Problem]:
    """Refuse a declared category with more than 100 levels, or with one level per row."""
    levels = column.num_levels
    if levels > MAX_LEVELS or levels >= column.rows:
        counted = f"{levels:,}" if column.all_levels else f"more than {levels:,}"
        message = (
            f"feature {name!r} is declared a category, found {counted} different values in "
            f"{column.rows:,} rows (at most {MAX_LEVELS}, and fewer than rows)"
        )
        yield Problem(message, f"Group its values, or set exclude=[{name!r}] instead", name)


def text_problems(name: str, column: ColumnSummary) -> Iterator[Problem]:
    """Refuse a text column that cannot be a category.

    It cannot if numbers or dates were read as text, however few levels they make, or if it has more
    than 100 levels or one level per case.
    """
    forms = column.forms
    if forms.mostly_numbers and not _names_rows(column, forms):
        yield number_problem("feature", name, forms)
    elif forms.dates.count >= MOSTLY * forms.known:
        message = (
            f"feature {name!r} has dates as text: {forms.dates.count} of {forms.known} values "
            f"(first {forms.dates.first!r}); numbers, booleans and text are supported"
        )
        remedy = f"Set exclude=[{name!r}] or convert it, to days since a date for example"
        yield Problem(message, remedy, name, forms.dates.row)
    elif column.num_levels >= column.cases or column.num_levels > MAX_LEVELS:
        levels = column.num_levels
        counted = f"{levels}" if column.all_levels else f"more than {levels}"
        message = (
            f"feature {name!r} is text with {counted} different values in {column.rows} rows "
            f"(at most {MAX_LEVELS}, and fewer than rows)"
        )
        yield Problem(message, f"Set exclude=[{name!r}], or group its values", name, useless=True)


def _names_rows(column: ColumnSummary, forms: TextForms) -> bool:
    """Whether the texts are whole numbers that all differ, and so measure nothing."""
    return forms.whole and forms.numbers.count == column.rows == column.num_levels


class TextLength:
    """The longest text of a column, gathered block by block.

    ``longest`` is its number of characters, 0 if no text has more than 1,000; ``first_row`` is the
    first row, from 1, with a text of more than 1,000.
    """

    def __init__(self) -> None:
        self.rows = self.longest = self.first_row = 0

    def add(self, column: pa.Array) -> None:
        """Take in the next rows; only texts have a length."""
        if is_text(column.type):
            column = column.cast(pa.large_string())
            if (pc.max(pc.binary_length(column)).as_py() or 0) > LONGEST_TEXT:
                self._measure(column)
        self.rows += len(column)

    def _measure(self, column: pa.Array) -> None:
        characters = pc.utf8_length(column)
        longest = pc.max(characters).as_py()
        if longest > LONGEST_TEXT:
            found = first_row(pc.greater(characters, LONGEST_TEXT))
            self.first_row = self.first_row or self.rows + found
            self.longest = max(self.longest, longest)


class TextLengths:
    """The longest texts of all columns of a table."""

    def __init__(self, names: list[str]) -> None:
        self.columns = {name: TextLength() for name in names}

    def add(self, block: pa.RecordBatch) -> None:
        """Take in the next rows."""
        for name, column in self.columns.items():
            column.add(plain_values(block.column(name)))

    def problems(
        self, features: Sequence[str], free_text: Collection[str | None] = ()
    ) -> Iterator[Problem]:
        """Refuse columns with too long a name or text; a feature can be left out.

        Texts in columns of ``free_text``, which cannot be categories anyway, may have any length.
        In a CSV file a long text is most often the rest of the file after an unclosed quotation
        mark.
        """
        for name, column in self.columns.items():
            if len(name) > LONGEST_TEXT:
                message = f"the name of column {cut(name)!r} is too long: at most {LIMIT}"
                yield Problem(message, "Rename it", name)
            if (row := column.first_row) and name not in free_text:
                message = (
                    f"column {cut(name)!r} has a text of {column.longest:,} characters; a category "
                    f"or a key has at most {LIMIT} (first longer one at row {row})"
                )
                remedy = "Shorten it, or close a quotation mark that is left open there"
                leave_out = f", or set exclude=[{cut(name)!r}]" if name in features else ""
                yield Problem(message, remedy + leave_out, name, row)
