"""Which files whoever launches a run may name."""

import os
from pathlib import Path

import fsspec
import pytest

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.sources.data_root import require_in_data_root

REMEDY = "Move it"


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """The current folder, with files in it, beside it, and links from one to the other."""
    folder = tmp_path / "project"
    (folder / "parts").mkdir(parents=True)
    for place in ("new.csv", "parts/0.csv", ".env", "../outside.csv"):
        (folder / place).write_text("y,x\n0,1\n")
    (folder / "link.csv").symlink_to("../outside.csv")
    (folder / "up").symlink_to("..")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "a.csv").write_text("y\n")
    monkeypatch.chdir(folder)
    monkeypatch.delenv("LR_PIPELINE_DATA_ROOT", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    fsspec.filesystem("memory").pipe_file("/a.csv", b"y,x\n0,1\n")
    return folder


@pytest.mark.parametrize(
    "place",
    ["new.csv", "./new.csv", "parts", "parts/*.csv", "*.csv/../new.csv", "up/project/new.csv"],
)
def test_files_of_the_project_may_be_named(project, place) -> None:
    """Relative or absolute, a folder or a pattern; a missing file is left to the reader."""
    require_in_data_root(place, REMEDY)
    require_in_data_root(f"{project}/{place}", REMEDY)
    require_in_data_root("missing.csv", REMEDY)


@pytest.mark.parametrize(
    "place",
    [
        "/etc/passwd",
        "../outside.csv",
        "parts/../../outside.csv",
        "link.csv",
        "up/outside.csv",
        "up/*.csv",
        "*/../../outside.csv",
        "**/../../outside.csv",
        "l*.csv",
        "~/outside.csv",
        "file:/etc/passwd",
        "file:///etc/passwd",
        "local:/etc/passwd",
        "simplecache::/etc/passwd",
        "memory://a.csv",
        "http://127.0.0.1:9/a.csv",
        "s3://bucket/a.csv",
        ".env",
        "?env",
        ".hidden/a.csv",
        "..",
        "/",
        "/etc/*",
        "/nowhere/at/all.csv",
    ],
)
def test_what_is_outside_or_hidden_is_refused_without_a_look(project, place) -> None:
    """The message names the place as given and the root, not what is there."""
    message = f"{place!r} lies outside the data root {project}. Move it."
    with pytest.raises(TableError) as caught:
        require_in_data_root(place, REMEDY)
    assert str(caught.value) == message


def test_the_root_can_be_chosen(project, monkeypatch) -> None:
    """By whoever starts the code location."""
    monkeypatch.setenv("LR_PIPELINE_DATA_ROOT", str(project.parent))
    require_in_data_root("../outside.csv", REMEDY)
    monkeypatch.setenv("LR_PIPELINE_DATA_ROOT", "parts")
    require_in_data_root("parts/0.csv", REMEDY)
    with pytest.raises(TableError, match=os.fspath(project / "parts")):
        require_in_data_root("new.csv", REMEDY)
