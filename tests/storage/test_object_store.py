"""Artifacts below a URL keep the promises of local ones: whole, never overwritten, verified.

The same tests run on fsspec's store in memory and, marked ``s3``, on a server that speaks S3.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from upath import UPath

from lr_pipeline.report.render import Report
from lr_pipeline.storage.artifacts import Artifact, load_artifact, remove_artifact, write_artifact
from lr_pipeline.storage.object_store import (
    CACHE,
    UNUSED_SECONDS,
    cache_folder,
    cached_folder,
    location,
)
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.tables.table import Table
from tests.object_server import BUCKET
from tests.storage.test_artifacts import Scores

REPORT = Report("<p>ŷ</p>", {"auc": 0.5})


@pytest.fixture(params=["memory", pytest.param("s3", marks=pytest.mark.s3)])
def root(request, tmp_path: Path, monkeypatch) -> Iterator[UPath]:
    """A new place in a store; the cache is one of the test."""
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    if request.param == "s3":
        for name, value in request.getfixturevalue("object_store").items():
            monkeypatch.setenv(name, value)
        yield UPath(f"s3://{BUCKET}/{tmp_path.name}")
        return
    yield UPath("memory://artifacts")
    MemoryFileSystem.store.clear()


def load(artifact: Artifact):
    return load_artifact(artifact.path, artifact.sha256, artifact.kind)


def forget() -> None:
    """Empty the cache, as on another machine."""
    for path in sorted(cache_folder().rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def stored(root: UPath) -> list[str]:
    """The names of all objects below the root."""
    root.fs.invalidate_cache()
    return sorted(path.removeprefix(root.path).lstrip("/") for path in root.fs.find(root.path))


@pytest.mark.promise(
    "Artifacts", "Artifacts in an object store come back as they were, on any machine, verified."
)
def test_values_come_back_on_a_machine_that_never_saw_them(root):
    """A table with its roles, a report with its numbers; the recorded hash is the object's."""
    table = Table.from_pandas(pd.DataFrame({"x": [0.1, float("nan")], "y": [0, 1]}), target="y")
    first = write_artifact(root, ["prefix", "dataset"], "v1", table)
    second = write_artifact(root, ["prefix", "evaluation_report"], "v1", REPORT)
    assert str(first.path) == f"{root}/prefix/dataset/v1/data.parquet"
    assert first.sha256 == hashlib.sha256(root.fs.cat(first.path.path)).hexdigest()
    forget()
    assert load(first).fingerprint == table.fingerprint
    assert load(first).roles == table.roles
    assert load(second) == REPORT
    assert stored(root) == [
        "prefix/dataset/v1/data.parquet",
        "prefix/evaluation_report/v1/report.html",
        "prefix/evaluation_report/v1/report.json",
    ]


def test_what_was_fetched_or_written_is_not_fetched_again(root, monkeypatch):
    """A machine reads its own artifacts, and those it has read, from its cache."""
    artifact = write_artifact(root, ["a"], "v1", {"x": 1})
    forget()
    load(artifact)
    again = write_artifact(root, ["a"], "v2", {"x": 2})
    monkeypatch.setattr(root.fs, "get_file", lambda *_: pytest.fail("fetched"))
    assert (load(artifact), load(again)) == ({"x": 1}, {"x": 2})


def test_equal_content_under_two_names_is_kept_for_both(root):
    """Two assets may store the same numbers; each is read under its own name."""
    artifacts = [write_artifact(root, [name], "v1", {"x": 1}) for name in ("a", "b")]
    assert artifacts[0].sha256 == artifacts[1].sha256
    for _ in range(2):
        assert [load(one) for one in artifacts] == [{"x": 1}] * 2
        forget()


@pytest.mark.promise("Artifacts", "An object of an artifact is never overwritten.")
def test_a_version_is_sent_once(root):
    """The same version again is an error, and the first stays."""
    artifact = write_artifact(root, ["a"], "v1", {"x": 1})
    with pytest.raises(FileExistsError, match=r"a/v1: exists already.*never overwritten"):
        write_artifact(root, ["a"], "v1", {"x": 2})
    forget()
    assert load(artifact) == {"x": 1}


def test_a_writer_that_dies_leaves_no_main_file(root, monkeypatch):
    """The page of a report comes after its numbers; what was sent is no version of anything."""
    send = root.fs.put_file

    def dies_at_the_page(local: str, remote: str, **options: object) -> None:
        if remote.endswith(".html"):
            raise KeyboardInterrupt
        send(local, remote, **options)

    with monkeypatch.context() as patch:
        patch.setattr(root.fs, "put_file", dies_at_the_page)
        with pytest.raises(KeyboardInterrupt):
            write_artifact(root, ["evaluation_report"], "v1", REPORT)
    assert stored(root) == ["evaluation_report/v1/report.json"]
    assert list(cache_folder().iterdir()) == []
    assert load(write_artifact(root, ["evaluation_report"], "v2", REPORT)) == REPORT


@pytest.mark.parametrize("name", ["report.html", "report.json"])
def test_a_changed_object_is_refused(root, name):
    """The message names the object and both hashes; nothing of it stays in the cache."""
    artifact = write_artifact(root, ["evaluation_report"], "v1", REPORT)
    root.fs.pipe_file(artifact.path.with_name(name).path, b"other")
    forget()
    with pytest.raises(ArtifactError, match="the content has changed") as error:
        load(artifact)
    assert f"{artifact.path}: expected SHA-256 {artifact.sha256}, found" in str(error.value)
    assert list(cache_folder().iterdir()) == []


@pytest.mark.parametrize("value", [{"x": 1}, REPORT])
def test_a_missing_object_is_an_error_that_names_it(root, value):
    """A deleted object is not mistaken for an empty result."""
    artifact = write_artifact(root, ["a"], "v1", value)
    root.fs.rm_file(artifact.path.path)
    forget()
    with pytest.raises(ArtifactError, match=r"missing|content has changed") as error:
        load(artifact)
    assert str(artifact.path) in str(error.value)


def test_a_damaged_copy_is_fetched_again(root):
    """The cache is verified at every load, as a local artifact is."""
    artifact = write_artifact(root, ["a"], "v1", {"x": 1})
    copy = cached_folder(artifact.sha256, "a.json") / "a.json"
    copy.write_text("{}")
    assert load(artifact) == {"x": 1}
    assert json.loads(copy.read_text())["x"] == 1


def test_copies_that_nobody_used_for_a_week_are_removed(root):
    """Others stay, with the times of their files, by which their hashes are remembered."""
    old = write_artifact(root, ["a"], "v1", {"x": 1})
    used = write_artifact(root, ["a"], "v2", {"x": 2})
    before = (cached_folder(used.sha256, "a.json") / "a.json").stat().st_mtime_ns
    for artifact in (old, used):
        long_ago = time.time() - UNUSED_SECONDS - 60
        os.utime(cached_folder(artifact.sha256, "a.json"), (long_ago, long_ago))
    load(used)
    assert list(cache_folder().iterdir()) == [cached_folder(used.sha256, "a.json")]
    assert (cached_folder(used.sha256, "a.json") / "a.json").stat().st_mtime_ns == before
    assert load(old) == {"x": 1}


def test_equal_predictions_are_one_version_and_a_changed_one_is_refused(root):
    """They are named by their content; what is there already is verified before it is reused."""
    first, again = (write_artifact(root, ["p"], name, Scores(0.5)) for name in ("v1", "v2"))
    assert first == again
    assert stored(root) == [f"p/{first.sha256[:16]}/predictions.parquet"]
    root.fs.pipe_file(first.path.path, b"other")
    with pytest.raises(ArtifactError, match=r"content has changed.*Remove .*then materialize"):
        write_artifact(root, ["p"], "v3", Scores(0.5))


@pytest.mark.parametrize("value", [{"x": 1}, REPORT])
def test_content_that_is_stored_already_is_not_sent_again(root, value):
    """Unless the earlier version was changed, or has another content or place."""
    earlier = write_artifact(root, ["a"], "v1", value)
    forget()
    assert write_artifact(root, ["a"], "v2", value, earlier) == earlier
    assert write_artifact(root, ["b"], "v2", value, earlier) != earlier
    assert write_artifact(root, ["a"], "v2", {"x": 2}, earlier) != earlier
    root.fs.pipe_file(earlier.path.path, b"other")
    assert load(write_artifact(root, ["a"], "v3", value, earlier)) == value


def test_a_removed_version_is_gone_with_all_its_objects(root):
    """To remove it again is no error; other versions stay."""
    gone, stays = (write_artifact(root, ["r"], name, REPORT) for name in ("v1", "v2"))
    for _ in range(2):
        remove_artifact(gone.path)
    assert stored(root) == ["r/v2/report.html", "r/v2/report.json"]
    forget()
    assert load(stays) == REPORT


def test_a_value_that_cannot_be_written_sends_nothing(root):
    """A NaN found in the middle of a report leaves nothing behind."""
    with pytest.raises(ArtifactError, match="auc"):
        write_artifact(root, ["a"], "v1", Report("<p>", {"auc": float("nan")}))
    assert stored(root) == []


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("s3://no-such-bucket/prefix", "no-such-bucket"),
        ("nosuch://bucket/prefix", "nosuch"),
    ],
)
@pytest.mark.s3
def test_a_store_that_cannot_be_used_is_one_line(object_store, monkeypatch, tmp_path, url, message):
    """The message names the URL and what to check."""
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    for name, value in object_store.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ArtifactError, match=message) as error:
        write_artifact(location(url), ["a"], "v1", {"x": 1})
    assert "\n" not in str(error.value)


def test_a_plain_path_is_a_folder_of_this_machine(tmp_path, monkeypatch):
    """Only a text with a scheme is a URL; a relative path is below the current folder."""
    monkeypatch.chdir(tmp_path)
    assert location("data/artifacts") == tmp_path / "data" / "artifacts"
    assert str(location("s3://bucket/a")) == "s3://bucket/a"


def test_a_cache_in_a_folder_with_other_things_leaves_them_alone(root):
    """Whoever names a folder as the cache has not said that its old files may go."""
    artifact = write_artifact(root, ["a"], "v1", {"x": 1})
    others = [cache_folder() / "thesis", cache_folder() / "notes.txt"]
    others[0].mkdir()
    others[1].write_text("kept")
    long_ago = time.time() - UNUSED_SECONDS - 60
    for path in others:
        os.utime(path, (long_ago, long_ago))
    load(artifact)
    assert all(path.exists() for path in others)


def test_a_removal_that_was_killed_goes_on(root):
    """The main file is gone, the others are not: the next removal takes them, another none."""
    report = write_artifact(root, ["evaluation_report"], "v1", REPORT)
    write_artifact(root, ["evaluation_report"], "v2", REPORT)
    root.fs.rm_file(report.path.path)
    assert any("/v1/" in name for name in stored(root))
    for _ in range(2):
        remove_artifact(report.path)
        assert {name.split("/")[1] for name in stored(root)} == {"v2"}
