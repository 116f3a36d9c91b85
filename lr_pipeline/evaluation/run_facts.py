"""What is known of the run in which a report was made, beside the table and the models."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from lr_pipeline.evaluation.since.earlier_report import EarlierReport


@dataclass(frozen=True)
class AssetCost:
    """What an asset of the run took, its checks not counted.

    ``seconds`` from the start of its step until its value was stored; ``peak_mb``: the most memory
    (MB, resident) that the process held meanwhile, None where this is not known.
    """

    asset: str
    seconds: float
    peak_mb: float | None = None


@dataclass(frozen=True)
class ModelInUse:
    """The table's champion before a run, or that it had none.

    ``version`` is None where no model was in use; ``ruled`` says whether one was ever considered.
    ``since``: when it came into use (ISO 8601, UTC).
    """

    version: str | None = None
    since: str | None = None
    ruled: bool = False


@dataclass(frozen=True)
class RunFacts:
    """A run, as its report names it; an empty field was not recorded.

    ``table`` is the key prefix of its assets. ``started`` is the time in UTC (ISO 8601), ``costs``
    are those of the assets so far. ``earlier_reports``: how many earlier reports of this table are
    on the same test rows. ``config`` and ``engine`` are the run's settings (op → its configuration;
    name and fields of the engine). ``code`` identifies the package: its version, the commit of a
    git checkout, and the hash of its files. ``arithmetic`` are the `numeric_libraries`.
    ``in_use``: the model in use before the run; ``earlier``: the latest earlier report.
    """

    table: str = ""
    run_id: str = ""
    started: str = ""
    costs: tuple[AssetCost, ...] = ()
    earlier_reports: int | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    engine: Mapping[str, Any] = field(default_factory=dict)
    code: Mapping[str, str] = field(default_factory=dict)
    arithmetic: Sequence[Mapping[str, Any]] = ()
    in_use: ModelInUse | None = None
    earlier: EarlierReport | None = None

    def of_this_run(self) -> dict[str, Any]:
        """What differs between two runs of the same thing."""
        return {
            "id": self.run_id,
            "started": self.started,
            "costs": [asdict(cost) for cost in self.costs],
            "earlier_reports": self.earlier_reports,
            "in_use": self.in_use and asdict(self.in_use),
        }
