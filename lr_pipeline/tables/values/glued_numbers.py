"""Numbers with one and the same text around them, as in 35kgs, 36kgs, …: a measurement."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lr_pipeline.tables.values.number_forms import AROUND, OF_BOUNDS, OF_CODES, OF_SEVERAL

FEW_NUMBERS = 10  # different ones: up to so many, grades and types are categories
HELD = 20  # texts around numbers, the most frequent ones; and values of each


@dataclass
class Glued:
    """Values that are one text around a number: how many, and the first different ones."""

    before: str
    after: str
    count: int = 0
    numbers: set[str] = field(default_factory=set)
    values: list[str] = field(default_factory=list)

    @property
    def many(self) -> bool:
        """Whether there are too many different numbers for grades or types."""
        return len(self.numbers) > FEW_NUMBERS

    @property
    def having(self) -> str:
        """What the numbers have, for a message."""
        sides = (("before", self.before), ("after", self.after))
        return " and ".join(f"{text.strip()!r} {side} them" for side, text in sides if text)

    def add(self, row: Mapping[str, Any]) -> None:
        """Take in the values of the next rows."""
        self.count += row["count_sum"]
        self.values += row["value_list"][: HELD - len(self.values)]
        self.numbers.update(row["number_list"][:HELD] if not self.many else ())


class GluedNumbers:
    """The texts around the numbers of a column, gathered block by block."""

    def __init__(self) -> None:
        self.texts: dict[tuple[str, str], Glued] = {}

    @property
    def many(self) -> list[Glued]:
        """Texts around more than 10 different numbers, the most frequent first."""
        return [one for one in self.texts.values() if one.many]

    def add(self, values: pa.Array, spelled: pa.Array, counts: pa.Array) -> pa.Array:
        """Take in different values that have no other form, their keys, and their counts.

        Returns which of them are now known to be numbers with one text around many of these.
        """
        found = pc.extract_regex(spelled, AROUND)
        names = ("before", "number", "after")
        columns = {name: pc.struct_field(found, name) for name in names}
        codes = pc.match_substring_regex(columns["before"], OF_CODES)
        codes = pc.and_not(codes, pc.match_substring_regex(columns["before"], OF_BOUNDS))
        several = pc.match_substring_regex(columns["after"], OF_SEVERAL)
        glued = pc.and_(found.is_valid(), pc.invert(pc.or_(codes, several))).fill_null(False)
        if not pc.any(glued).as_py():
            return glued
        rows = pa.table(columns | {"value": values, "count": counts}).filter(glued)
        kinds = [("count", "sum"), ("number", "list"), ("value", "list")]
        texts = rows.group_by(["before", "after"], use_threads=False).aggregate(kinds)
        for row in texts.sort_by([("count_sum", "descending")]).slice(0, HELD).to_pylist():
            key = row["before"], row["after"]
            self.texts.setdefault(key, Glued(*key)).add(row)
        most = sorted(self.texts.items(), key=lambda text: -text[1].count)
        self.texts = dict(most[:HELD])
        around = pc.binary_join_element_wise(columns["before"], columns["after"], "0")
        many = [f"{one.before}0{one.after}" for one in self.many]  # no digit is before the number
        return pc.and_(glued, pc.is_in(around, pa.array(many, around.type)))
