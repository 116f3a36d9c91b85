"""The type that a study returns."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Study:
    """Numbers for JSON, and pictures as PNG by name.

    A number without a value (an infinite loss) is ``None``; the reason is beside it.
    """

    numbers: dict[str, Any]
    pictures: dict[str, bytes]
