"""A model in use with the record of how it came to be, as storage keeps both."""

from dataclasses import dataclass
from typing import Any

from lr_pipeline.models.logistic_model import LogisticModel


@dataclass(frozen=True)
class RecordedModel:
    """``model``, None where there is none, and what is recorded of it, as plain values for JSON."""

    record: dict[str, Any]
    model: LogisticModel | None
