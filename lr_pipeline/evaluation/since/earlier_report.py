"""The latest earlier report of the same table, as a run found it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class EarlierReport:
    """The report of run ``run``, made at ``made`` (UTC, ISO 8601).

    ``numbers`` is its JSON, None where it could not be read; ``problem`` then says why.
    """

    run: str
    made: str
    numbers: Mapping[str, Any] | None
    problem: str = ""
