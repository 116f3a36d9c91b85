"""Files of artifacts below a URL, such as ``s3://bucket/prefix``, instead of a folder.

A version's files are written to this machine first, then sent, each under a name that must be free.
An object appears when it is complete, and the main file comes last; only versions that the event
log records are ever read. What is read is fetched into a cache, where each version lies under its
SHA-256, verified, so that a large table is read from the local disk in parts as any other.
"""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.tables.files.urls import is_of_network, network_problem

if TYPE_CHECKING:
    from upath import UPath

CACHE = "LR_PIPELINE_CACHE"
MISSING = "the recorded file is missing. Materialize the asset again, or put the file back"
UNUSED_SECONDS = 7 * 86_400.0

_CACHED_NAME = re.compile(r"[0-9a-f]{64}-.")


def location(text: str) -> "Path | UPath":
    """Return a path of this machine, absolute, or of an object store where the text is a URL.

    Raises
    ------
    ArtifactError
        The URL's scheme is unknown.
    """
    if "://" not in text:
        return Path(text).expanduser().absolute()
    from upath import UPath

    try:
        return UPath(text)
    except ValueError:
        raise ArtifactError(
            f"{text}: expected a path, or a URL whose scheme fsspec knows, such as s3://."
        ) from None


def cache_folder() -> Path:
    """Return the folder of fetched versions: ``$LR_PIPELINE_CACHE``, else the user's cache."""
    user = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get(CACHE) or f"{user}/lr_pipeline").expanduser().absolute()


def cached_folder(sha256: str, name: str) -> Path:
    """Return the folder of the cache for a version whose main file has this name and this hash."""
    return cache_folder() / f"{sha256}-{name}"


def send_folder(folder: Path, target: "UPath", last: str) -> None:
    """Store the files of ``folder`` below ``target``, the file ``last`` after all others.

    Raises
    ------
    FileExistsError
        An object of this name exists; it is left as it is.
    ArtifactError
        The store does not answer, or refuses.
    """
    names = sorted((file.name for file in folder.iterdir()), key=lambda name: (name == last, name))
    with _store_errors(target, "there is no such bucket. Make it, or name another"):
        for name in names:
            target.fs.put_file(str(folder / name), (target / name).path, mode="create")


def fetch_files(main: "UPath", folder: Path, whole_folder: bool) -> None:
    """Copy the object ``main``, or every object beside it, into ``folder``.

    Raises
    ------
    ArtifactError
        There is no such object, or the store does not answer, or refuses.
    """
    with _store_errors(main, MISSING):
        store = main.fs
        store.invalidate_cache()  # another process may have written since the last listing
        paths = store.ls(main.parent.path, detail=False) if whole_folder else [main.path]
        for path in paths:
            store.get_file(path, str(folder / path.rpartition("/")[2]))


def remove_objects(folder: "UPath", first: str | None = None) -> None:
    """Remove the objects in ``folder``, that named ``first`` before all others, if any are left."""
    with _store_errors(folder, MISSING), suppress(FileNotFoundError):
        folder.fs.invalidate_cache()
        paths = folder.fs.ls(folder.path, detail=False)
        for path in sorted(paths, key=lambda one: one.rpartition("/")[2] != first):
            folder.fs.rm_file(path)


def mark_as_used(folder: Path) -> None:
    """Keep a folder of the cache for a week from now, and remove those that were not used so long.

    The files' own times stay, by which their hashes are remembered. Whatever is not named as
    ``cached_folder`` names stays as well: the cache may lie in a folder with other things.
    """
    os.utime(folder)
    oldest = time.time() - UNUSED_SECONDS
    for one in folder.parent.iterdir():
        with suppress(FileNotFoundError):  # another process removed it
            if _CACHED_NAME.match(one.name) and one.stat().st_mtime < oldest:
                shutil.rmtree(one)


@contextmanager
def _store_errors(where: "UPath", absent: str) -> Iterator[None]:
    """Turn what a store or the network says into one line that names the URL and the remedy.

    ``absent`` says what it means that something is not there.
    """
    try:
        yield
    except FileExistsError:
        raise FileExistsError(
            f"{where}: exists already, and stored objects are never overwritten. "
            "Write under another name."
        ) from None
    except FileNotFoundError:
        raise ArtifactError(f"{where}: {absent}.") from None
    except ImportError as error:
        raise ArtifactError(
            f"{where}: {error}. Install it: pip install 'lr-pipeline[s3]' for s3://."
        ) from None
    except Exception as error:
        if not is_of_network(error):
            raise
        raise ArtifactError(f"{where}: {network_problem(error)}") from error
