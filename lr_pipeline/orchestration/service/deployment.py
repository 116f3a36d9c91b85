"""Write what starts the service elsewhere: systemd units, containers, Kubernetes values."""

import getpass
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from lr_pipeline.orchestration.service.code_servers import CodeServer, Workspace
from lr_pipeline.orchestration.service.service_error import ServiceError
from lr_pipeline.orchestration.service.service_files import daemon_command, web_command, write_files
from lr_pipeline.orchestration.service.templates import rendered

RUNTIME = "/run/lr-pipeline"  # systemd makes it for the units' user alone
IN_IMAGE = "/venv/bin/python"
PORT = "4000"  # of the code servers in containers


def write_deployment(
    kind: str, workspace: Workspace, home: Path, project: Path, folder: Path
) -> list[Path]:
    """Write the files of a kind, systemd, compose or helm, to ``folder``; return their paths.

    ``project``: the folder of workspace.yaml, below which ``folder`` must lie for containers.

    Raises
    ------
    ServiceError
        The folder is not below the project, or is the project and would lose its workspace.yaml.
    """
    if kind == "systemd":
        texts = _systemd(workspace, home, project, folder)
    else:
        if not folder.resolve().is_relative_to(project.resolve()):
            raise ServiceError(
                f"{folder}: expected a folder below {project}, of which the image is made. Choose "
                "another: --output."
            )
        inside = folder.resolve().relative_to(project.resolve())
        moved = [one.moved(project, IN_IMAGE) for one in workspace.own]
        texts = {
            "Dockerfile": rendered("Dockerfile", folder=inside),
            "Dockerfile.dockerignore": rendered("Dockerfile.dockerignore"),
        }
        texts |= _compose(workspace, moved, inside) if kind == "compose" else _helm(moved, inside)
    if "workspace.yaml" in texts and folder.resolve() == project.resolve():
        raise ServiceError(
            f"{folder}: expected another folder than that of workspace.yaml, which a file of this "
            "name would replace. Choose one: --output."
        )
    return write_files(folder, texts)


def _systemd(workspace: Workspace, home: Path, project: Path, folder: Path) -> dict[str, str]:
    """Return a unit for each process, a target that holds them, and their workspace.yaml."""
    served = folder.resolve() / "workspace.yaml"
    init = [str(Path(sys.executable).with_name("lr-pipeline")), "init", "--home", str(home)]
    codes = {f"lr-pipeline-code-{one.process}.service": one for one in workspace.own}

    def unit(description: str, command: list[str], after: str = "", runs: bool = False) -> str:
        return rendered(
            "unit.service",
            description=description,
            command=command,
            after=after,
            runs=runs,
            prepares=init if runs else [],
            project=project,
            home=home,
            user=getpass.getuser(),
        )

    units = {
        name: unit(
            f"code location {one.name}", one.command("--socket", one.socket(RUNTIME)), runs=True
        )
        for name, one in codes.items()
    }
    after = " ".join(codes)
    web = web_command(sys.executable, served, "127.0.0.1", 3000)
    units["lr-pipeline-web.service"] = unit("web server", web, after)
    daemon = daemon_command(sys.executable, served)
    units["lr-pipeline-daemon.service"] = unit("schedules and sensors", daemon, after)
    return {
        **units,
        "lr-pipeline.target": rendered("lr-pipeline.target", units=list(units)),
        "workspace.yaml": workspace.text(lambda one: {"socket": one.socket(RUNTIME)}),
    }


def _compose(workspace: Workspace, servers: list[CodeServer], folder: Path) -> dict[str, str]:
    served = f"{folder}/workspace.yaml"

    def address(one: CodeServer) -> Mapping[str, object]:
        return {"host": f"code-{one.process}", "port": int(PORT)}

    return {
        "compose.yaml": rendered(
            "compose.yaml",
            folder=folder,
            context="/".join([".."] * len(folder.parts)) or ".",
            servers=servers,
            port=PORT,
            web=web_command(IN_IMAGE, served, "0.0.0.0", 3000),
            daemon=daemon_command(IN_IMAGE, served),
        ),
        "entrypoint.sh": rendered("entrypoint.sh"),
        "env.example": rendered("env.example"),
        "workspace.yaml": workspace.text(address),
    }


def _helm(servers: list[CodeServer], folder: Path) -> dict[str, str]:
    text = rendered("helm-values.yaml", folder=folder, servers=servers, version=version("dagster"))
    return {"helm-values.yaml": text}
