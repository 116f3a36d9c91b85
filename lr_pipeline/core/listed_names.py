"""Some names of a longer list, and how many more there are."""

from collections.abc import Iterable


def listed(names: Iterable[str], most: int) -> str:
    """Return the first names, and the number of the others: age, sex and 3 more."""
    names = list(names)
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")
