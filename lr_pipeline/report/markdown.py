"""Markdown tables whose cells show any name or value as it is."""

import html
import re
from collections.abc import Iterable, Sequence

WORD_JOINER = "\u2060"  # invisible
_LINK = re.compile(r"(?<=\])(?=[(\[:])|(?<=<)(?=[A-Za-z!/?])")


class Markdown(str):
    """Text that is already markdown; any other text is escaped."""


def bold(text: str) -> Markdown:
    """Return the text in bold."""
    return Markdown(f"**{escaped(text)}**")


def markdown_table(
    heading: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[str] = ()
) -> str:
    """Return a table with one line for each row; the columns ``numbers`` are right-aligned."""
    ruler = [Markdown("---:" if name in numbers else "---") for name in heading]
    return "\n".join(f"| {' | '.join(map(escaped, cells))} |" for cells in (heading, ruler, *rows))


def escaped(text: str) -> str:
    """Return the text on one line, with nothing that markdown or HTML would interpret."""
    if isinstance(text, Markdown):
        return text
    plain = html.escape(" ".join(text.split()), quote=False)
    return "".join(f"\\{letter}" if letter in "\\`*_[]|" else letter for letter in plain)


def inert(text: str) -> str:
    """Return a text without links, pictures and tags where markdown is made of it.

    The web UI does that with the descriptions of checks, which terminals and alerts show as they
    are: an invisible character is put where a link or a tag would begin to be one.
    """
    return _LINK.sub(WORD_JOINER, text)
