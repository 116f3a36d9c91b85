"""Paths that are not readable files give one line and exit code 1, without waiting."""

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner

from lr_pipeline.cli.command_line import main
from lr_pipeline.orchestration.instance.home import initialise_home
from lr_pipeline.orchestration.instance.model_choice import read_model
from lr_pipeline.scoring.prediction_file import require_writable
from lr_pipeline.scoring.predictions import ScoringError
from lr_pipeline.storage.artifacts import write_artifact
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.sources.declared_tables import FileTable

ROWS = "x,y\n" + "1,no\n2,yes\n" * 10
NOBODY = 65534


@pytest.fixture(scope="module")
def imported(tmp_path_factory) -> None:
    """Import all modules that opening a home needs, since another user may not read them."""
    initialise_home(tmp_path_factory.mktemp("home"))


@pytest.fixture
def unprivileged(imported) -> Iterator[Path]:
    """A folder of an ordinary user, who runs the test, since the superuser may read everything."""
    with tempfile.TemporaryDirectory() as name:
        folder, user = Path(name), os.geteuid()
        folder.chmod(0o777)
        if user == 0:
            os.chown(folder, NOBODY, -1)
            os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            os.seteuid(user)
            for path in (folder, *folder.rglob("*")):
                if not path.is_symlink():
                    path.chmod(0o700)


@pytest.fixture
def odd(tmp_path) -> Path:
    """A folder with one of each kind of thing that is not a file."""
    (tmp_path / "rows.csv").write_text(ROWS)
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "a.csv").write_text(ROWS)
    os.mkfifo(tmp_path / "parts" / "b.csv")
    with socket.socket(socket.AF_UNIX) as one:
        os.chdir(tmp_path)  # a socket's path has at most 107 characters
        one.bind("socket.csv")
    (tmp_path / "dangling.csv").symlink_to("nowhere.csv")
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.fixture(autouse=True)
def back_home() -> Iterator[None]:
    """Restore the current folder, which tests may change."""
    here = Path.cwd()
    yield
    os.chdir(here)


PLACES = {
    "pipe.csv": "{}: a file is expected, found a named pipe. Write what it gives into a file, and",
    "parts": "{}/b.csv: a file is expected, found a named pipe. Write what it gives into a file",
    "parts/*.csv": "{}: {folder}/parts/b.csv: a file is expected, found a named pipe. Write what",
    "socket.csv": "{}: a file is expected, found a socket. Write what it gives into a file, and",
    "/dev/zero": "{}: a file is expected, found a device. Write what it gives into a file, and",
    "/dev/null": "{}: a file is expected, found a device. Write what it gives into a file, and",
    "dangling.csv": "{}: a link to 'nowhere.csv', where nothing is. Mend the link, or name the",
    "loop.csv": "{}: cannot be read: its links lead in a circle. Name the file itself.",
    "empty": "{}: a file is expected, found a folder without Parquet or CSV files. Name a file.",
    "rows.csv/more.csv": "{}: cannot be read: a part of the path is a file, no folder. Check the",
    "x" * 300: "{}: cannot be read: the name is too long. Choose a shorter one.",
    "ROWS.CSV": "{}: no such file. Did you mean '{folder}/rows.csv'?",
    "rows.csv ": "{}: no such file. Did you mean '{folder}/rows.csv'?",
    "rows.cvs": "{}: no such file. Did you mean '{folder}/rows.csv'?",
    "nothing/at/all.csv": "{}: no such file. Check the path.",
}


@pytest.mark.parametrize("name", PLACES)
def test_a_place_that_is_no_file_is_named(odd, name):
    """The message says what was found and what to do; the command does not wait for a pipe."""
    place = odd / name if not name.startswith("/") else Path(name)
    with pytest.raises(TableError) as caught:
        FileTable(place, "y").read()
    assert str(caught.value).startswith(PLACES[name].replace("{}", str(place)).format(folder=odd))


@pytest.mark.parametrize(("path", "found"), [("", "nothing ('')"), ("  ", "only spaces ('  ')")])
def test_a_path_that_is_not_seen_is_no_folder(path, found):
    """An empty path would be the current folder."""
    with pytest.raises(TableError) as caught:
        FileTable(path, "y").read()
    assert str(caught.value) == f"a path is expected, found {found}. Name a file."


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_what_may_not_be_read_says_so(unprivileged, kind):
    """It may be a file, a folder, or a file in a folder that may not be entered."""
    path = unprivileged / f"rows.{kind}"
    path.write_text(ROWS)
    path.chmod(0)
    closed = unprivileged / "closed"
    closed.mkdir()
    closed.chmod(0)
    for place in (path, closed, closed / "rows.csv", unprivileged):
        with pytest.raises(TableError, match=r"cannot be read: permission denied\. Allow it, or"):
            FileTable(place, "y").read()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1:1/rows.csv", "cannot be reached: Cannot connect to host 127.0.0.1:1"),
        ("http://127.0.0.1:1/rows.parquet", "cannot be reached: Cannot connect to host 127."),
        ("http://127.0.0.1:1/*.csv", "cannot be reached: Cannot connect to host 127.0.0.1:1"),
        ("http://", "cannot be reached: http://"),
        ("http://127.0.0.1:99999/rows.csv", "cannot be reached: "),
        ("htp://host/rows.csv", "the location cannot be opened: Protocol not known: htp. Give"),
        ("ftp://127.0.0.1:1/rows.csv", "cannot be reached: [Errno 111] Connection refused"),
    ],
)
def test_a_url_that_leads_nowhere_is_named(url, message):
    """The connection is refused, the URL is malformed, or its scheme is unknown."""
    with pytest.raises(TableError) as caught:
        FileTable(url, "y").read()
    assert str(caught.value).startswith(f"{url}: {message}")
    assert "\n" not in str(caught.value)


def test_a_server_that_never_answers_is_not_waited_for(monkeypatch):
    """It accepts the connection and sends nothing; a second of waiting takes 5 ms here."""
    timeout = aiohttp.ClientTimeout

    def quick(**limits: float | None) -> aiohttp.ClientTimeout:
        return timeout(**limits | {"sock_read": limits["sock_read"] / 200})

    monkeypatch.setattr(aiohttp, "ClientTimeout", quick)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/rows.csv"
        with pytest.raises(TableError) as caught:
            FileTable(url, "y").read()
    assert str(caught.value) == (
        f"{url}: the server did not answer in time: at most 20 s for a connection, 60 s for each "
        "part of the answer. Check the URL, or try again later."
    )


def test_a_home_that_is_no_folder_is_named(tmp_path, monkeypatch):
    """Every command that needs a home does so."""
    (tmp_path / "home").write_text("")
    (tmp_path / "rows.csv").write_text(ROWS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    message = f"error: Dagster home {tmp_path}/home: a folder is expected, found a file. Remove it,"
    for command in (["init"], ["run", "rows.csv", "--target", "y"], ["run"]):
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 1
        assert result.stderr.startswith(message)
        assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("place", ["new", "there", "history"])
def test_a_home_that_may_not_be_written_is_named(unprivileged, place):
    """The message names it, instead of SQLite's "unable to open database file"."""
    home = unprivileged / "home"
    if place == "new":
        unprivileged.chmod(0o555)
    else:
        initialise_home(home)
        (home / "history" if place == "history" else home).chmod(0o555)
    message = r"home: permission denied\. Allow it, or name another place: with --home, home= or"
    with pytest.raises(ArtifactError, match=message):
        initialise_home(home)


def test_a_folder_of_artifacts_that_cannot_be_written_is_named(unprivileged):
    """The folder is not writable, or it is a file."""
    (unprivileged / "root").mkdir(mode=0o555)
    with pytest.raises(ArtifactError, match=r"stored below \S*/root: permission denied \("):
        write_artifact(unprivileged / "root", ["a"], "1", {"n": 1})
    (unprivileged / "file").write_text("")
    with pytest.raises(ArtifactError, match=r"stored below \S*/file: a part of the path is a file"):
        write_artifact(unprivileged / "file", ["a"], "1", {"n": 1})


def test_an_output_that_cannot_be_written_is_refused_before_scoring(unprivileged):
    """It is a folder, a pipe, a path below a file, or a place that is not writable."""
    (unprivileged / "closed").mkdir(mode=0o555)
    (unprivileged / "file").write_text("")
    (unprivileged / "scores.csv").mkdir()
    os.mkfifo(unprivileged / "pipe.csv")
    cases = {
        "closed": "expected a file, found a folder. Name a file in it.",
        "scores.csv": "expected a file, found a folder. Name a file in it.",
        "pipe.csv": "expected a file, found a named pipe. Name another output.",
        "closed/a.csv": "cannot be written: permission denied. Allow it, or name another place.",
        "closed/b/a.csv": "cannot be written: permission denied ({}/closed). Allow it, or name an",
        "file/a.csv": "cannot be written: a part of the path is a file, no folder. Check the path.",
        "a.txt": "expected a name that ends in .csv or .parquet, found '.txt'. Rename the output.",
    }
    for name, message in cases.items():
        output = unprivileged / name
        with pytest.raises(ScoringError) as caught:
            require_writable(output, [])
        expected = f"{output}: {message.replace('{}', str(unprivileged))}"
        assert str(caught.value).startswith(expected)
    require_writable(unprivileged / "made" / "later" / "a.csv", [])
    assert not (unprivileged / "made").exists()


def test_a_model_that_cannot_be_read_is_named(unprivileged):
    """It is a pipe (the command does not wait for it), a folder, forbidden, or missing."""
    os.mkfifo(unprivileged / "pipe.json")
    (unprivileged / "folder.json").mkdir()
    (unprivileged / "closed.json").write_text("{}")
    (unprivileged / "closed.json").chmod(0)
    for name, message in {
        "pipe.json": "expected a model's JSON, found a named pipe",
        "folder.json": "cannot be read: a file is expected, found a folder",
        "closed.json": "cannot be read: permission denied",
        "none.json": "no such model file",
    }.items():
        with pytest.raises(ScoringError, match=f"{name}: {message}"):
            read_model(unprivileged / name)


def test_a_location_that_cannot_be_written_is_one_line(tmp_path, monkeypatch):
    """The folder given to ``new`` has the name of a file."""
    (tmp_path / "rows.csv").write_text(ROWS)
    (tmp_path / "locations").write_text("")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["new", "mine", "rows.csv", "--target", "y"])
    assert result.exit_code == 1
    message = "locations: a folder is expected, found a file. Remove it, or name another place."
    assert result.stderr == f"error: {message}\n"
