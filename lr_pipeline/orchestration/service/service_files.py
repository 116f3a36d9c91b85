"""Write the supervisor's settings: every part of the service as a process that it watches."""

import sys
from collections.abc import Mapping
from pathlib import Path

from lr_pipeline.orchestration.service.code_servers import Workspace
from lr_pipeline.orchestration.service.service_error import ServiceError
from lr_pipeline.orchestration.service.templates import rendered
from lr_pipeline.storage.atomic import replaced_file

SOCKET_CHARACTERS = 95  # the kernel allows 107, and supervisor adds a process id while it starts


def write_supervisor(
    workspace: Workspace, home: Path, project: Path, host: str, port: int, read_only: bool
) -> Path:
    """Write supervisord.conf and its workspace.yaml to ``home``/service; return the former."""
    folder = home / "service"
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # whoever reaches a code server's socket can run code
    served = folder / "workspace.yaml"
    address = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}/server_info"
    watched = {f"code-{one.process}": f"unix:{one.socket(folder)}" for one in workspace.own}
    settings = rendered(
        "supervisord.conf",
        folder=folder,
        project=project,
        programs={
            **{
                f"code-{one.process}": one.command("--socket", one.socket(folder))
                for one in workspace.own
            },
            "daemon": daemon_command(sys.executable, served),
            "web": web_command(sys.executable, served, host, port, read_only),
        },
        answers=[
            *(sys.executable, "-P", "-m", "lr_pipeline.orchestration.service.answers"),
            *(f"{name}={where}" for name, where in {**watched, "web": address}.items()),
        ],
    )
    write_files(
        folder,
        {
            "workspace.yaml": workspace.text(lambda one: {"socket": one.socket(folder)}),
            "supervisord.conf": settings,
        },
    )
    return folder / "supervisord.conf"


def require_short_sockets(workspace: Workspace, home: Path) -> None:
    """Raise ``ServiceError`` if the path of the home is too long for sockets."""
    folder = home / "service"
    for path in [f"{folder}/supervisor.sock", *(one.socket(folder) for one in workspace.own)]:
        if len(path.encode()) > SOCKET_CHARACTERS:
            raise ServiceError(
                f"{path}: expected a path of at most {SOCKET_CHARACTERS} bytes, which is what "
                f"sockets may have, found {len(path.encode())}. Take a shorter home: --home."
            )


def web_command(
    python: str, served: Path | str, host: str, port: int, read_only: bool = False
) -> list[str]:
    """Return the command of a web server that reads a workspace.yaml."""
    server = "lr_pipeline.orchestration.service.web_server"
    module = [python, "-P", "-m", server, "--workspace", str(served)]
    return [*module, "--host", host, "--port", str(port), *(["--read-only"] if read_only else [])]


def daemon_command(python: str, served: Path | str) -> list[str]:
    """Return the command of a daemon that reads a workspace.yaml."""
    return [python, "-P", "-m", "dagster._daemon", "run", "--workspace", str(served)]


def write_files(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write texts to files of these names; scripts (.sh) can be executed. Return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in texts.items():
        with replaced_file(folder / name) as partial:
            partial.write_text(text, encoding="utf-8")
            partial.chmod(0o755 if name.endswith(".sh") else 0o644)
        written.append(folder / name)
    return written
