"""Lists of columns in messages."""

from collections.abc import Sequence

# The most columns that a message names; it counts the others.
NAMED_COLUMNS = 6


def list_columns(columns: Sequence[int], names: Sequence[str] | None) -> str:
    """Return the columns' names, or numbers where they have none: ``age, dose and 3 more``."""
    shown = [str(j) if names is None else names[j] for j in columns[:NAMED_COLUMNS]]
    rest = len(columns) - NAMED_COLUMNS
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")
