"""The code locations of a workspace, each as a server process that others reach by a socket."""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from dagster._check import CheckError
from dagster._core.remote_origin import (
    GrpcServerCodeLocationOrigin,
    ManagedGrpcPythonEnvCodeLocationOrigin,
)
from dagster._core.workspace.load_target import WorkspaceFileTarget

from lr_pipeline.orchestration.service.service_error import ServiceError


@dataclass(frozen=True)
class CodeServer:
    """A code location ``name`` that ``python`` serves; ``target`` says which module or file."""

    name: str
    python: str
    target: tuple[str, ...]

    @property
    def process(self) -> str:
        """The location's name in the names of processes, files and units."""
        return re.sub(r"[^\w.-]", "_", self.name, flags=re.ASCII)

    def socket(self, folder: Path | str) -> str:
        """Return the path of its socket in ``folder``, which only its owner may enter."""
        return f"{folder}/{self.process}.sock"

    def command(self, *address: str) -> list[str]:
        """Return the command that starts the server at an address: ``--socket``, ``--port``."""
        start = [self.python, "-P", "-m", "dagster", "code-server", "start"]
        return [*start, *address, "--location-name", self.name, *self.target]

    def moved(self, project: Path, python: str) -> "CodeServer":
        """Return the server in another place: paths relative to the project, another Python."""
        target = [
            str(Path(one).relative_to(project)) if Path(one).is_relative_to(project) else one
            for one in self.target
        ]
        return CodeServer(self.name, python, tuple(target))


@dataclass(frozen=True)
class Workspace:
    """The locations of a workspace.yaml: those to be served, and servers that run elsewhere."""

    own: tuple[CodeServer, ...]
    elsewhere: tuple[dict[str, Any], ...]

    def text(self, address: Callable[[CodeServer], Mapping[str, Any]]) -> str:
        """Return the workspace.yaml of those who ask these servers, each at its ``address``."""
        own = [{**address(one), "location_name": one.name} for one in self.own]
        entries = [{"grpc_server": entry} for entry in [*own, *self.elsewhere]]
        return str(yaml.safe_dump({"load_from": entries}, sort_keys=False, allow_unicode=True))


def read_workspace(path: Path) -> Workspace:
    """Read a workspace.yaml.

    Raises
    ------
    ServiceError
        The file cannot be read, or Dagster does not understand it.
    """
    if not path.is_file():
        raise ServiceError(
            f"{path}: expected a workspace.yaml, found nothing. Start in the folder of the "
            "project, or name the file: --workspace."
        )
    try:
        origins = WorkspaceFileTarget(paths=[str(path)]).create_origins()
    except (dg.DagsterError, CheckError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ServiceError(f"{path}: {' '.join(str(error).split())}") from None
    own, elsewhere = [], []
    for origin in origins:
        if isinstance(origin, ManagedGrpcPythonEnvCodeLocationOrigin):
            target = origin.loadable_target_origin
            python = target.executable_path or sys.executable
            own.append(CodeServer(origin.location_name, python, tuple(target.get_cli_args())))
        elif isinstance(origin, GrpcServerCodeLocationOrigin):
            elsewhere.append(_address(origin))
    _require_distinct(own, path)
    return Workspace(tuple(own), tuple(elsewhere))


def _address(origin: GrpcServerCodeLocationOrigin) -> dict[str, Any]:
    told = {name: getattr(origin, name) for name in ("host", "port", "socket", "location_name")}
    return {name: value for name, value in told.items() if value is not None}


def _require_distinct(servers: Sequence[CodeServer], path: Path) -> None:
    names: dict[str, str] = {}
    for one in servers:
        other = names.setdefault(one.process, one.name)
        if other != one.name:
            raise ServiceError(
                f"{path}: locations {other!r} and {one.name!r} would both be the process "
                f"{one.process!r}. Rename one of them."
            )
