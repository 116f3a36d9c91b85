"""A text column that is no category: numbers, dates, or too many different values."""

from collections.abc import Iterator

from lr_pipeline.tables.errors import Problem
from lr_pipeline.tables.validation.column_summary import ColumnSummary
from lr_pipeline.tables.values.number_problems import number_problem
from lr_pipeline.tables.values.text_forms import TextForms

MAX_LEVELS = 100  # of a text column; each but one becomes a column of the design
MOSTLY = 0.9  # of the values are dates: the others are mistyped


def category_problems(name: str, column: ColumnSummary) -> Iterator[Problem]:
    """What keeps a declared category from being one: more than 100 levels, or one a row."""
    levels = column.num_levels
    if levels > MAX_LEVELS or levels >= column.rows:
        counted = f"{levels:,}" if column.all_levels else f"more than {levels:,}"
        message = (
            f"feature {name!r} is declared a category, found {counted} different values in "
            f"{column.rows:,} rows (at most {MAX_LEVELS}, and fewer than rows)"
        )
        yield Problem(message, f"Group its values, or set exclude=[{name!r}] instead", name)


def text_problems(name: str, column: ColumnSummary) -> Iterator[Problem]:
    """What keeps a text column from being a category.

    Numbers and dates that were read as text are none, however few they are; nor is what has more
    than 100 levels, or one a row (of a weight up to 1).
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
    """Whether the texts are whole numbers, another one in each row: they measure nothing."""
    return forms.whole and forms.numbers.count == column.rows == column.num_levels
