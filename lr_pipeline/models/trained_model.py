"""What both kinds of trained model record about their training set."""

from dataclasses import dataclass
from typing import Any

from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.roles import PositiveValue
from lr_pipeline.tables.sources.source_content import CONTENT
from lr_pipeline.tables.table import Table
from lr_pipeline.versions import library_versions


@dataclass(frozen=True)
class TrainedModel:
    """A model's training set, by its fingerprint, and how its columns became the design.

    ``source_content``: the hash of what the training set was read from, empty if unknown.
    """

    target: str
    positive: PositiveValue | None
    preparation: Preparation
    train_fingerprint: str
    train_rows: int
    versions: dict[str, str]
    source_content: dict[str, Any]

    @property
    def features(self) -> tuple[str, ...]:
        """Columns of the table that the model reads."""
        return self.preparation.roles.features

    def origin_to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "target": self.target,
            "positive": self.positive,
            "features": list(self.features),
            "train_fingerprint": self.train_fingerprint,
            "train_rows": self.train_rows,
            **({CONTENT: self.source_content} if self.source_content else {}),
            "versions": self.versions,
            "preparation": self.preparation.to_dict(),
        }


def origin_of(train: Table, preparation: Preparation) -> dict[str, Any]:
    """Return the fields of a :class:`TrainedModel` that is being trained on ``train``."""
    return {
        "target": train.roles.target,
        "positive": train.roles.positive,
        "preparation": preparation,
        "train_fingerprint": train.fingerprint,
        "train_rows": train.num_rows,
        "versions": library_versions(),
        CONTENT: train.provenance.get(CONTENT, {}),
    }


def origin_from_dict(data: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a :class:`TrainedModel` from what ``origin_to_dict`` wrote."""
    names = ("target", "positive", "train_fingerprint", "train_rows", "versions")
    return {
        "preparation": Preparation.from_dict(data["preparation"]),
        **{name: data[name] for name in names},
        CONTENT: data.get(CONTENT, {}),
    }
