"""Text columns of a delimited file that are numbers: with a decimal comma, or all as they are.

1,5 is one and a half where a column can be nothing else. Where 1,234 may be a thousand and more,
or 1,2 the answers 1 and 2, the column stays text, which the validation refuses with the remedy.
"""

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from lr_pipeline.tables.parquet import open_parquet
from lr_pipeline.tables.target import is_text

NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+|\d*,\d+)([eE][+-]?\d+)?\s*$"
THOUSANDS = r"^\s*[+-]?[1-9]\d{0,2}(,\d{3})+\s*$"
POINTED_THOUSANDS = r"^\s*[+-]?[1-9]\d{0,2}(\.\d{3})+\s*$"
ANSWERS = r"^\s*\d{1,2}(,\d{1,2})?\s*$"


def numeric_texts(
    path: Path, text_columns: Collection[str], decimal_comma: Collection[str]
) -> dict[str, str]:
    """Column → decimal point, ``.`` or ``,``, of the text columns that hold nothing but numbers.

    Not of ``text_columns``, which are meant as text. Those of ``decimal_comma`` are known to have
    commas. The reading ends as soon as no column can be one any more.
    """
    with open_parquet(path) as file:
        names = [one.name for one in file.schema_arrow if is_text(one.type)]
        left = {name: _Commas() for name in names if name not in text_columns}
        for batch in file.iter_batches(columns=list(left)) if left else ():
            for name, found in tuple(left.items()):
                if not found.add(batch.column(name).drop_null().unique()):
                    del left[name]
            if not left:
                break
    points = {name: found.point(name in decimal_comma) for name, found in left.items()}
    return {name: point for name, point in points.items() if point is not None}


class _Commas:
    """What the values of a column have shown so far."""

    def __init__(self) -> None:
        self.values = self.commas = self.points = False
        self.no_thousands = self.no_answers = False

    def add(self, values: pa.Array) -> bool:
        """Take in different values; whether all of them are numbers."""
        if not pc.all(pc.match_substring_regex(values, NUMBER)).as_py():
            return len(values) == 0
        self.values = True
        with_comma = values.filter(pc.match_substring(values, ","))
        self.points |= _any(pc.match_substring(values, "."))
        if len(with_comma):
            self.commas = True
            self.no_thousands |= not _all(pc.match_substring_regex(with_comma, THOUSANDS))
        if not self.no_answers:
            self.no_answers = not _all(pc.match_substring_regex(values, ANSWERS)) or not all(
                _ascending(text) for text in with_comma.to_pylist()
            )
        return True

    def point(self, known: bool) -> str | None:
        """The decimal point; None where that is not to be decided."""
        if not self.commas:
            return "." if self.values else None
        if self.points:
            return None
        return "," if known or (self.no_thousands and self.no_answers) else None


def _ascending(text: str) -> bool:
    """Whether it may be a list of answers, which are listed in order."""
    first, second = text.split(",")
    return int(first) < int(second)


def _any(mask: pa.Array) -> bool:
    return bool(pc.any(mask).as_py())


def _all(mask: pa.Array) -> bool:
    return bool(pc.all(mask).as_py())


def text_to_numbers(column: pa.Array, point: str) -> pa.Array:
    """float64 of the texts, the nearest to each."""
    plain = pc.utf8_ltrim(pc.utf8_trim_whitespace(column), characters="+")
    if point == ",":
        plain = pc.replace_substring(plain, ",", ".")
    return plain.cast(pa.float64())
