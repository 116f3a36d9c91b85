"""Finds text columns of a delimited file that are numbers with a decimal comma or point.

1,5 is one and a half if the column can mean nothing else. If 1,234 may be more than a thousand, or
1,2 may be the answers 1 and 2, the comma is decimal if another column clearly has decimal commas,
or (for answers) if the column is declared as numbers. Otherwise the column stays text, which is
refused.
"""

from collections.abc import Callable, Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from lr_pipeline.tables.files.parquet import open_parquet
from lr_pipeline.tables.values.column_values import is_text

NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+|\d*,\d+)([eE][+-]?\d+)?\s*$"
THOUSANDS = r"^\s*[+-]?[1-9]\d{0,2}(,\d{3})+\s*$"
POINTED_THOUSANDS = r"^\s*[+-]?[1-9]\d{0,2}(\.\d{3})+\s*$"
ANSWERS = r"^\s*\d{1,2}(,\d{1,2})?\s*$"


def numeric_texts(
    path: Path,
    text_columns: Collection[str],
    decimal_comma: Collection[str],
    numbers: Collection[str],
    elsewhere: Callable[[], str | None],
) -> tuple[dict[str, str], list[str]]:
    """Find the text columns that hold only numbers; return column → decimal point.

    Also returns the columns that may be lists of answers instead. ``text_columns`` are meant as
    text and stay text. Columns of ``decimal_comma`` are known to have decimal commas; those of
    ``numbers`` are known not to be lists. ``elsewhere`` names another column of the file with
    decimal commas, if there is one. Reading stops when no column is left that can be numbers.
    """
    with open_parquet(path) as file:
        names = [one.name for one in file.schema_arrow if is_text(one.type)]
        left = {name: Commas() for name in names if name not in text_columns}
        for batch in file.iter_batches(columns=list(left)) if left else ():
            for name, found in tuple(left.items()):
                if not found.add(batch.column(name).drop_null().unique()):
                    del left[name]
            if not left:
                break
    points = {
        name: "," if name in decimal_comma and found.commas_alone else found.point(name in numbers)
        for name, found in left.items()
    }
    open_ones = [name for name, one in left.items() if points[name] is None and one.commas_alone]
    if open_ones and ("," in points.values() or elsewhere() is not None):
        points |= dict.fromkeys(open_ones, ",")
        open_ones = []
    lists = [name for name in open_ones if left[name].maybe_answers]
    return {name: point for name, point in points.items() if point is not None}, lists


class Commas:
    """How the values of a column use commas and points."""

    def __init__(self) -> None:
        self.values = self.commas = self.points = False
        self.no_thousands = self.no_answers = self.several = False
        self.decimals: set[int] = set()  # how many digits follow a comma

    def add(self, values: pa.Array) -> bool:
        """Take in different values; return whether all of them are numbers."""
        if not len(values):
            return True
        if not _all(pc.match_substring_regex(values, NUMBER)):
            return False
        self.values = True
        with_comma = values.filter(pc.match_substring(values, ","))
        self.points |= _any(pc.match_substring(values, "."))
        if len(with_comma):
            self.commas = True
            self.several |= len(with_comma) > 1
            self.no_thousands |= not _all(pc.match_substring_regex(with_comma, THOUSANDS))
        if not self.no_answers:
            self.no_answers = not _all(pc.match_substring_regex(values, ANSWERS))
            for text in () if self.no_answers else with_comma.to_pylist():
                self._add_answers(text)
        return True

    def _add_answers(self, text: str) -> None:
        """Note whether the text cannot be a list of answers: these ascend from 1 or more."""
        first, second = text.split(",")
        self.no_answers |= not 0 < int(first) < int(second)
        self.decimals.add(len(second.strip()))

    @property
    def commas_alone(self) -> bool:
        """Whether there are commas and no points."""
        return self.commas and not self.points

    @property
    def maybe_answers(self) -> bool:
        """Whether all values may be lists of answers; prices, with two decimals each, are not."""
        as_prices = self.several and len(self.decimals) == 1 and min(self.decimals) > 1
        return not (self.no_answers or as_prices)

    def point(self, number: bool = False) -> str | None:
        """The decimal point; None if the values do not show it. ``number``: they are not lists."""
        if not self.commas:
            return "." if self.values else None
        plain = self.no_thousands and (number or not self.maybe_answers)
        return "," if self.commas_alone and plain else None


def _any(mask: pa.Array) -> bool:
    return bool(pc.any(mask).as_py())


def _all(mask: pa.Array) -> bool:
    return bool(pc.all(mask).as_py())


def text_to_numbers(column: pa.Array, point: str) -> pa.Array:
    """Return the float64 nearest to each text."""
    plain = pc.utf8_ltrim(pc.utf8_trim_whitespace(column), characters="+")
    if point == ",":
        plain = pc.replace_substring(plain, ",", ".")
    return plain.cast(pa.float64())
