"""Imports between rooms go one way, file names are unique, and public imports are light."""

import ast
import functools
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "lr_pipeline"

# Each room may import itself and the rooms below it.
ORDER = (
    ("cli", "definitions"),
    ("orchestration",),
    ("export", "lifecycle"),
    ("scoring", "studies", "estimators"),
    ("storage",),
    ("report",),
    ("evaluation",),
    ("models",),
    ("engines",),
    ("tables",),
    ("core", "versions"),
)
DAGSTER_ROOMS = {"cli", "definitions", "orchestration"}
CLUSTER = "lr_pipeline.engines.cluster"
MOST_LINES, MOST_OF_FUNCTION = 300, 45
LONG_FUNCTIONS = {"build_definitions"}  # a door: each of its many settings is a parameter

LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in rooms}


@functools.cache
def parsed(path: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse(path.read_text())


@functools.cache
def imported_modules(path: Path) -> list[str]:
    """Every absolute module name that a file imports, at any place in it."""
    found = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
    return found


def files() -> list[Path]:
    """All modules of the package except its root, which only documents and imports lazily."""
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def room_of(path: Path) -> str:
    """The first part of a module's name below the package."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def test_imports_point_one_way() -> None:
    """A room imports only itself and rooms nearer to the core."""
    for path in files():
        room = room_of(path)
        for module in imported_modules(path):
            if module.startswith("lr_pipeline."):
                other = module.split(".")[1]
                assert other == room or LEVEL[other] > LEVEL[room], f"{path} imports {module}"


def test_nothing_outside_the_cluster_engine_imports_its_insides() -> None:
    """The ``__init__`` of ``engines/cluster`` exports what other rooms may use."""
    for path in files():
        if path.parent != PACKAGE / "engines" / "cluster":
            inside = [one for one in imported_modules(path) if one.startswith(f"{CLUSTER}.")]
            assert not inside, f"{path} imports {inside}"


def test_only_the_dagster_layer_imports_dagster() -> None:
    """Mathematics, tables and the report can be used without an orchestrator."""
    for path in files():
        if any(module.split(".")[0] == "dagster" for module in imported_modules(path)):
            assert room_of(path) in DAGSTER_ROOMS, path


def test_the_core_imports_numpy_and_scipy_alone() -> None:
    """The mathematics depends on nothing else, except for the types of its arrays."""
    allowed = {"numpy", "scipy", "jaxtyping", "lr_pipeline", *sys.stdlib_module_names}
    for path in (PACKAGE / "core").rglob("*.py"):
        assert {module.split(".")[0] for module in imported_modules(path)} <= allowed, path


def test_files_and_functions_are_short() -> None:
    """A file has at most 300 lines, a function 45 without its docstring."""
    for path in files():
        assert len(path.read_text().splitlines()) <= MOST_LINES, path
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef) and node.name not in LONG_FUNCTIONS:
                assert lines_without_docstring(node) <= MOST_OF_FUNCTION, f"{path}: {node.name}"


def lines_without_docstring(function: ast.FunctionDef) -> int:
    """How many lines a function has, its parameters among them."""
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        lines -= function.body[0].end_lineno - function.body[0].lineno + 1
    return lines


def test_no_module_defers_annotations_where_dagster_reads_them() -> None:
    """``from __future__ import annotations`` breaks the types of context and config."""
    for path in files():
        if any(module.split(".")[0] == "dagster" for module in imported_modules(path)):
            assert "__future__" not in imported_modules(path), path


def test_no_module_uses_pickle() -> None:
    """Artifacts are data, not code."""
    for path in files():
        assert not {"pickle", "cloudpickle", "joblib", "dill"} & set(imported_modules(path)), path


def test_every_test_says_what_it_shows() -> None:
    """The name is the claim, the docstring the behaviour."""
    for path in Path(__file__).parent.rglob("test_*.py"):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                assert ast.get_docstring(node), f"{path}: {node.name}"


def loaded_after(statement: str, modules: set[str]) -> set[str]:
    """Those of ``modules`` that a new interpreter has loaded after a statement."""
    code = f"{statement}\nimport sys\nprint(*(set({sorted(modules)!r}) & set(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


def test_importing_the_core_is_light() -> None:
    """The core loads numpy and scipy only."""
    heavy = {"dagster", "torch", "pandas", "sklearn", "matplotlib", "pyarrow"}
    assert (
        loaded_after(
            "import lr_pipeline.core.fitting.fit, lr_pipeline.core.least_squares.linear_fit", heavy
        )
        == set()
    )


def test_loading_the_definitions_defers_heavy_libraries() -> None:
    """The code server starts without torch, matplotlib, scikit-learn."""
    heavy = {"torch", "matplotlib", "sklearn", "pandas", "statsmodels", "dask", "distributed"}
    assert loaded_after("import lr_pipeline.definitions", heavy) == set()


def test_importing_the_package_loads_nothing() -> None:
    """``import lr_pipeline`` costs no more than reading one file."""
    heavy = {"numpy", "scipy", "dagster", "pyarrow"}
    assert loaded_after("import lr_pipeline", heavy) == set()


def test_the_package_has_no_attribute_that_it_does_not_define() -> None:
    """The lazy imports do not hide a misspelled name."""
    import lr_pipeline

    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        lr_pipeline.lod  # noqa: B018


PUBLIC = {
    "DaskEngine",
    "Engine",
    "FileTable",
    "SplitPolicy",
    "SqlTable",
    "SyntheticTable",
    "Table",
    "TableError",
    "assess_existence",
    "build_definitions",
    "evaluate",
    "fit_linear",
    "fit_logistic",
    "infer",
    "load",
}


def test_what_users_import_is_in_the_package_itself_and_documented_there() -> None:
    """Users need not know the rooms."""
    import lr_pipeline

    assert set(lr_pipeline.__all__) == PUBLIC
    for name in PUBLIC:
        assert getattr(lr_pipeline, name).__name__ == name
        assert f"``{name}" in lr_pipeline.__doc__


def test_location_files_of_earlier_versions_go_on_working() -> None:
    """They import the table and the split from these modules."""
    from lr_pipeline import FileTable, SplitPolicy
    from lr_pipeline.tables import sources, split

    assert (sources.FileTable, split.SplitPolicy) == (FileTable, SplitPolicy)


def test_no_two_files_have_one_name() -> None:
    """A file's name identifies it."""
    names = Counter(path.stem for path in files() if path.stem != "__init__")
    assert [name for name, times in names.items() if times > 1] == []
