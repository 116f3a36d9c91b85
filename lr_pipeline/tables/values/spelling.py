"""Texts that read alike: which spelling differences are ignored, and how messages show them.

Two texts are spellings of one value where they differ only invisibly or typographically: by
Unicode's normal and compatibility forms (composed or not, full-width, ligatures; superscripts,
subscripts, fractions and circled signs say something else and stay), by invisible characters
(zero-width characters, soft hyphens, byte order marks, control characters, variation selectors),
by the number and kind of spaces, by spaces at either end, and by the shape of apostrophes,
quotation marks and dashes. Upper and lower case differ, as do letters with and without accents.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

Level = TypeVar("Level", str, str | None)

SHOWN_CHARACTERS = 60  # of a value in a message
MEANT = ("<super>", "<sub>", "<fraction>", "<circle>")  # forms that say something else

_APOSTROPHES = "`´‘’‚‛′‵ʹʻʼʽꞌ‹›"
_QUOTES = "“”„‟″‶«»ʺ〝〞〟"
_DASHES = "‐‑‒–—―−⁃˗"
_UNSEEN = (
    *range(0x00, 0x09), *range(0x0E, 0x1C), *range(0x7F, 0x85), *range(0x86, 0xA0), 0xAD, 0x34F,
    0x61C, 0x640, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), *range(0x200B, 0x2010),
    *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x3164, *range(0xFE00, 0xFE10), 0xFEFF, 0xFFA0,
    *range(0xFFF9, 0xFFFC), *range(0xE0100, 0xE01F0),
)  # fmt: skip
_SHAPES = (
    dict.fromkeys(map(ord, _APOSTROPHES), "'")
    | dict.fromkeys(map(ord, _QUOTES), '"')
    | dict.fromkeys(map(ord, _DASHES), "-")
    | dict.fromkeys(_UNSEEN, "")
)
# Ranges of characters that never change in a key, whatever stands beside them. One pattern finds
# the texts that consist only of these, as most do; the others are examined one by one.
PLAIN = (
    ("!", "_"), ("a", "~"), ("À", "Ö"), ("Ø", "ö"), ("ø", "ı"), ("Ĵ", "ľ"), ("Ł", "ň"), ("Ŋ", "ž"),
    ("ƀ", "ǃ"), ("Ύ", "Ρ"), ("Σ", "ώ"), ("Ѐ", "ҁ"), ("Ҋ", "ԯ"), ("ぁ", "ゔ"), ("ァ", "ヺ"),
    ("一", "\u9fff"), ("가", "힣"),
)  # fmt: skip
_CLASS = "".join(rf"\x{{{ord(first):x}}}-\x{{{ord(last):x}}}" for first, last in PLAIN)
PLAIN_TEXT = rf"\A(?:[{_CLASS}]+(?: [{_CLASS}]+)*)?\z"
_JAMO = range(0x1100, 0x1200)  # which join into syllables


def spelling_key(text: str) -> str:
    """Return the key of a text: all spellings of a value share one key, which is one of them."""
    if text.isascii() and text.isprintable() and "`" not in text:
        return " ".join(text.split())
    shaped = text.translate(_SHAPES)
    if not shaped.isascii():
        shaped = unicodedata.normalize("NFC", "".join(map(_plain_form, shaped)))
    return " ".join(shaped.split())


@lru_cache(maxsize=4096)
def _plain_form(character: str) -> str:
    """Decompose a character, unless its form has a meaning."""
    if unicodedata.decomposition(character).startswith(MEANT):
        return character
    return unicodedata.normalize("NFKD", character).translate(_SHAPES)


def shown_spelling(text: str, escape_blanks: bool = True) -> str:
    r"""Quote a text for a message, with escapes for what the eye cannot tell apart: 'u\u0308'."""
    read = len(text.rstrip(" "))
    head = text[:SHOWN_CHARACTERS]
    shown = [
        r"\x20" if escape_blanks and one == " " and (before == " " or place >= read) else _seen(one)
        for place, (before, one) in enumerate(zip(" " + head, head, strict=False))
    ]
    return f"'{''.join(shown)}{'…' if len(text) > len(head) else ''}'"


def _seen(character: str) -> str:
    code = ord(character)
    hidden = unicodedata.category(character)[0] in "MC" or code in _JAMO
    if character in " '\"-" or not (hidden or spelling_key(character) != character):
        return character
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def not_plain(texts: pa.Array) -> pa.Array:
    """Mask of texts that may differ from their key; null where a text is missing."""
    return pc.invert(pc.match_substring_regex(texts, PLAIN_TEXT))


def spelled_by_key(column: pa.Array) -> pa.Array:
    """Replace each text by its key; each different text is examined once."""
    coded = column.dictionary_encode()
    texts = coded.dictionary
    if not pc.any(not_plain(texts)).as_py():
        return column
    keys = pa.array(map(spelling_key, texts.to_pylist()), texts.type)
    return keys.take(coded.indices)


def alike(texts: Iterable[str]) -> list[list[str]]:
    """Group the texts that are spellings of one value; a value with one spelling has no group."""
    groups: dict[str, list[str]] = {}
    for text in texts:
        groups.setdefault(spelling_key(text), []).append(text)
    return [group for group in groups.values() if len(group) > 1]


def spelled_like(text: str, others: Iterable[str]) -> list[str]:
    """The other texts that are spellings of the same value as ``text``."""
    key = spelling_key(text)
    return [other for other in others if spelling_key(other) == key]


def merged_spellings(counts: Mapping[Level, int | float]) -> dict[Level, int | float]:
    """Add up the counts of a value's spellings; its most frequent spelling is its name."""
    merged, known = dict(counts), {text: text for text in counts if text is not None}
    for group in alike(known):
        first, *others = sorted((known[text] for text in group), key=lambda t: (-counts[t], t))
        merged[first] += sum(merged.pop(other) for other in others)
    return merged
