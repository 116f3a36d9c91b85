"""The direction of imports, and what importing may load."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "lr_pipeline"

# Each room may import itself and the rooms to the right of its own name.
ORDER = (
    (
        "command_line",
        "definitions",
        "progress",
        "commands",
        "new_location",
        "table_options",
        "asset_names",
        "workspace_file",
        "spoken_options",
    ),
    ("pipeline",),
    (
        "assets",
        "checks",
        "jobs",
        "schedules",
        "resources",
        "metadata",
        "trained_columns",
        "training_config",
        "evaluation_config",
        "scoring_config",
        "study_config",
        "study_metadata",
    ),
    (
        "estimators",
        "evaluation",
        "judging",
        "remaining_descent",
        "scoring",
        "studies",
        "pass_progress",
    ),
    ("models", "report", "storage"),
    ("engines",),
    ("tables",),
    ("format_version",),
    ("core", "versions"),
)
SAME_LEVEL = {
    ("command_line", "commands"),
    ("command_line", "progress"),
    ("command_line", "table_options"),
    ("command_line", "asset_names"),
    ("command_line", "spoken_options"),
    ("commands", "spoken_options"),
    ("progress", "spoken_options"),
    ("asset_names", "new_location"),
    ("new_location", "workspace_file"),
    ("commands", "workspace_file"),
    ("commands", "table_options"),
    ("commands", "new_location"),
    ("assets", "metadata"),
    ("checks", "metadata"),
    ("checks", "trained_columns"),
    ("assets", "trained_columns"),
    ("trained_columns", "metadata"),
    ("checks", "resources"),
    ("assets", "resources"),
    ("assets", "training_config"),
    ("assets", "evaluation_config"),
    ("assets", "scoring_config"),
    ("assets", "study_config"),
    ("assets", "study_metadata"),
    ("scoring_config", "training_config"),
    ("study_config", "training_config"),
    ("evaluation_config", "training_config"),
    ("evaluation", "judging"),
    ("evaluation", "remaining_descent"),
    ("jobs", "training_config"),
    ("schedules", "jobs"),
    ("storage", "models"),  # only inside a function: a format reads its own kind
    ("storage", "report"),
}
DAGSTER_ROOMS = {*ORDER[0], *ORDER[1], *ORDER[2]}
DAGSTER_FILES = {"storage/io_managers.py", "storage/catalogue.py", "storage/home.py"}
DAGSTER_FILES |= {"storage/run_processes.py", "storage/check_results.py"}

LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in rooms}


def imported_modules(path: Path) -> list[str]:
    """Every absolute module name that a file imports, wherever in it."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
    return found


def files() -> list[Path]:
    """All modules of the package but its root, which only documents and defers."""
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def room_of(path: Path) -> str:
    """First part of a module's name below the package."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    """A room imports only itself and rooms nearer to the core."""
    room = room_of(path)
    for module in imported_modules(path):
        if module.startswith("lr_pipeline."):
            other = module.split(".")[1]
            allowed = other == room or LEVEL[other] > LEVEL[room] or (room, other) in SAME_LEVEL
            assert allowed, f"{room} imports {other}"


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_dagster_layer_imports_dagster(path: Path) -> None:
    """Mathematics, tables and the report can be used without an orchestrator."""
    name = path.relative_to(PACKAGE).as_posix()
    imports_dagster = any(module.split(".")[0] == "dagster" for module in imported_modules(path))
    if imports_dagster:
        assert room_of(path) in DAGSTER_ROOMS or name in DAGSTER_FILES


@pytest.mark.parametrize("path", sorted((PACKAGE / "core").rglob("*.py")), ids=lambda p: p.stem)
def test_the_core_imports_numpy_and_scipy_alone(path: Path) -> None:
    """The mathematics depends on nothing else, but for the types of its arrays."""
    allowed = {"numpy", "scipy", "jaxtyping", "lr_pipeline", *sys.stdlib_module_names}
    assert {module.split(".")[0] for module in imported_modules(path)} <= allowed


def test_no_module_defers_annotations_where_dagster_reads_them() -> None:
    """``from __future__ import annotations`` breaks the types of context and config."""
    for path in files():
        if any(module.split(".")[0] == "dagster" for module in imported_modules(path)):
            assert "__future__" not in imported_modules(path), path


def test_no_module_uses_pickle() -> None:
    """Artifacts are data, not code."""
    for path in files():
        assert not {"pickle", "cloudpickle", "joblib", "dill"} & set(imported_modules(path)), path


TESTS = sorted(Path(__file__).parent.rglob("test_*.py"))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_every_test_says_what_it_shows(path: Path) -> None:
    """The name is the claim, the docstring the behaviour."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            assert ast.get_docstring(node), node.name


def loaded_after(statement: str, modules: set[str]) -> set[str]:
    """Which of ``modules`` a fresh interpreter has loaded after a statement."""
    code = f"{statement}\nimport sys\nprint(*(set({sorted(modules)!r}) & set(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


def test_importing_the_core_is_light() -> None:
    """The core loads numpy and scipy only."""
    heavy = {"dagster", "torch", "pandas", "sklearn", "matplotlib", "pyarrow"}
    assert loaded_after("import lr_pipeline.core.fit, lr_pipeline.core.linear", heavy) == set()


def test_loading_the_definitions_defers_heavy_libraries() -> None:
    """The code server starts without torch, matplotlib, scikit-learn."""
    heavy = {"torch", "matplotlib", "sklearn", "pandas", "statsmodels", "dask", "distributed"}
    assert loaded_after("import lr_pipeline.definitions", heavy) == set()


def test_importing_the_package_loads_nothing() -> None:
    """``import lr_pipeline`` costs no more than reading one file."""
    heavy = {"numpy", "scipy", "dagster", "pyarrow"}
    assert loaded_after("import lr_pipeline", heavy) == set()


def test_the_package_has_no_attribute_that_it_does_not_define() -> None:
    """Deferred names do not hide a misspelling."""
    import lr_pipeline

    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        lr_pipeline.lod  # noqa: B018
