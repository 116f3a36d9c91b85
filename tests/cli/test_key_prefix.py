"""The names of a file's assets; two files do not get the same names."""

from collections.abc import Iterator
from pathlib import Path

import click
import dagster as dg
import pytest

import lr_pipeline
from lr_pipeline.cli.key_prefix import asset_prefix, own_prefix

ROWS = "x,y\n" + "".join(f"{(k * 7) % 11},{k % 2}\n" for k in range(40))


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


def fingerprint(folder: Path) -> str:
    """Return the fingerprint of the training rows of table ``train``."""
    model = lr_pipeline.load("train/numpy_model", home=folder / ".dagster_home")
    return model.train_fingerprint


@pytest.fixture
def instance(folder) -> Iterator[dg.DagsterInstance]:
    """The instance of the runs in that folder."""
    with dg.DagsterInstance.from_config(str(folder / ".dagster_home")) as opened:
        yield opened


def test_another_file_of_the_same_name_is_refused(run, folder, trained) -> None:
    """Its model would silently replace the first one's; the message names both."""
    result = run("run", "b/train.csv", "--target", "y")
    assert result.exit_code == 1
    assert "b/train.csv: its assets would be train/…" in result.stderr
    assert f"of those of {folder / 'a/train.csv'}. Give it a name of its own" in result.stderr
    assert fingerprint(folder) == trained


def test_the_same_file_spelled_otherwise_is_the_same(folder, trained, instance) -> None:
    """The path is another one, or a URL."""
    for spelling in ("./b/../a/train.csv", f"file://{folder / 'a/train.csv'}"):
        assert own_prefix(spelling, instance) == "train"


def test_a_name_that_was_given_is_taken(run, folder, trained) -> None:
    """Here it is the first file's, whose model is then replaced as asked."""
    result = run("run", "b/train.csv", "--target", "y", "--name", "train")
    assert result.exit_code == 0, result.output
    assert fingerprint(folder) != trained


def test_a_code_location_keeps_its_name(run, folder, trained, instance) -> None:
    """Its own file has it, also before its first run; an unreadable one has none."""
    assert run("new", "table", "a/train.csv", "--target", "y").exit_code == 0
    with pytest.raises(click.ClickException, match="its assets would be table/…"):
        own_prefix("b/客户.csv", instance)
    (folder / "locations" / "table.py").write_text("table = FileTable(")
    assert own_prefix("b/客户.csv", instance) == "table"
