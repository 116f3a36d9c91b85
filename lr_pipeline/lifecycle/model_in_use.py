"""The champion is the model in use; the record says which ruling put it in use."""

from dataclasses import dataclass
from typing import Any, Literal

from lr_pipeline.lifecycle.challenge import Challenge
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.recorded_model import RecordedModel

Action = Literal["tested", "promoted by hand", "rolled back"]


@dataclass(frozen=True)
class Ruling:
    """What was decided, and by whom.

    ``action``: the test of a challenger, or what a person did. ``challenger`` is the version that
    was considered, ``replaced`` the one in use before. ``when`` is in ISO 8601, UTC; ``started``
    the Unix time (s) at which the run began, or a person decided. ``report`` is the path of the
    challenger's evaluation report, ``test_fingerprint`` that of the rows that a test was made on.
    """

    action: Action
    who: str
    when: str
    why: str
    started: float
    challenger: str
    replaced: str | None = None
    report: str | None = None
    test_fingerprint: str | None = None
    challenge: Challenge | None = None

    @property
    def by_hand(self) -> bool:
        """Whether a person decided."""
        return self.action != "tested"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        challenge = None if self.challenge is None else self.challenge.to_dict()
        return vars(self) | {"challenge": challenge}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Ruling":
        """Restore a ruling: the inverse of :meth:`to_dict`."""
        found = data["challenge"]
        return cls(**data | {"challenge": None if found is None else Challenge.from_dict(found)})


@dataclass(frozen=True)
class Record:
    """The version in use after a ruling; None if no model has earned the place.

    ``asset`` names the asset that the model was, and ``run`` the run that trained it, whose checks
    are those of the model. ``since``: when the version came into use.
    """

    version: str | None
    ruling: Ruling
    asset: str | None = None
    run: str | None = None
    since: str | None = None

    @property
    def changed(self) -> bool:
        """Whether the ruling put another model in use."""
        return self.version != self.ruling.replaced

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return vars(self) | {"ruling": self.ruling.to_dict()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Record":
        """Restore a record: the inverse of :meth:`to_dict`."""
        return cls(**data | {"ruling": Ruling.from_dict(data["ruling"])})


@dataclass(frozen=True)
class Champion:
    """The model in use and its record; both have no model where none has earned the place."""

    record: Record
    model: LogisticModel | None

    @classmethod
    def of(cls, stored: RecordedModel) -> "Champion":
        """Restore a champion from what was stored."""
        return cls(Record.from_dict(stored.record), stored.model)

    @property
    def stored(self) -> RecordedModel:
        """The champion in the form that is stored."""
        return RecordedModel(self.record.to_dict(), self.model)

    @property
    def version(self) -> str | None:
        """The first digits of the SHA-256 of the model's JSON."""
        return self.record.version
