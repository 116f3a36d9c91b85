"""Dagster's web server, which lets its own pages alone change something.

``python -m`` this module takes the options of ``dagster-webserver``.
"""

from typing import Any

from dagster_webserver.cli import main as web_server
from dagster_webserver.webserver import DagsterWebserver
from starlette.middleware import Middleware

from lr_pipeline.orchestration.service.own_pages import OwnPagesAlone


def main() -> None:
    """Start the web server."""
    usual = DagsterWebserver.build_middleware

    def guarded(server: DagsterWebserver[Any, Any]) -> list[Middleware]:
        return [Middleware(OwnPagesAlone), *usual(server)]

    DagsterWebserver.build_middleware = guarded  # type: ignore[method-assign, assignment]
    web_server()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
