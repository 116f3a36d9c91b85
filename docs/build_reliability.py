"""Write docs/reliability.md: what may be relied on, each promise with the test that holds it.

A promise stands on its test: ``@pytest.mark.promise("Services", "A dead process comes back …")``.
``python docs/build_reliability.py`` collects them; tests/docs/test_reliability.py compares.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).parent
TESTS = DOCS.parent / "tests"
SUITES = {"faults", "postgres", "s3", "slow", "ui", "dask"}
HEAD = """\
# What may be relied on

Written by `make docs` from the tests: each promise stands on the test that holds it. A test without
another suite runs with `make test`.
"""


class Promise(NamedTuple):
    """A promise about a ``part`` of the project, the test that holds it and the test's suite."""

    part: str
    words: str
    test: str
    suite: str


def promises() -> Iterator[Promise]:
    """Yield the promises of all tests, by file and place in it."""
    for path in sorted(TESTS.rglob("test_*.py")):
        tree = ast.parse(path.read_text())
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                name = f"tests/{path.relative_to(TESTS)}::{node.name}"
                suites = _marks(node.decorator_list) | _file_marks(tree)
                suite = next(iter(sorted(SUITES & suites)), "")
                for one in node.decorator_list:
                    if isinstance(one, ast.Call) and _mark(one) == "promise":
                        part, words = (ast.literal_eval(text) for text in one.args)
                        yield Promise(part, words, name, suite)


def page() -> str:
    """Return the page: a table for each part."""
    parts: dict[str, list[Promise]] = {}
    for one in promises():
        parts.setdefault(one.part, []).append(one)
    texts = [HEAD]
    for part, held in sorted(parts.items()):
        rows = [f"| {one.words} | `{one.test}` | {_command(one.suite)} |" for one in held]
        texts.append(
            "\n".join([f"## {part}\n", "| promise | test | suite |", "|---|---|---|", *rows])
        )
    return "\n\n".join(text.strip("\n") for text in texts) + "\n"


def _command(suite: str) -> str:
    return f"`make test-{suite}`" if suite else "`make test`"


def _file_marks(tree: ast.Module) -> set[str]:
    """The marks of a whole file: ``pytestmark = …``."""
    found = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "pytestmark"
    ]
    return _marks([part for value in found for part in getattr(value, "elts", [value])])


def _marks(nodes: list[ast.expr]) -> set[str]:
    return {_mark(node) for node in nodes}


def _mark(node: ast.expr) -> str:
    """The name of a mark, with arguments or without."""
    return getattr(node.func if isinstance(node, ast.Call) else node, "attr", "")


if __name__ == "__main__":
    (DOCS / "reliability.md").write_text(page(), encoding="utf-8")
