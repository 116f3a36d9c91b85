"""The verb ``serve``: web UI, daemon and code locations as processes that are watched."""

import os
import socket
import sys
from pathlib import Path

import click

from lr_pipeline.cli.table_options import HOME_HELP, WORKSPACE_HELP


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the web UI.")
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True)
@click.option("--read-only", is_flag=True, help="A web UI that can look but not start anything.")
@click.option("--workspace", type=click.Path(), default="workspace.yaml", help=WORKSPACE_HELP)
@click.option("--home", type=click.Path(), help=HOME_HELP)
def serve(host: str, port: int, read_only: bool, workspace: str, home: str | None) -> None:
    """Serve the web UI and run schedules and sensors, each part as a process of its own.

    A part that dies comes back within seconds and the others go on. Ctrl-C stops all parts; a run
    that is going on is finished. Logs are in service/logs of the Dagster home.

    \b
    lr-pipeline serve --port 3000
    """
    from lr_pipeline.cli.init import prepared_home
    from lr_pipeline.orchestration.service.code_servers import read_workspace
    from lr_pipeline.orchestration.service.service_files import (
        require_short_sockets,
        write_supervisor,
    )

    file = Path(workspace)
    found = read_workspace(file)
    folder = prepared_home(home)
    require_short_sockets(found, folder)
    _require_free(host, port, folder / "service" / "supervisor.sock")
    settings = write_supervisor(found, folder, file.parent.resolve(), host, port, read_only)
    os.environ["DAGSTER_HOME"] = str(folder)
    supervisor = [sys.executable, "-P", "-m", "supervisor.supervisord"]
    click.echo(f"Web UI: http://{host}:{port}  (Ctrl-C stops it, with schedules and sensors)")
    click.echo(f"State: {Path(sys.executable).parent}/supervisorctl -c {settings} status")
    sys.stdout.flush()
    os.execv(sys.executable, [*supervisor, "-n", "-c", str(settings)])


def _require_free(host: str, port: int, supervisor: Path) -> None:
    """Check that no other process serves this home, or has the port."""
    from lr_pipeline.orchestration.service.service_error import ServiceError

    with socket.socket(socket.AF_UNIX) as one:
        if one.connect_ex(str(supervisor)) == 0:
            raise ServiceError(
                f"{supervisor.parent.parent}: is served already. Stop that first: "
                f"supervisorctl -c {supervisor.parent}/supervisord.conf shutdown"
            )
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
        except OSError as error:
            raise ServiceError(
                f"{host}:{port}: {error.strerror}. Choose another one: --port, --host."
            ) from None
