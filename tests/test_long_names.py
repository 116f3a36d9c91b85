"""Tables with long names and texts: messages and logs stay small."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lr_pipeline.orchestration.metadata.value_metadata import (
    existence_metadata,
    profile_metadata,
    table_metadata,
)
from lr_pipeline.tables.errors import Problem, TableError
from lr_pipeline.tables.feature_profile import profile_features
from lr_pipeline.tables.preparation.encoding import CategoryEncoding
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.validate import find_problems, useful_features

ROWS = 120


def frame() -> pd.DataFrame:
    """A label and a number that depends on it."""
    rng = np.random.default_rng(3)
    y = np.arange(ROWS) % 2
    return pd.DataFrame({"y": y, "x": rng.normal(size=ROWS) + y})


@pytest.mark.parametrize("longest", [1_001, 20_000])
@pytest.mark.parametrize("role", ["feature", "id", "group", "target"])
def test_a_text_that_is_no_category_is_named_with_its_row(role, longest) -> None:
    """The message has length, bound and first row, and is itself short."""
    table = frame()
    table["c"] = [f"level {k % 4}" for k in range(ROWS)]
    if role == "id":
        table["c"] = [f"row {k}" for k in range(ROWS)]
    if role == "target":
        table["c"] = np.where(table["y"] == 1, "yes", "no")
    table.loc[table["c"] == table.loc[6, "c"], "c"] = "z" * longest
    target = "c" if role == "target" else "y"
    named = {} if role in ("feature", "target") else {role: "c"}
    problems = find_problems(Table.from_pandas(table, target=target, **named))
    (found,) = (one for one in problems if "characters" in one.message)
    first = int(np.argmax(table["c"].str.len() > 1_000)) + 1
    assert found.row == first
    assert f"column 'c' has a text of {longest:,} characters; a category" in found.message
    assert "at most 1,000" in found.message
    assert f"first longer one at row {first}" in found.message
    assert ("exclude=['c']" in found.remedy) == (role == "feature")
    assert max(len(str(one)) for one in problems) < 500


@pytest.mark.parametrize("levels", [101, ROWS])
def test_free_text_with_a_long_one_is_left_out_as_other_free_text(levels) -> None:
    """More than 100 levels, or one level per row, cannot be a category anyway."""
    table = frame()
    table["c"] = [f"note {k % levels}" + "z" * 2_000 * (k % levels == 5) for k in range(ROWS)]
    kept, left_out = useful_features(Table.from_pandas(table, target="y"))
    assert kept.roles.features == ("x",)
    assert [one["column"] for one in left_out] == ["c"]
    assert "is text with" in left_out[0]["reason"]


def test_a_text_of_exactly_the_longest_length_is_a_category() -> None:
    """The limit is in characters, not bytes."""
    table = frame()
    table["c"] = ["é" * 1_000 if k % 3 else "short" for k in range(ROWS)]
    assert not find_problems(Table.from_pandas(table, target="y"))


def test_a_long_column_name_is_refused() -> None:
    """The name would appear in every message, page and log."""
    table = frame().rename(columns={"x": "x" * 1_001})
    (found,) = find_problems(Table.from_pandas(table, target="y"))
    assert "the name of column" in found.message
    assert len(str(found)) < 300


def test_long_levels_have_short_names_of_their_own() -> None:
    """Two levels that begin alike remain two columns; a short level keeps its name."""
    levels = ("a" * 100, "b" * 101, "b" * 102)
    names = CategoryEncoding("c", "reference", levels, marks_missing=False).columns
    assert names[0] == f"c={levels[0]}"
    assert len(set(names)) == 3
    assert all(re.fullmatch(r"c=b{100}…#[0-9a-f]{8}", name) for name in names[1:])


def test_a_message_is_cut_and_says_how_long_it_was() -> None:
    """That holds for any names and values of a table in the message."""
    text = str(Problem("m" * 5_000, "r" * 5_000))
    assert "… (5,000 characters). r" in text
    assert len(text) < 2_000


def test_an_error_lists_the_first_fifty_problems() -> None:
    """It gives the number of the others; the exception holds all of them."""
    error = TableError(*(Problem(f"problem {k}", "Mend it") for k in range(3_000)), source="t.csv")
    lines = str(error).splitlines()
    assert len(lines) == 51
    assert lines[-1] == "t.csv: and 2,950 more problems"
    assert len(error.problems) == 3_000


def metadata_size(values: dict[str, object]) -> int:
    """Number of characters that Dagster would store."""
    return len(repr(values))


def test_metadata_of_a_wide_table_of_long_names_is_small() -> None:
    """With 800 names of 900 characters, all metadata of an asset except the contract is cut."""
    names = [f"{k:04d}" + "n" * 896 for k in range(800)]
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(4, 800)), columns=names).assign(y=[0, 1, 0, 1])
    table["c"] = ["q" * 900, "r" * 900, "q" * 900, "s" * 900]
    wide = Table.from_pandas(table, target="y")
    found = table_metadata(wide)
    contract = found.pop("contract")
    assert len(contract.value["columns"]) == 802
    assert metadata_size(found) < 60_000
    assert metadata_size(profile_metadata(profile_features(wide))) < 100_000
    existence = {
        "verdict": "complete_separation",
        "columns": names,
        "separating_columns": names,
        "separating_direction": [1.0] * len(names),
        "separating_intercept": 0.0,
        "separated_rows": 4,
        "dependent_columns": names,
    }
    assert metadata_size(existence_metadata(existence)) < 60_000


def test_a_run_on_long_names_logs_little(run, folder) -> None:
    """Names and levels of 900 characters add little to the history and the terminal."""
    rng = np.random.default_rng(7)
    y = np.arange(240) % 2
    table = pd.DataFrame(rng.normal(size=(240, 5)), columns=[f"{k}" + "n" * 899 for k in range(5)])
    table["c"] = np.array([ch * 900 for ch in "abcdefgh"], dtype=object)[rng.integers(0, 8, 240)]
    table.assign(y=y).to_csv(folder / "long.csv", index=False)
    result = run("run", folder / "long.csv", "--target", "y")
    assert result.exit_code == 0, result.output
    assert len(result.output) < 10_000
    logs = (folder / ".dagster_home" / "history" / "runs").glob("*.db")
    assert 0 < sum(path.stat().st_size for path in logs) < 5_000_000


def test_a_huge_cell_is_refused_in_a_line(run, folder: Path) -> None:
    """Twenty million characters reach neither the terminal nor the event log."""
    table = frame()
    table["c"] = ["abcd"[k % 4] for k in range(ROWS)]
    table.loc[7, "c"] = "z" * 20_000_000
    table.to_csv(folder / "cell.csv", index=False)
    result = run("run", folder / "cell.csv", "--target", "y")
    assert result.exit_code == 1
    assert "column 'c' has a text of 20,000,000 characters" in result.output
    assert len(result.output) < 1_000
    home = folder / ".dagster_home"
    assert sum(p.stat().st_size for p in home.rglob("*") if p.is_file()) < 10_000_000
