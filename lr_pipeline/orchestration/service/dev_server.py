"""``dagster dev``, whose web server lets its own pages alone change something.

``python -m`` this module takes the options of ``dagster dev``.
"""

import subprocess
from collections.abc import Sequence
from typing import Any

from dagster._cli import dev

WEB_SERVER = "lr_pipeline.orchestration.service.web_server"


def main() -> None:
    """Start web server and daemon; both end with this process."""
    usual = vars(dev)["open_ipc_subprocess"]

    def start(parts: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        ours = [WEB_SERVER if part == "dagster_webserver" else part for part in parts]
        started: subprocess.Popen[Any] = usual(ours, **options)
        return started

    vars(dev)["open_ipc_subprocess"] = start
    dev.dev_command(auto_envvar_prefix="DAGSTER")


if __name__ == "__main__":
    main()
