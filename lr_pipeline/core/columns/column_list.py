"""Lists of columns in messages."""

from collections.abc import Sequence

from lr_pipeline.core.listed_names import listed

# The most columns that a message names; it counts the others.
NAMED_COLUMNS = 6


def list_columns(columns: Sequence[int], names: Sequence[str] | None) -> str:
    """Return the columns' names, or numbers where they have none: ``age, dose and 3 more``."""
    return listed((str(j) if names is None else names[j] for j in columns), NAMED_COLUMNS)
