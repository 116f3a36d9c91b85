"""``new`` as a user sees it: output, exit codes, files."""

import runpy
from pathlib import Path

import pytest

from lr_pipeline.tables.split.split_table import SplitPolicy

SPECTOR = Path(__file__).parents[2] / "data" / "samples" / "spector.csv"


def test_new_writes_once_and_says_what(run, folder) -> None:
    """A second call changes nothing, also with exit code 0."""
    command = ("new", "students", SPECTOR, "--target", "GRADE", "--schedule", "0 2 * * *")
    first, second = run(*command), run(*command)
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "written: locations/students.py\nextended: workspace.yaml\n" in first.output
    assert "students trains at '0 2 * * *' (UTC)" in first.output
    assert "A web UI that is running must be ended and started again to show it." in first.output
    assert "must be ended" not in second.output
    assert "students is there already; nothing was changed." in second.output
    assert (folder / "locations" / "students.py").is_file()


def test_new_without_a_schedule_says_so(run) -> None:
    """The schedule can be switched on in the UI."""
    result = run("new", "quiet", SPECTOR, "--target", "GRADE")
    assert "quiet has its schedule switched off" in result.output


def test_new_writes_time_zone_and_watch_and_says_both(run, folder) -> None:
    """The schedule is in that zone, and the sensor on the source is on."""
    command = ("new", "berlin", SPECTOR, "--target", "GRADE", "--schedule", "30 2 * * *")
    result = run(*command, "--timezone", "Europe/Berlin", "--watch")
    assert "berlin trains at '30 2 * * *' (Europe/Berlin) and when" in result.output
    assert "spector.csv changes." in result.output
    defs = runpy.run_path(str(folder / "locations" / "berlin.py"))["defs"]
    schedule = defs.resolve_schedule_def("berlin__scheduled_training")
    assert schedule.execution_timezone == "Europe/Berlin"
    assert defs.resolve_sensor_def("berlin__source_sensor").default_status.value == "RUNNING"


def test_new_writes_past_months_and_names_them(run, folder, tmp_path) -> None:
    """They are partitions of assets of their own."""
    file = tmp_path / "days.csv"
    rows = [f"2024-01-{k:02},{k * k % 7},{k % 2}" for k in range(1, 31)]
    file.write_text("\n".join(["day,x,y", *rows]) + "\n")
    result = run("new", "days", file, "--target", "y", "--time", "day", "--monthly-from", "2024-01")
    assert "Past months from 2024-01 on are partitions of days_by_month." in result.output
    defs = runpy.run_path(str(folder / "locations" / "days.py"))["defs"]
    assert defs.resolve_job_def("days_by_month__training_job").partitions_def is not None


@pytest.mark.parametrize(
    ("options", "split", "said"),
    [
        (["--time", "TUCE"], SplitPolicy(kind="time"), "Tests on the latest rows by 'TUCE'"),
        (["--group", "TUCE"], SplitPolicy(kind="group"), "Tests on whole groups of 'TUCE'"),
        (["--time", "TUCE", "--split", "random"], SplitPolicy(kind="random"), ""),
        (
            ["--split", "sticky", "--seed", "4", "--test-size", "0.4", "--feature", "PSI"],
            SplitPolicy(kind="sticky", seed=4, test_size=0.4),
            "",
        ),
    ],
)
def test_new_takes_the_options_of_run(run, folder, options, split, said) -> None:
    """A time or group column sets the split, unless --split does; the file has all options."""
    result = run("new", "optioned", SPECTOR, "--target", "GRADE", *options)
    assert result.exit_code == 0, result.output
    path = folder / "locations" / "optioned.py"
    table = runpy.run_path(str(path))["table"]
    path.unlink()
    (folder / "workspace.yaml").unlink()
    assert table.split == split
    assert table.features == (("PSI",) if "--feature" in options else None)
    assert result.output.startswith(f"{said} (--split {split.kind}).\n" if said else "written")


def test_a_group_and_a_time_ask_for_a_split(run, folder) -> None:
    """Neither is silently ignored."""
    command = ("both", SPECTOR, "--target", "GRADE", "--group", "TUCE", "--time", "GPA")
    result = run("new", *command)
    assert result.exit_code == 1
    assert "no split does both. Name one of them, or give --split" in result.stderr
    assert not (folder / "locations" / "both.py").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("numpy", SPECTOR, "--target", "GRADE"), "is that of a Python module"),
        (("a-b", SPECTOR, "--target", "GRADE"), "letters, digits and underscores only"),
        (("a", "no.csv", "--target", "GRADE"), "no.csv: no such file"),
        (("a", SPECTOR, "--target", "GRADES"), "Did you mean 'GRADE'?"),
        (("a", SPECTOR, "--target", "GRADE", "--schedule", "daily"), "five fields"),
        (("a", SPECTOR, "--target", "GRADE", "--timezone", "Berlin"), "such as 'Europe/Berlin'"),
        (("a", SPECTOR, "--target", "GRADE", "--monthly-from", "2023"), "a month as in 2023-01"),
        (("a", SPECTOR, "--target", "GRADE", "--monthly-from", "2023-01"), "Declare --time."),
    ],
)
def test_a_mistake_in_new_is_one_line_and_exit_code_1(run, folder, arguments, message) -> None:
    """Nothing is written."""
    result = run("new", *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (folder / "locations" / "a.py").exists()


def test_an_edited_location_is_not_overwritten(run, folder) -> None:
    """The exit code is 1, and the message has the remedy."""
    command = ("new", "edited", SPECTOR, "--target", "GRADE")
    run(*command)
    file = folder / "locations" / "edited.py"
    file.write_text(file.read_text() + "# mine\n")
    result = run(*command)
    assert result.exit_code == 1
    assert "is not overwritten. Edit it, remove it, or choose another name." in result.stderr
    assert file.read_text().endswith("# mine\n")
