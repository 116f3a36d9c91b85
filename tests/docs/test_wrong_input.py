"""The page on faults of tables: the tests that it names exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "docs/wrong_input.md").read_text())


def test_every_row_of_the_page_names_a_test() -> None:
    """A fault without a test would be an unchecked promise."""
    text = (ROOT / "docs/wrong_input.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    heads = [line for line in rows if line.endswith("| test |")]
    assert len(heads) == 3
    assert len(NAMED) == len(rows) - len(heads) > 40


@pytest.mark.parametrize(("file", "function"), NAMED, ids=[" ".join(one) for one in NAMED])
def test_a_named_test_exists(file: str, function: str) -> None:
    """The file exists, and the function in it if one is named."""
    names = [
        node.name
        for node in ast.walk(ast.parse((ROOT / file).read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert names
    assert not function or function in names
