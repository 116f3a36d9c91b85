"""A text column that is no category: numbers, dates, or too many different values."""

from collections.abc import Iterator

from lr_pipeline.tables.column_summary import ColumnSummary
from lr_pipeline.tables.errors import Problem

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
    than 100 levels, or one a row.
    """
    forms, known = column.forms, column.forms.known
    if forms.formatted.count and forms.numbers.count + forms.formatted.count > known / 2:
        first = forms.formatted
        message = (
            f"feature {name!r} is text because of {first.first!r} (first at row {first.row}): "
            f"{forms.formatted.count} of {known} values are numbers with thousands separators, a "
            "decimal comma, a currency or a percent sign"
        )
        remedy = f"Write digits and a decimal point alone, as in 1234.5, or set exclude=[{name!r}]"
        yield Problem(message, remedy, name, first.row)
    elif forms.dates.count >= MOSTLY * known:
        message = (
            f"feature {name!r} has dates as text: {forms.dates.count} of {known} values (first "
            f"{forms.dates.first!r}); numbers, booleans and text are supported"
        )
        remedy = f"Set exclude=[{name!r}] or convert it, to days since a date for example"
        yield Problem(message, remedy, name, forms.dates.row)
    else:
        yield from _many_levels(name, column)


def _many_levels(name: str, column: ColumnSummary) -> Iterator[Problem]:
    levels, forms, known = column.num_levels, column.forms, column.forms.known
    if levels < column.rows and levels <= MAX_LEVELS:
        return
    if known / 2 < forms.numbers.count < known:
        word = min((forms.dates, forms.others), key=lambda form: (not form.count, form.row))
        message = (
            f"feature {name!r} is text because of {word.first!r} (first at row {word.row}): "
            f"{forms.numbers.count} of {known} values are numbers"
        )
        remedy = "Correct the others, or make them missing: an empty field, NA, NaN or null"
        yield Problem(message, remedy, name, word.row)
    else:
        counted = f"{levels}" if column.all_levels else f"more than {levels}"
        message = (
            f"feature {name!r} is text with {counted} different values in {column.rows} rows "
            f"(at most {MAX_LEVELS}, and fewer than rows)"
        )
        yield Problem(message, f"Set exclude=[{name!r}], or group its values", name, useless=True)
