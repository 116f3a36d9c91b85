"""Some names of a longer list, and how many more there are."""

from collections.abc import Sequence

from lr_pipeline.evaluation.number_format import count


def listed(names: Sequence[str], most: int) -> str:
    """Return the first names, and the number of the others: age, sex and 3 more."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {count(rest)} more" if rest > 0 else "")
