"""Which runs stay: a policy of age, count and size, and what is never removed.

A run stays or goes as a whole: its events, its log and the versions that it stored.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upath import UPath

DAY_SECONDS = 86_400.0


@dataclass(frozen=True)
class RetentionPolicy:
    """Keeps a run younger than ``keep_days``, or among the last ``keep_runs`` of its table.

    Where the artifacts take more than ``max_bytes``, the oldest of these runs go too. Runs in
    use are kept even if the policy would remove them.
    """

    keep_days: float = 90.0
    keep_runs: int = 20
    max_bytes: int | None = None


@dataclass(frozen=True)
class PastRun:
    """A run: when it was created (Unix time, s), and the run that it re-executes.

    ``group``: its table, or its job where it has none.
    """

    id: str
    group: str
    created: float
    finished: bool
    parent: str | None = None


@dataclass(frozen=True)
class StoredVersion:
    """A materialization: its place in the event log, its asset, run and time, and its artifact.

    ``inputs`` are the places in the event log of the materializations that it was made from.
    ``path`` is None where nothing was stored.
    """

    place: int
    asset: str
    run: str
    time: float
    path: "Path | UPath | None" = None
    size: int = 0
    inputs: tuple[int, ...] = ()


@dataclass(frozen=True)
class History:
    """What an instance knows of its runs, read from ``read_at`` on: the runs first.

    ``in_use`` are the runs of the champions to which a rollback can return, and of the latest
    result of each check. ``named_in`` returns the runs that a stored report names.
    """

    read_at: float
    runs: Sequence[PastRun]
    versions: Sequence[StoredVersion]
    in_use: Collection[str]
    named_in: Callable[[StoredVersion], Iterable[str]]

    @cached_property
    def versions_of(self) -> Mapping[str, list[StoredVersion]]:
        """Run → its versions; those that belong to no run are under ""."""
        found: dict[str, list[StoredVersion]] = {one.id: [] for one in self.runs}
        for version in self.versions:
            found.setdefault(version.run, []).append(version)
        return found

    @cached_property
    def _made_from(self) -> Mapping[str, set[str]]:
        """Run → the runs whose versions it read, and the one that it goes on with."""
        of_place = {one.place: one.run for one in self.versions}
        found = {
            run: {of_place[p] for one in versions for p in one.inputs if p in of_place}
            for run, versions in self.versions_of.items()
        }
        for run in self.runs:
            found[run.id] |= {run.parent} if run.parent in found else set()
        return found

    def with_inputs(self, runs: Iterable[str]) -> set[str]:
        """Return the runs, those from whose versions theirs were made, and those resumed by them.

        A run that was resumed says how old the data of the other are.
        """
        found, left = set[str](), list(runs)
        while left:
            run = left.pop()
            if run not in found:
                found.add(run)
                left += self._made_from.get(run, ())
        return found


def kept_runs(history: History, policy: RetentionPolicy) -> set[str]:
    """Return the ids of the runs that stay, and "": versions that no run made are never removed.

    These are the runs of the policy; those that go on; those of the latest version of each asset,
    of the champions to which a rollback can return and of the latest result of each check; those
    that a report of them names; and all from whose versions theirs were made.
    """
    going_on = (one.id for one in history.runs if not one.finished)
    needed = history.with_inputs({"", *history.in_use, *_current(history), *going_on})
    chosen = _by_age_and_count(history, policy)
    if policy.max_bytes is not None:
        chosen = _within(policy.max_bytes, chosen, needed, history)
    kept = history.with_inputs(needed | {one.id for one in chosen})
    named = {
        name
        for run in kept
        for one in history.versions_of.get(run, ())
        for name in history.named_in(one)
    }
    return history.with_inputs(kept | named)


def removable_versions(history: History, kept: Collection[str]) -> "dict[Path | UPath, int]":
    """Return path and size of each artifact that no run that stays has recorded."""
    held = {one.path for one in history.versions if one.run in kept}
    return {
        one.path: one.size
        for one in history.versions
        if one.path is not None and one.path not in held
    }


def _by_age_and_count(history: History, policy: RetentionPolicy) -> list[PastRun]:
    """Return the runs that the policy keeps, the latest first."""
    oldest = history.read_at - policy.keep_days * DAY_SECONDS
    seen: dict[str, int] = {}
    chosen = []
    for run in sorted(history.runs, key=lambda one: -one.created):
        seen[run.group] = seen.get(run.group, 0) + 1
        if run.created >= oldest or seen[run.group] <= policy.keep_runs:
            chosen.append(run)
    return chosen


def _current(history: History) -> set[str]:
    """Return the runs of the versions that were current at any time since a run goes on.

    A run that goes on may have read such a version, or may record it once more as its own. Current
    is the version that was recorded last, or that of the run that began last.
    """
    created = {one.id: one.created for one in history.runs}
    since = min([history.read_at, *(one.created for one in history.runs if not one.finished)])
    last: dict[str, StoredVersion] = {}
    began: dict[str, StoredVersion] = {}
    found = set[str]()
    for version in sorted(history.versions, key=lambda one: one.place):
        if version.time >= since:
            found.add(version.run)
            continue
        last[version.asset] = version
        other = began.setdefault(version.asset, version)
        if created.get(version.run, version.time) >= created.get(other.run, other.time):
            began[version.asset] = version
    return found | {one.run for one in (*last.values(), *began.values())}


def _within(
    limit: int, chosen: Sequence[PastRun], needed: Collection[str], history: History
) -> list[PastRun]:
    """Return the latest of the chosen runs whose artifacts, with those needed, fit the limit."""
    held: dict[Path | UPath, int] = {}

    def add(runs: Iterable[str]) -> None:
        versions = (one for run in runs for one in history.versions_of.get(run, ()))
        held.update({one.path: one.size for one in versions if one.path is not None})

    add(needed)
    for number, run in enumerate(chosen):
        add(history.with_inputs([run.id]))
        if sum(held.values()) > limit:
            return list(chosen[:number])
    return list(chosen)
