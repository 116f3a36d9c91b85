"""The page of promises is that of the tests."""

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_every_promise_is_on_the_page_with_its_test() -> None:
    """`make docs` writes it again where one was added, changed or removed."""
    spec = importlib.util.spec_from_file_location("build", DOCS / "build_reliability.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    written = (DOCS / "reliability.md").read_text(encoding="utf-8")
    assert written == build.page()
    assert written.count("| `tests/") > 20
