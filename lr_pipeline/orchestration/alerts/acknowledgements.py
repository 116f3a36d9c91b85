"""Warnings that somebody knows and accepts: they stay quiet until they change."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lr_pipeline.orchestration.config.acknowledged_config import same_warning
from lr_pipeline.orchestration.instance.check_results import latest_result
from lr_pipeline.orchestration.instance.kept_values import keep_value, kept_value
from lr_pipeline.orchestration.instance.rulings import user_name
from lr_pipeline.orchestration.table_checks import ACKNOWLEDGED, CHECKS

if TYPE_CHECKING:
    from dagster import AssetCheckEvaluation, DagsterInstance

DECLARATION = "the table's declaration"


@dataclass(frozen=True)
class Acknowledgement:
    """A warning that was accepted: what it said, who accepted it, when and why.

    ``any_numbers``: it is the same warning though its numbers are others.
    """

    description: str
    who: str
    when: str
    because: str
    any_numbers: bool = False

    def covers(self, description: str) -> bool:
        """Tell whether a warning with this description is the one that was accepted."""
        return same_warning(description, self.description, self.any_numbers)


def check_results(instance: "DagsterInstance", prefix: list[str]) -> "list[AssetCheckEvaluation]":
    """Return the latest result of each check of the table with this key prefix."""
    from dagster import AssetCheckKey, AssetKey

    keys = [AssetCheckKey(AssetKey([*prefix, one.asset]), one.name) for one in CHECKS]
    found = (latest_result(instance, key) for key in keys)
    return [one for one in found if one is not None]


def acknowledge(
    instance: "DagsterInstance",
    evaluation: "AssetCheckEvaluation",
    because: str,
    any_numbers: bool = False,
) -> None:
    """Accept a check's warning as it is now, in place of what was accepted of it before."""
    when = datetime.now(UTC).isoformat(timespec="seconds")
    description = evaluation.description or ""
    accepted = Acknowledgement(description, user_name(), when, because, any_numbers)
    keep_value(instance, _name(evaluation), asdict(accepted))


def acknowledgement(
    instance: "DagsterInstance", evaluation: "AssetCheckEvaluation"
) -> Acknowledgement | None:
    """Return the acknowledgement of a failed check; None if it is an error or says something else.

    It is that of the declaration with which the check ran, or one that was given since.
    """
    from dagster import AssetCheckSeverity

    if (declared := evaluation.metadata.get(ACKNOWLEDGED)) is not None:
        description = evaluation.description or ""
        return Acknowledgement(description, DECLARATION, "", str(declared.value))
    found = kept_value(instance, _name(evaluation))
    if found is None or evaluation.severity is not AssetCheckSeverity.WARN:
        return None
    accepted = Acknowledgement(**found)
    return accepted if accepted.covers(evaluation.description or "") else None


def _name(evaluation: "AssetCheckEvaluation") -> str:
    return f"acknowledged/{evaluation.asset_key.to_user_string()}:{evaluation.check_name}"
