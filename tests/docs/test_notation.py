"""The glossary of docs/notation.md: the names in it exist in the package."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "docs/notation.md").read_text().split("## Glossary")[1].split("\n## ")[0]
TERMS = re.findall(r"^\| ([^|`]+) \| `([^`]+)` \| ([^|]+) \|$", GLOSSARY, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def names() -> set[str]:
    """Every module, class, function, argument, attribute and variable of the package."""
    found = set()
    for path in (ROOT / "lr_pipeline").rglob("*.py"):
        found.add(path.stem)
        for node in ast.walk(ast.parse(path.read_text())):
            for field in ("name", "id", "attr", "arg"):
                if isinstance(name := getattr(node, field, None), str):
                    found.add(name)
    return found


def test_the_glossary_is_in_order_and_each_term_has_a_line() -> None:
    """Terms are in alphabetical order, and this test reads every line of the table."""
    terms = [term for term, _, _ in TERMS]
    lines = [line for line in GLOSSARY.splitlines() if line.startswith("| ")]
    assert len(terms) == len(lines) - 1 > 20
    assert terms == sorted(terms)


@pytest.mark.parametrize(("term", "code", "meaning"), TERMS, ids=[term for term, _, _ in TERMS])
def test_a_term_of_the_glossary_is_in_the_package(names, term, code, meaning) -> None:
    """A search for the term in the code finds it."""
    assert code in names
    assert len(meaning) > 20
