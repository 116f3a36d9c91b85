"""Tables that have a code location of their own."""

import pytest

from lr_pipeline.cli.location_file import NewLocation, write_location
from lr_pipeline.orchestration.instance.located_tables import located_tables
from lr_pipeline.tables.sources.declared_tables import FileTable

OWN = """
from lr_pipeline import FileTable, build_definitions
import lr_pipeline as lr
a = build_definitions(FileTable("a.csv", "y"), "positional")
b = lr.build_definitions(FileTable("a.csv", "y"), name="named")
c = build_definitions(FileTable("a.csv", "y"), name=unknown())
raise SystemExit("run")
"""


def test_a_location_that_new_wrote_is_found(tmp_path) -> None:
    """Its name is in workspace.yaml and in its file."""
    (tmp_path / "t.csv").write_text("x,y\n" + "1,0\n2,1\n3,1\n4,0\n" * 5)
    write_location(NewLocation("churn", FileTable(tmp_path / "t.csv", "y")), tmp_path)
    assert located_tables(tmp_path) == {"churn"}
    (tmp_path / "locations" / "churn.py").unlink()
    assert located_tables(tmp_path) == set()


@pytest.mark.parametrize(
    ("entry", "file"),
    [
        ("python_file: own.py", "own.py"),
        ("python_file: {relative_path: a/own.py}", "a/own.py"),
        ("python_module: own", "own.py"),
        ("python_module: {module_name: a.own}", "a/own/__init__.py"),
        ("python_module: {module_name: own, working_directory: src}", "src/own.py"),
    ],
)
def test_a_location_of_ones_own_is_found_and_not_run(tmp_path, entry, file) -> None:
    """A name that is computed cannot be known."""
    (tmp_path / "workspace.yaml").write_text(f"load_from:\n  - {entry}\n")
    assert located_tables(tmp_path) == set()
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(OWN)
    assert located_tables(tmp_path) == {"positional", "named"}
    path.write_text("def (")
    assert located_tables(tmp_path) == set()


@pytest.mark.parametrize(
    "text", ["", "load_from: 3", "[", "- a", "load_from: [3, {python_file: 4}]"]
)
def test_an_unusual_workspace_has_no_tables(tmp_path, text) -> None:
    """Dagster says what is wrong with it."""
    (tmp_path / "workspace.yaml").write_text(text)
    assert located_tables(tmp_path) == set()
    assert located_tables(tmp_path / "none") == set()
