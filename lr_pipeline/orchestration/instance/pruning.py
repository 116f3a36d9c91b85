"""Remove what retention does not keep: runs with their logs and artifacts, and leftovers."""

import re
import shutil
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from lr_pipeline.orchestration.instance.retention import (
    DAY_SECONDS,
    History,
    PastRun,
    RetentionPolicy,
    StoredVersion,
    kept_runs,
    removable_versions,
)
from lr_pipeline.storage.artifacts import remove_artifact
from lr_pipeline.storage.atomic import stale_partials
from lr_pipeline.storage.object_store import remove_objects
from lr_pipeline.tables.errors import count_of
from lr_pipeline.tables.files.temporary_folder import dead_folders

if TYPE_CHECKING:
    from dagster import DagsterInstance
    from upath import UPath

OF_RUN = re.compile(r"(\d{8}T\d{6})\.\d{6}Z-([0-9a-f]{8})(?:-retry\d+)?")
Kind = Literal["run", "artifact", "leftover"]


@dataclass(frozen=True)
class Removal:
    """A thing that goes: its kind, the group in which it is shown, and its bytes on the disk.

    ``run`` names a run, ``path`` the main file of an artifact, or a leftover.
    """

    kind: Kind
    group: str
    size: int
    run: str | None = None
    path: "Path | UPath | None" = None


@dataclass(frozen=True)
class PrunePlan:
    """What goes, in the order in which it goes, and how many runs stay."""

    removals: tuple[Removal, ...]
    runs_kept: int

    @property
    def size(self) -> int:
        """The bytes of all that goes."""
        return sum(one.size for one in self.removals)

    def summary(self, what: str) -> str:
        """Return a sentence on all that goes; ``what`` happens to it: removed, or would go."""
        number = {kind: sum(one.kind == kind for one in self.removals) for kind in get_args(Kind)}
        counts = ", ".join(count_of(n, kind) for kind, n in number.items() if n) or "nothing"
        kept = f"{count_of(self.runs_kept, 'run')} stay{'s' if self.runs_kept == 1 else ''}"
        return f"{counts} {what} ({size_text(self.size)}); {kept}."

    def rows(self) -> list[tuple[str, str, int, int]]:
        """Return kind, group, number and bytes of what goes, added up."""
        found: dict[tuple[str, str], list[int]] = {}
        for one in self.removals:
            found.setdefault((one.kind, one.group), []).append(one.size)
        return [(*name, len(sizes), sum(sizes)) for name, sizes in found.items()]


def size_text(size: float) -> str:
    """Return bytes in the unit that suits them, such as ``1.2 GB``."""
    for unit in ("bytes", "kB", "MB"):
        if size < 999.5:  # a larger one is rounded to 1000
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.1f} GB"


def plan_prune(instance: "DagsterInstance", policy: RetentionPolicy) -> PrunePlan:
    """Return what the policy lets go. Runs whose process is dead count as finished."""
    from lr_pipeline.orchestration.instance.run_processes import fail_dead_runs
    from lr_pipeline.orchestration.instance.stored_history import read_history

    fail_dead_runs(instance)
    history = read_history(instance)
    kept = kept_runs(history, policy)
    gone = [one for one in history.runs if one.id not in kept]
    # Artifacts go before the runs that know their paths, so that a killed prune can go on.
    goes = (*_artifacts(history, kept), *_runs(instance, gone), *_leftovers(instance, history))
    return PrunePlan(goes, len(history.runs) - len(gone))


def carry_out(instance: "DagsterInstance", plan: PrunePlan) -> int:
    """Remove what is planned; return the bytes of free pages that the databases gave back."""
    from lr_pipeline.orchestration.instance.run_archive import archive_runs
    from lr_pipeline.orchestration.instance.run_removal import compact_databases, remove_run

    archive_runs(instance, {one.run for one in plan.removals if one.run is not None})
    for removal in plan.removals:
        if removal.run is not None:
            remove_run(instance, removal.run)
        elif removal.path is not None and removal.kind == "artifact":
            remove_artifact(removal.path)
        elif removal.path is not None:
            _remove(removal.path)
    return compact_databases(instance)


def _artifacts(history: History, kept: Collection[str]) -> Iterator[Removal]:
    """Yield the artifacts that no run that stays has recorded, and that lie where ours lie."""
    group_of = {one.id: one.group for one in history.runs}
    removable = removable_versions(history, kept)
    for version in history.versions:
        if version.path not in removable or _root(version) is None:
            continue
        if version.path.parent.exists():  # in an object store a killed prune may leave a part
            del removable[version.path]
            group = group_of.get(version.run, "")
            yield Removal("artifact", group, version.size, path=version.path)


def _runs(instance: "DagsterInstance", runs: Iterable[PastRun]) -> Iterator[Removal]:
    from lr_pipeline.orchestration.instance.run_removal import log_files

    for run in runs:
        size = sum(path.stat().st_size for path in log_files(instance, run.id))
        size += _size(Path(instance.storage_directory(), run.id))
        yield Removal("run", run.group, size, run=run.id)


def _leftovers(instance: "DagsterInstance", history: History) -> Iterator[Removal]:
    """Yield files that killed processes left, and files of runs that were removed."""
    from lr_pipeline.orchestration.instance.run_removal import remains_of_runs

    roots = {root for one in history.versions if isinstance(root := _root(one), Path)}
    found = {
        "unfinished files": (
            path for root in roots for path in stale_partials(root.rglob(".*.partial"))
        ),
        "never recorded": _unrecorded(history),
        "temporary files": dead_folders(),
        "logs of removed runs": remains_of_runs(instance, {one.id for one in history.runs}),
    }
    for name, paths in found.items():
        yield from (Removal("leftover", name, _size(path), path=path) for path in paths)


def _unrecorded(history: History) -> "Iterator[Path | UPath]":
    """Yield versions of finished runs of this instance that were killed before they recorded them.

    Those of other runs may belong to another instance that shares the folder. A version's name is
    that of no other; its folder may have moved since it was recorded.
    """
    folders = {one.path.parent for one in history.versions if one.path is not None}
    recorded = {folder.name for folder in folders}
    finished = {one.id[:8] for one in history.runs if one.finished}
    assets = {folder.parent for folder in folders if OF_RUN.fullmatch(folder.name)}
    yesterday = f"{datetime.fromtimestamp(time.time() - DAY_SECONDS, UTC):%Y%m%dT%H%M%S}"
    for asset in sorted(assets, key=str):
        for path in asset.iterdir() if asset.is_dir() else ():
            named = OF_RUN.fullmatch(path.name)
            if named is None or path.name in recorded:
                continue
            if named[1] < yesterday and named[2] in finished:
                yield path


def _root(version: StoredVersion) -> "Path | UPath | None":
    """Return the root of an artifact at ``<root>/<asset>/<version>/<file>``, None elsewhere."""
    if version.path is None:
        return None
    asset = version.asset.split("/")
    folders = version.path.parts[:-2]
    if len(folders) <= len(asset) or list(folders[-len(asset) :]) != asset:
        return None
    return version.path.parents[len(asset) + 1]


def _size(path: "Path | UPath") -> int:
    """Return the bytes of a file, or of the files below a folder; 0 where there is nothing."""
    if not isinstance(path, Path):
        return int(path.fs.du(path.path))
    if path.is_dir():
        return sum(one.lstat().st_size for one in path.rglob("*") if not one.is_dir())
    return path.lstat().st_size if path.exists() else 0


def _remove(path: "Path | UPath") -> None:
    if not isinstance(path, Path):
        remove_objects(path)
    elif path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
