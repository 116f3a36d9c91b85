"""The sample tables agree with their README, and its recipes make them."""

import re
from pathlib import Path

import pytest

from lr_pipeline.tables.sources.declared_tables import FileTable

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
README = (SAMPLES / "README.md").read_text()
TARGETS = {
    "breast_cancer": "malignant",
    "spector": "GRADE",
    "fair": "affair",
    "titanic": "survived",
}


@pytest.mark.parametrize("name", TARGETS)
def test_the_recipe_in_the_readme_makes_the_file(name, tmp_path, monkeypatch):
    """Running a recipe in an empty folder writes the shipped bytes."""
    recipe = re.search(rf"### {name}\.csv\n.*?```python\n(.*?)```", README, re.DOTALL)[1]
    (tmp_path / "data" / "samples").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    exec(compile(recipe, f"{name} recipe", "exec"), {})
    made = (tmp_path / "data" / "samples" / f"{name}.csv").read_bytes()
    assert made == (SAMPLES / f"{name}.csv").read_bytes()


@pytest.mark.parametrize("name", TARGETS)
def test_the_readme_states_rows_columns_and_target(name):
    """The table's row of the README matches the file as the package reads it."""
    cells = [cell.strip() for cell in re.search(rf"\| `{name}.csv` .*", README)[0].split("|")]
    table = FileTable(SAMPLES / f"{name}.csv", TARGETS[name]).read()
    assert int(cells[3].replace(",", "")) == table.num_rows
    assert int(cells[4]) == len(table.schema)
    assert cells[5].startswith(f"`{table.roles.target}`")


def test_titanic_has_the_missing_values_that_the_readme_states():
    """263 ages, 2 ports and 1 fare are missing, as in the source."""
    table = FileTable(SAMPLES / "titanic.csv", "survived").read()
    missing = {name: table.column(name).null_count for name in table.schema.names}
    assert {name: n for name, n in missing.items() if n} == {"age": 263, "embarked": 2, "fare": 1}
