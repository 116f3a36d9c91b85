"""What is still needed of a run that is removed: how often its test rows were looked at.

The level of the champion's test shrinks with each decision on the same rows, and a report says how
many reports were made of them. Both must not forget what retention removes.
"""

from typing import TYPE_CHECKING, Any

from lr_pipeline.lifecycle.model_in_use import Record
from lr_pipeline.orchestration.asset_names import CHAMPION
from lr_pipeline.orchestration.instance.kept_values import keep_value, kept_value
from lr_pipeline.orchestration.instance.rulings import records_of, rulings

if TYPE_CHECKING:
    from dagster import AssetKey, DagsterInstance

RULINGS, LOOKS = "rulings/", "looks/"
TEST_ROWS_TAG = "lr_pipeline/test_rows"


def whole_history(instance: "DagsterInstance", key: "AssetKey") -> list[Record]:
    """Return the records of a champion's rulings, oldest first; those of removed runs come before.

    A removed run has only made a test that changed nothing: other rulings keep their runs.
    """
    removed = [Record.from_dict(one) for one in _removed_rulings(instance, key).values()]
    return [*removed, *records_of(rulings(instance, key))]


def removed_looks(instance: "DagsterInstance", test_rows: str) -> int:
    """Return how many removed runs reported on these test rows."""
    return len(kept_value(instance, LOOKS + test_rows, []))


def archive_runs(instance: "DagsterInstance", runs: set[str]) -> None:
    """Keep what must outlive the runs; a second call changes nothing."""
    for key in instance.get_asset_keys():
        if key.path[-1] != CHAMPION:
            continue
        kept = _removed_rulings(instance, key)
        entries = [one for one in rulings(instance, key) if one.run_id in runs]
        tested = {
            entry.run_id: record.to_dict()
            for entry, record in zip(entries, records_of(entries), strict=True)
            if record.ruling.challenge is not None and record.ruling.challenge.tested
        }
        if tested:
            keep_value(instance, _name(key), kept | tested)
    looks: dict[str, list[str]] = {}
    for run in sorted(runs):
        found = instance.get_run_by_id(run)
        if found is not None and (rows := found.tags.get(TEST_ROWS_TAG)):
            looks.setdefault(rows, []).append(run[:8])
    for rows, names in looks.items():
        keep_value(
            instance, LOOKS + rows, sorted({*kept_value(instance, LOOKS + rows, []), *names})
        )


def _removed_rulings(instance: "DagsterInstance", key: "AssetKey") -> dict[str, Any]:
    """Return run → record of each ruling that was archived."""
    found: dict[str, Any] = kept_value(instance, _name(key), {})
    return found


def _name(key: "AssetKey") -> str:
    return RULINGS + key.to_user_string()
