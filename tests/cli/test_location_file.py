"""A code location from one command: what is written, what is refused, and that it works."""

import runpy
from pathlib import Path

import pytest
import yaml

from lr_pipeline.cli.location_file import NewLocation, write_location
from lr_pipeline.cli.workspace_file import LocationError
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.sources.declared_tables import FileTable
from lr_pipeline.tables.split.split_table import SplitPolicy

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
NIGHTLY = "0 2 * * *"
EXISTING = """\
# The locations of this team.
load_from:
  - python_module:
      module_name: lr_pipeline.definitions  # the tutorial
      location_name: lr_pipeline

  # More to come.
"""


def spector(**settings) -> FileTable:
    """Return a small real table."""
    return FileTable(SAMPLES / "spector.csv", **({"target": "GRADE"} | settings))


def files(folder: Path) -> dict[str, str]:
    """Return every file in a folder and its text."""
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_the_file_is_short_and_defines_the_location(tmp_path) -> None:
    """It has at most ten lines and loads, with prefix, schedule (switched on) and checks."""
    write_location(NewLocation("spector", spector(), NIGHTLY), tmp_path)
    path = tmp_path / "locations" / "spector.py"
    assert 5 <= len(path.read_text().splitlines()) <= 10
    defs = runpy.run_path(str(path))["defs"]
    schedule = defs.resolve_schedule_def("spector__daily_training")
    assert schedule.cron_schedule == NIGHTLY
    assert schedule.default_status.value == "RUNNING"
    keys = {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()}
    assert "spector/evaluation_report" in keys
    assert defs.resolve_asset_graph().asset_check_keys


def test_without_a_schedule_the_default_one_is_off(tmp_path) -> None:
    """No run starts that nobody asked for."""
    write_location(NewLocation("spector", spector()), tmp_path)
    defs = runpy.run_path(str(tmp_path / "locations" / "spector.py"))["defs"]
    assert defs.resolve_schedule_def("spector__daily_training").default_status.value == "STOPPED"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"positive": "1", "exclude": ("PSI",), "split": SplitPolicy(test_size=0.3)},
        {"missing": ("?", "-999"), "keep_na": ("GRADE",)},
        {"features": ("GPA",), "weight": "TUCE"},
        {"split": SplitPolicy(kind="sticky", seed=7)},
        {"time": "TUCE"},
        {"time": "TUCE", "split": SplitPolicy(kind="random")},
        {"group": "TUCE", "split": SplitPolicy(test_size=0.4)},
        {"category": ("PSI",), "number": ("TUCE",)},
    ],
)
def test_the_file_declares_the_same_table(tmp_path, settings) -> None:
    """It has the options that were given, and leaves out the others."""
    table = spector(**settings)
    write_location(NewLocation("spector", table), tmp_path)
    written = runpy.run_path(str(tmp_path / "locations" / "spector.py"))["table"]
    assert written.to_dict() == table.to_dict()


def test_names_in_quotes_and_scripts_stay_data(tmp_path) -> None:
    """A column's name cannot become code."""
    name = '"); raise SystemExit("π") #\n'
    path = tmp_path / "odd.csv"
    path.write_text('x,"' + name.replace('"', '""') + '"\n' + "1,0\n2,1\n3,1\n4,0\n" * 3)
    write_location(NewLocation("odd", FileTable(path, target=name)), tmp_path)
    assert runpy.run_path(str(tmp_path / "locations" / "odd.py"))["table"].target == name


def test_written_twice_nothing_changes(tmp_path) -> None:
    """No file and no modification time changes."""
    location = NewLocation("spector", spector(), NIGHTLY)
    assert [path.name for path in write_location(location, tmp_path)] == [
        "spector.py",
        "workspace.yaml",
    ]
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert write_location(location, tmp_path) == []
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_workspace_keeps_its_comments_and_order(tmp_path, ending) -> None:
    """Every old line is there, in order; the new entry follows the last one."""
    workspace = tmp_path / "workspace.yaml"
    workspace.write_bytes(EXISTING.replace("\n", ending).encode())
    write_location(NewLocation("spector", spector()), tmp_path)
    write_location(NewLocation("no", spector()), tmp_path)
    text = workspace.read_bytes().decode()
    assert text.count("\r\n") == (text.count("\n") if ending == "\r\n" else 0)
    lines = text.splitlines()
    rest = [line for line in lines if line in EXISTING.splitlines()]
    assert [line for line in rest if "python_" not in line] == [
        line for line in EXISTING.splitlines() if "python_" not in line
    ]
    names = [next(iter(e.values()))["location_name"] for e in yaml.safe_load(text)["load_from"]]
    assert names == ["lr_pipeline", "spector", "no"]


@pytest.mark.parametrize(
    "text",
    ["", "# nothing yet\n", "other: 1", "load_from:\n- python_file: a.py", EXISTING + "after: 1\n"],
)
def test_any_workspace_can_be_extended(tmp_path, text) -> None:
    """It may be empty, lack the list, indentation or the last line break, or have more keys."""
    workspace = tmp_path / "workspace.yaml"
    workspace.write_text(text)
    before = yaml.safe_load(text) or {}
    location = NewLocation("spector", spector())
    write_location(location, tmp_path)
    after = yaml.safe_load(workspace.read_text())
    assert after["load_from"] == [*before.get("load_from", []), location.entry]
    assert {**after, "load_from": 0} == {**before, "load_from": 0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("load_from: []\n", "cannot be extended. Add below load_from:\n- python_file:"),
        ("load_from:\n", "cannot be extended"),
        ("- a\n", "expected a list load_from"),
        ("load_from: text\n", "expected a list load_from"),
        ("load_from: [{python_file: a.py}]\n", "cannot be extended"),
        ("a: [\n", "no YAML"),
        ("load_from:\n  - python_file:\n      relative_path: a.py\n      location_name: spector\n",
         "another location 'spector'"),
    ],
)  # fmt: skip
def test_a_workspace_of_another_form_is_left_alone(tmp_path, text, message) -> None:
    """The message says what to add by hand, and nothing is written."""
    (tmp_path / "workspace.yaml").write_text(text)
    with pytest.raises(LocationError, match=message.replace("[", r"\[").replace("(", r"\(")):
        write_location(NewLocation("spector", spector()), tmp_path)
    assert files(tmp_path) == {"workspace.yaml": text}


@pytest.mark.promise("Files of yours", "A location file that was edited is never overwritten.")
def test_an_edited_file_is_never_overwritten(tmp_path) -> None:
    """The workspace does not change either."""
    location = NewLocation("spector", spector())
    write_location(location, tmp_path)
    with (tmp_path / "locations" / "spector.py").open("a") as file:
        file.write("# mine\n")
    before = files(tmp_path)
    for changed in (location, NewLocation("spector", spector(), "0 3 * * *")):
        with pytest.raises(LocationError, match="not overwritten"):
            write_location(changed, tmp_path)
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("locations/spector.py", "exists with other content, edited or written with other"),
        ("workspace.yaml", "workspace.yaml: not UTF-8, byte 0xe9 at place 6. Save it as UTF-8."),
    ],
)
def test_a_file_of_another_encoding_is_left_alone(tmp_path, file, message) -> None:
    """It is treated as a file that was edited."""
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes("# café\n".encode("latin-1"))
    with pytest.raises(LocationError, match=message):
        write_location(NewLocation("spector", spector()), tmp_path)
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == [path]


@pytest.mark.parametrize(
    ("name", "table", "schedule", "message"),
    [
        ("a b", spector(), None, "letters, digits and underscores"),
        ("../up", spector(), None, "letters, digits and underscores"),
        ("statistics", spector(), None, "is that of a Python module"),
        ("numpy", spector(), None, "is that of a Python module"),
        ("lr_pipeline", spector(), None, "is that of a Python module"),
        ("churn", spector(), "every night", "cron expression of five fields"),
        ("churn", spector(), "99 2 * * *", "cron expression of five fields"),
        ("churn", FileTable("no.csv", "y"), None, "no such file"),
        ("churn", spector(target="GRADES"), None, "Did you mean 'GRADE'"),
        ("churn", spector(target="TUCE"), None, "must have two values"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_written(
    tmp_path, name, table, schedule, message
) -> None:
    """Errors concern name, schedule, file and target."""
    with pytest.raises((LocationError, TableError), match=message):
        write_location(NewLocation(name, table, schedule), tmp_path)
    assert files(tmp_path) == {}
