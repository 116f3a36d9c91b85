"""What a study returns."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Study:
    """Numbers for JSON, and pictures as PNG by name.

    ``None`` stands for a number that has no value (an infinite loss); the reason is beside it.
    """

    numbers: dict[str, Any]
    pictures: dict[str, bytes]
