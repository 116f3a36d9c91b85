"""Warnings that a table's declaration accepts: see `lr-pipeline acknowledge`."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from lr_pipeline.orchestration.config.own_defaults import validated
from lr_pipeline.orchestration.config.strict_config import StrictConfig

NUMBER = re.compile(r"\d[\d.,]*")


class AcknowledgedConfig(StrictConfig):
    """A warning of a check that is known and accepted, as long as it says the same."""

    says: str = Field(min_length=1, description="What the check says.")
    because: str = Field(min_length=1, description="Why it is accepted.")
    any_numbers: bool = Field(
        default=False, description="Whether it is the same warning though its numbers are others."
    )


Acknowledged = Mapping[str, AcknowledgedConfig]


def same_warning(one: str, other: str, any_numbers: bool) -> bool:
    """Tell whether two descriptions say the same, apart from blanks and perhaps from numbers."""
    first, second = (" ".join(text.split()) for text in (one, other))
    if any_numbers:
        return NUMBER.sub("#", first) == NUMBER.sub("#", second)
    return first == second


def acknowledged_warnings(declared: Mapping[str, Mapping[str, Any]]) -> Acknowledged:
    """Return check → warning that is accepted; a check is named as by `lr-pipeline acknowledge`.

    Raises
    ------
    ValueError
        A field is missing, unknown or empty.
    """
    for name, one in declared.items():
        if not isinstance(one, Mapping):
            raise ValueError(f"{name}: expected says and because below it, found {one!r}")
    return {name: validated(AcknowledgedConfig, one) for name, one in declared.items()}
