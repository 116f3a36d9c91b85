"""The verb ``deploy``: write the files that run the service on a server or a cluster."""

from pathlib import Path

import click

from lr_pipeline.cli.table_options import HOME_HELP, WORKSPACE_HELP


@click.command()
@click.argument("kind", type=click.Choice(["systemd", "compose", "helm"]))
@click.option(
    "--output", type=click.Path(), default="deploy", show_default=True, help="Folder of the files."
)
@click.option("--workspace", type=click.Path(), default="workspace.yaml", help=WORKSPACE_HELP)
@click.option("--home", type=click.Path(), help=HOME_HELP)
def deploy(kind: str, output: str, workspace: str, home: str | None) -> None:
    """Write systemd units, a compose file with its Dockerfile, or values of Dagster's Helm chart.

    The first lines of each file say how to use it. Files of these names are replaced.

    \b
    lr-pipeline deploy systemd --output deploy
    """
    from lr_pipeline.orchestration.instance.home import dagster_home
    from lr_pipeline.orchestration.service.code_servers import read_workspace
    from lr_pipeline.orchestration.service.deployment import write_deployment

    file = Path(workspace)
    found, project = read_workspace(file), file.parent.resolve()
    for path in write_deployment(kind, found, dagster_home(home), project, Path(output)):
        click.echo(path)
