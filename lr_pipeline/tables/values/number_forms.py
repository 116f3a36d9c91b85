"""Patterns of numbers not written with only digits and a point, and words for a missing value.

The patterns describe the keys of texts (see ``spelling``): dashes are hyphens, full-width digits
are plain ones, spaces are single.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from string import ascii_lowercase
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

PLAIN = r"(?:\d+\.?\d*|\.\d+)"
NUMBER = rf"^\s*[+-]?{PLAIN}([eE][+-]?\d+)?\s*$"

_THOUSANDS = r"\d{1,3}(?:[.,'_ ]\d{3})+(?:[.,]\d+)?"
_COMMA = r"\d*,\d+(?:[eE][+-]?\d+)?"
_MONEY = r"(?:[A-Z]{0,3}\p{Sc}|USD|EUR|GBP|CHF|JPY|CNY|RMB|INR|CAD|AUD|SEK|NOK|DKK|PLN|kr|元|円)"
_DIGITS = rf"(?:{_THOUSANDS}|{_COMMA}|{PLAIN})"
_AMOUNT = rf"[+-]? ?{_MONEY}? ?[+-]?{_DIGITS} ?(?:{_MONEY}|[%‰])?"
# The zeros of scripts that have their own decimal digits; nine digits follow each.
_ZEROS = "٠۰߀०০੦૦୦௦౦೦൦๐໐༠၀០᠐"
_FOREIGN = "".join(f"{zero}-{chr(ord(zero) + 9)}" for zero in _ZEROS)
_GLUED = (
    "mm|cm|dm|km|kg|mg|µg|μg|ug|ng|lbs?|oz|ml|dl|cl|ms|min|hrs?|yrs?|kb|mb|gb|tb|KB|MB|GB|TB|"
    "kW|MW|kWh|Hz|kHz|MHz|GHz|k|M|bn|px|pt|°|°C|°F|bps|ppm|kcal|mmHg"
)

SEPARATED = "thousands separators, a decimal comma, a currency or a percent sign"
# A number's special format → the pattern of its key; the first pattern that matches counts.
FORMATS = {
    "digits or signs of another shape, or characters that are not seen": NUMBER,
    SEPARATED: rf"^{_AMOUNT}$",
    "parentheses for a minus": rf"^\({_AMOUNT}\)$",
    "a sign after the digits": rf"^{_DIGITS} ?(?:-|CR|DR|Cr|Dr)$",
    "a comparison sign": (
        rf"^(?:(?:<|>|≤|≥|=|~|≈|±|<=|>=|==|=<|=>|<<|>>) ?[+-]?{_DIGITS}|{_DIGITS} ?\+)$"
    ),
    "hexadecimal digits": r"^[+-]?0[xX][0-9A-Fa-f]+$",
    "an exponent as Fortran writes it": (
        r"^[+-]?(?:(?:\d+\.\d*|\.\d+)[dDqQ][+-]?\d{1,3}|\d+[dD][+-]\d{1,3}|\d*\.\d+[+-]\d{2,3})$"
    ),
    "digits of another script": rf"^[+-]?[{_FOREIGN}]+(?:[.,٫٬][{_FOREIGN}]+)*$",
    "a unit": rf"^[+-]?{_DIGITS}(?: [\p{{L}}°µ%][\p{{L}}°µ/²³%.]{{0,11}}|(?:{_GLUED}))$",
    "a mark": rf"^[+-]?{_DIGITS} ?(?:[*†‡#]|\[\w\]|\(\w\))$",
}

# One number in other text. A letter or a dash before it makes it a code, as in E888, P-12, level 3.
# In 2024-01, 12:30 and 1.2.3 another number follows.
AROUND = rf"^(?P<before>[^\p{{Nd}}]*?)[+-]?(?P<number>{_DIGITS})(?P<after>.*)$"
OF_CODES = r"[\p{L}_/-] ?$"
OF_BOUNDS = r"(?i)\b(?:than|over|under|above|below|about|around|circa|least|most|rs) ?$"
OF_SEVERAL = r"^[-:/.,;~] ?\p{Nd}|^ ?(?:to|of|and|or) ?\p{Nd}"

# What programs, agencies and people write for a missing value, as keys in lower case. SAS and Stata
# write .a to .z and ._; the markers of spreadsheets start with #.
_WORDS = """
? ?? - -- --- . .. ... * ** : :: / x xx na n/a n.a. n.a #n/a #na #null! #div/0! #value! #ref! #num!
#name? #spill! #calc! #error! #err err error none null nil nan nat <na> (null) void missing miss
unknown unk unspecified undefined undef blank empty sysmis nd n.d. nr n.r. bd b.d. bdl lod tbd tba
k.a. o.a. s/d s.d. nv n.v. fehlend unbekannt inconnu desconocido -1.#ind 1.#qnan -nan inf -inf +inf
infinity -infinity blq bloq bql loq <loq nq refused
"""
_PHRASES = (
    "not available", "not applicable", "not known", "no data", "no answer", "keine angabe",
    "not done", "missing value",
)  # fmt: skip
_DOTTED = (f".{letter}" for letter in "_" + ascii_lowercase)
MARKERS = ("", r"\n", *_WORDS.split(), *_PHRASES, *_DOTTED)

FEW_NUMBERS = 10  # different ones; up to this number they are grades or types: categories
HELD = 20  # most frequent texts around numbers, and values of each


@dataclass
class Glued:
    """Values with the same text around a number, as in 35kgs, 36kgs: measurements."""

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
        """The text around the numbers, for a message."""
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
        """The texts around more than 10 different numbers, the most frequent first."""
        return [one for one in self.texts.values() if one.many]

    def add(self, values: pa.Array, spelled: pa.Array, counts: pa.Array) -> pa.Array:
        """Take in different values that have no other form, with their keys and counts.

        Returns which of them have the text of more than 10 different numbers so far around them.
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
        nought = pa.scalar("0", columns["before"].type)  # or large text finds no kernel
        around = pc.binary_join_element_wise(columns["before"], columns["after"], nought)
        many = [f"{one.before}0{one.after}" for one in self.many]  # no digit is before the number
        return pc.and_(glued, pc.is_in(around, pa.array(many, around.type)))
