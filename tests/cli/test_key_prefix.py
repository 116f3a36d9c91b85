"""The names of a file's assets; two files do not get the same names."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import lr_pipeline
from lr_pipeline.cli.key_prefix import asset_prefix

ROWS = "x,y\n" + "".join(f"{(k * 7) % 11},{k % 2}\n" for k in range(40))
Run = Callable[..., Result]


@pytest.mark.parametrize(
    ("file", "prefix"),
    [
        ("data/my-table.csv", "my_table"),
        ("客户.csv", "table"),
        ("a b.c.parquet", "a_b_c"),
        ("rows.csv.gz", "rows"),
    ],
)
def test_asset_keys_come_from_file_names(file, prefix) -> None:
    """They have letters, digits and underscores only."""
    assert asset_prefix(file) == prefix


@pytest.fixture(scope="module")
def trained(run, folder) -> str:
    """Return the fingerprint of the training rows of a/train.csv."""
    for name in ("a/train.csv", "b/train.csv", "b/客户.csv"):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(ROWS.replace("7,", "8,") if name[0] == "b" else ROWS)
    result = run("run", "a/train.csv", "--target", "y")
    assert result.exit_code == 0, result.output
    return fingerprint(folder)


def fingerprint(folder: Path, name: str = "train") -> str:
    """Return the fingerprint of a table's training rows."""
    model = lr_pipeline.load(f"{name}/numpy_model", home=folder / ".dagster_home")
    return model.train_fingerprint


def test_another_file_of_the_same_name_is_refused(run, folder, trained) -> None:
    """Its model would silently replace the first one's; the message names both."""
    result = run("run", "b/train.csv", "--target", "y")
    assert result.exit_code == 1
    assert "b/train.csv: its assets would be train/…" in result.stderr
    assert f"of those of {folder / 'a/train.csv'}. Give it a name of its own" in result.stderr
    assert fingerprint(folder) == trained


def test_the_same_file_spelled_otherwise_is_the_same(run, folder, trained) -> None:
    """The path is another one, or a URL."""
    for spelling in ("./b/../a/train.csv", f"file://{folder / 'a/train.csv'}"):
        result = run("run", spelling, "--target", "y")
        assert result.exit_code == 0, result.output


def test_a_name_that_was_given_is_taken(run, folder, trained) -> None:
    """It is a new name, or the first file's, whose model it then replaces as asked."""
    for name in ("other", "train"):
        result = run("run", "b/train.csv", "--target", "y", "--name", name)
        assert result.exit_code == 0, result.output
    assert fingerprint(folder) == fingerprint(folder, "other") != trained


def test_a_code_location_keeps_its_name(run, folder, trained) -> None:
    """Its own file has it, also before its first run; an unreadable one has none."""
    assert run("new", "table", "a/train.csv", "--target", "y").exit_code == 0
    result = run("run", "b/客户.csv", "--target", "y")
    assert result.exit_code == 1
    assert "its assets would be table/…" in result.stderr
    (folder / "locations" / "table.py").write_text("table = FileTable(")
    result = run("run", "b/客户.csv", "--target", "y")
    assert result.exit_code == 0, result.output
