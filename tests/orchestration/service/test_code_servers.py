"""The locations of a workspace.yaml as servers."""

from pathlib import Path

import pytest
import yaml

from lr_pipeline.orchestration.service.code_servers import read_workspace
from lr_pipeline.orchestration.service.service_error import ServiceError
from lr_pipeline.orchestration.service.service_files import require_short_sockets

WORKSPACE = """\
load_from:
  - python_module: {module_name: lr_pipeline.definitions, location_name: lr_pipeline}
  - python_file: {relative_path: locations/churn.py, location_name: churn 100%}
  - grpc_server: {host: elsewhere, port: 4001, location_name: far}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace.yaml with a location of each kind."""
    path = tmp_path / "workspace.yaml"
    path.write_text(WORKSPACE)
    return path


def test_each_own_location_is_a_server_and_others_stay_where_they_are(workspace: Path) -> None:
    """The served workspace.yaml has sockets for the own locations, and the far one unchanged."""
    found = read_workspace(workspace)
    assert [one.name for one in found.own] == ["lr_pipeline", "churn 100%"]
    assert found.own[1].target[:2] == ("-f", str(workspace.parent / "locations/churn.py"))
    text = found.text(lambda one: {"socket": one.socket("/run")})
    assert yaml.safe_load(text) == {
        "load_from": [
            {"grpc_server": {"socket": "/run/lr_pipeline.sock", "location_name": "lr_pipeline"}},
            {"grpc_server": {"socket": "/run/churn_100_.sock", "location_name": "churn 100%"}},
            {"grpc_server": {"host": "elsewhere", "port": 4001, "location_name": "far"}},
        ]
    }


def test_a_moved_server_names_files_of_the_project_without_its_folder(workspace: Path) -> None:
    """In an image the project has another folder."""
    (_, churn) = read_workspace(workspace).own
    moved = churn.moved(workspace.parent, "/venv/bin/python")
    assert moved.command("--port", "4000") == [
        *("/venv/bin/python", "-P", "-m", "dagster", "code-server", "start", "--port", "4000"),
        *("--location-name", "churn 100%", "-f", "locations/churn.py", "-d", "."),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "expected a workspace.yaml, found nothing"),
        (b"", "valid yaml"),
        (b"# a comment alone\n", "valid yaml"),
        (b"load_from: [] # \xe4\n", "utf-8"),
        (b"load_from: 3\n", "load_from"),
        (b"load_from: [", "workspace.yaml"),
        (
            b"load_from:\n- python_file: {relative_path: a.py, location_name: a b}\n"
            b"- python_file: {relative_path: b.py, location_name: a_b}\n",
            "'a b' and 'a_b' would both be the process 'a_b'",
        ),
    ],
)
def test_an_unusable_workspace_is_said_in_one_line(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    """The message names the file."""
    path = tmp_path / "workspace.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ServiceError, match=r"workspace\.yaml") as raised:
        read_workspace(path)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_home_too_deep_for_sockets_is_said_with_the_remedy(workspace: Path) -> None:
    """The kernel would say only that the path is too long."""
    found = read_workspace(workspace)
    require_short_sockets(found, Path("/srv/home"))
    with pytest.raises(ServiceError, match="Take a shorter home: --home"):
        require_short_sockets(found, Path("/srv", "x" * 90))
