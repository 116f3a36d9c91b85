"""Immutable artifacts ``<root>/<asset key>/<version>/…``, each identified by its SHA-256.

The root is a folder, or a URL of an object store.
"""

import hashlib
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lr_pipeline.storage.atomic import (
    new_folder,
    publish,
    refuse_existing,
    remove_folder,
    scratch_folder,
)
from lr_pipeline.storage.digests import file_digest, hashed_meanwhile, settle
from lr_pipeline.storage.formats import Format, format_named, format_of
from lr_pipeline.storage.object_store import (
    MISSING,
    cache_folder,
    cached_folder,
    fetch_files,
    mark_as_used,
    remove_objects,
    send_folder,
)
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.tables.files.refusals import os_reason
from lr_pipeline.tables.table import Table

if TYPE_CHECKING:
    from upath import UPath

CONTENT_DIGITS = 16


@dataclass(frozen=True)
class Artifact:
    """One stored version: its main file, the hash of its content, its bytes and its kind.

    ``sha256`` and ``size`` are those of the main file. For a kind with several files (``report``),
    ``sha256`` is the hash of the lines that ``sha256sum *`` prints, and ``size`` the sum of sizes.
    """

    path: "Path | UPath"
    sha256: str
    size: int
    kind: str


def version_name(run_id: str, retry: int = 0, now: datetime | None = None) -> str:
    """Return a name that sorts by time: UTC to the microsecond, run, retry of the step."""
    time = (now or datetime.now(UTC)).astimezone(UTC)
    suffix = f"-retry{retry}" if retry else ""
    return f"{time:%Y%m%dT%H%M%S.%fZ}-{run_id[:8]}{suffix}"


def write_artifact(
    root: "Path | UPath",
    asset: Sequence[str],
    version: str,
    value: object,
    earlier: Artifact | None = None,
) -> Artifact:
    """Store ``value`` as a new version of the asset whose key has the parts ``asset``.

    Equal content is stored once: where its files are those of the version ``earlier``, and these
    are below ``root`` and still what was recorded, nothing is stored and ``earlier`` is returned.
    Where the format names a version by its content, ``version`` and ``earlier`` are not used; a
    value that is already stored is reused after its hash has been verified.

    Raises
    ------
    ArtifactError
        The type has no format, the value cannot be written as JSON, the key is not a valid path,
        the stored value has changed, the folder cannot be written, or the object store does not
        answer.
    FileExistsError
        The version exists.
    """
    try:
        if not isinstance(root, Path):
            return _sent(root, asset, version, value, earlier)
        return _written(root, asset, version, value, earlier)
    except OSError as error:
        if error.errno is None:  # raised by this package, with a message of its own
            raise
        reason, remedy = os_reason(error)
        raise ArtifactError(
            f"artifacts cannot be stored below {root}: {reason}"
            f"{'' if error.filename is None else f' ({error.filename})'}. {remedy}."
        ) from error


def _written(
    root: Path, asset: Sequence[str], version: str, value: object, earlier: Artifact | None
) -> Artifact:
    form = format_of(value)
    versions = root.joinpath(*(_folder_name(part) for part in asset))
    name = form.main_file.format(asset=asset[-1])
    if form.content_named:
        return _write_once(versions, name, form, value)
    folder = versions / version
    refuse_existing(folder)
    with scratch_folder(folder) as partial:
        with hashed_meanwhile(partial / name):
            form.write(value, partial / name)
        new = Artifact(folder / name, *_digest(partial / name, form), form.kind)
        if earlier is not None and _is_stored(new, earlier, versions, form):
            return earlier
        publish(partial, folder)
    return new


def _is_stored(new: Artifact, earlier: Artifact, versions: Path, form: Format) -> bool:
    """Tell whether the earlier version has the new one's files, whole and in the same folder."""
    if not isinstance(earlier.path, Path) or earlier != replace(new, path=earlier.path):
        return False
    if earlier.path.parents[1] != versions:
        return False
    try:
        return _digest(earlier.path, form)[0] == earlier.sha256
    except OSError:  # it was removed, or cannot be read
        return False


def remove_artifact(path: "Path | UPath") -> None:
    """Remove the version whose main file this is: all of its folder, or nothing of it.

    A version that is gone already is no error. In an object store the main file goes first, without
    which the others are no version.
    """
    if isinstance(path, Path):
        remove_folder(path.parent)
    else:
        remove_objects(path.parent, first=path.name)


def _write_once(versions: Path, name: str, form: Format, value: object) -> Artifact:
    """Store the value under the hash of its content, unless it is already there."""
    with scratch_folder(versions / form.kind) as scratch:
        form.write(value, scratch / name)
        sha256, size = _digest(scratch / name, form)
        path = versions / sha256[:CONTENT_DIGITS] / name
        with suppress(FileExistsError), new_folder(path.parent) as partial:
            (scratch / name).rename(partial / name)
    _require_digest(path, sha256, form)
    return Artifact(path, sha256, size, form.kind)


def _sent(
    root: "UPath", asset: Sequence[str], version: str, value: object, earlier: Artifact | None
) -> Artifact:
    """Write the value to the cache, where this machine finds it again, and send its files."""
    with scratch_folder(cache_folder() / "new") as scratch:
        new = _written(scratch, asset, version, value, None)
        form, local = format_named(new.kind), Path(str(new.path))
        target = root.joinpath(*local.relative_to(scratch).parts)
        if earlier is not None and _is_sent(new, earlier, target.parents[1], form, scratch):
            return earlier
        try:
            send_folder(local.parent, target.parent, local.name)
        except FileExistsError:
            if not form.content_named:
                raise
            _fetched(target, new.sha256, form, scratch / "stored")
        kept = cached_folder(new.sha256, local.name)
        with suppress(OSError):  # the same files are there already
            local.parent.rename(kept)
        mark_as_used(kept)
    return replace(new, path=target)


def _is_sent(
    new: Artifact, earlier: Artifact, versions: "UPath", form: Format, scratch: Path
) -> bool:
    """Tell whether the earlier version has the new one's files, as :func:`_is_stored`."""
    if isinstance(earlier.path, Path) or earlier != replace(new, path=earlier.path):
        return False
    if earlier.path.parents[1] != versions:
        return False
    try:
        _fetched(earlier.path, earlier.sha256, form, scratch / "earlier")
    except ArtifactError:  # it was removed, or changed
        return False
    return True


def local_copy(path: "Path | UPath", sha256: str, kind: str) -> Path:
    """Return a stored main file as one of this machine, with those that belong to it, verified.

    Raises
    ------
    ArtifactError
        As :func:`load_artifact`.
    """
    form = format_named(kind)
    if isinstance(path, Path):
        _require_digest(path, sha256, form)
        return path
    kept = cached_folder(sha256, path.name)
    if (kept / path.name).exists() and _digest(kept / path.name, form)[0] != sha256:
        shutil.rmtree(kept)
    if not (kept / path.name).exists():
        with suppress(FileExistsError):  # another process has fetched it meanwhile
            _fetched(path, sha256, form, kept)
    mark_as_used(kept)
    return kept / path.name


def _fetched(path: "UPath", sha256: str, form: Format, folder: Path) -> None:
    """Make ``folder`` of the files of a stored version, if they are those that were recorded."""
    with new_folder(folder) as partial:
        fetch_files(path, partial, form.whole_folder)
        _require_digest(partial / path.name, sha256, form, path)
        settle(partial / path.name)


def load_artifact(
    path: "Path | UPath", sha256: str, kind: str, fingerprint: str | None = None
) -> Any:
    """Read a stored value after verifying that its files are those that were recorded.

    ``fingerprint`` is the one recorded with a table: the same file has the same content.

    Raises
    ------
    ArtifactError
        A file is missing or its content has changed, the kind is unknown, or the object store
        does not answer.
    """
    value = format_named(kind).read(local_copy(path, sha256, kind))
    known = fingerprint is not None and isinstance(value, Table)
    return value.identified(fingerprint) if known else value


def _require_digest(
    path: Path, sha256: str, form: Format, stored: "Path | UPath | None" = None
) -> None:
    """Raise ``ArtifactError`` unless the files have this hash; ``stored``: their name in it."""
    stored = stored or path
    try:
        found, _ = _digest(path, form)
    except FileNotFoundError:
        raise ArtifactError(f"{stored}: {MISSING}.") from None
    if found != sha256:
        first = f"Remove {stored.parent}, then materialize" if form.content_named else "Materialize"
        raise ArtifactError(
            f"{stored}: expected SHA-256 {sha256}, found {found}: the content has changed since it "
            f"was recorded. {first} the asset again."
        )


def _folder_name(part: str) -> str:
    if not part or part.startswith(".") or "/" in part or "\0" in part:
        raise ArtifactError(
            "expected an asset key whose parts can name folders, without '/' and without a "
            f"leading '.', found {part!r}. Rename the asset or its prefix."
        )
    return part


def _digest(path: Path, form: Format) -> tuple[str, int]:
    """Return SHA-256 (hex) and size of the main file, or of its whole folder."""
    if not form.whole_folder:
        return file_digest(path), path.stat().st_size
    files = sorted(path.parent.iterdir()) if path.exists() else [path]
    lines = [f"{file_digest(file)}  {file.name}\n" for file in files]
    listing = hashlib.sha256("".join(lines).encode())
    return listing.hexdigest(), sum(file.stat().st_size for file in files)
