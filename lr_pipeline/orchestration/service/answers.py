"""A listener of supervisor's events that restarts a process which runs but does not answer.

``python -m lr_pipeline.orchestration.service.answers web=http://… code-churn=unix:/…/churn.sock``

supervisor itself sees only that a process has ended. A code server answers through a second
process of its own, whose death it does not notice. The daemon needs no question: it ends by
itself when one of its threads hangs.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.request import ProxyHandler, build_opener
from xmlrpc.client import Fault

import click
import grpc
from supervisor import childutils
from supervisor.states import ProcessStates

PATIENCE = 20.0  # seconds that an answer may take
AGAIN = 1.0  # seconds until a process that did not answer is asked again
DIRECTLY = build_opener(ProxyHandler({}))  # a proxy of the environment is for other machines
PING = "/api.DagsterApi/Ping"


def answers(address: str, patience: float = PATIENCE) -> bool:
    """Tell whether the web server (``http:``) or code server (``unix:``) of an address answers."""
    try:
        if address.startswith("unix:"):
            with grpc.insecure_channel(address) as channel:
                channel.unary_unary(PING)(b"", timeout=patience)
        else:
            with DIRECTLY.open(address, timeout=patience):
                pass
    except (OSError, grpc.RpcError):
        return False
    return True


class Watch:
    """Notices who of ``addresses`` (process name → address) has stopped answering since its start.

    ``ask`` tells whether an address answers; it asks again after ``pause`` seconds. A process that
    has not answered yet is still loading.
    """

    def __init__(
        self,
        addresses: Mapping[str, str],
        ask: Callable[[str], bool] = answers,
        pause: float = AGAIN,
    ) -> None:
        self.addresses = addresses
        self.ask = ask
        self.pause = pause
        self.answered: dict[str, int] = {}  # name → start of the process that answered

    def silent(self, processes: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return the names of running ``processes`` that answered before and do not, twice, now."""
        running = {
            one["name"]: one["start"]
            for one in processes
            if one["name"] in self.addresses and one["state"] == ProcessStates.RUNNING
        }
        doubtful = []
        for name, start in running.items():
            if self.ask(self.addresses[name]):
                self.answered[name] = start
            elif self.answered.get(name) == start:
                doubtful.append(name)
        if doubtful:
            time.sleep(self.pause)
        return [name for name in doubtful if not self.ask(self.addresses[name])]


def restart(supervisor: Any, name: str) -> None:
    """Stop and start a process; supervisor itself starts one that has ended meanwhile."""
    try:
        supervisor.stopProcess(name)
        supervisor.startProcess(name)
    except Fault as fault:
        click.echo(f"{name}: {fault.faultString}", err=True)


def main() -> None:
    """Ask at every tick of supervisor, and restart who does not answer."""
    watch = Watch(dict(one.split("=", 1) for one in sys.argv[1:]))
    while True:
        childutils.listener.wait(sys.stdin, sys.stdout)
        supervisor = childutils.getRPCInterface(os.environ).supervisor
        for name in watch.silent(supervisor.getAllProcessInfo()):
            click.echo(f"{name} does not answer: it is restarted", err=True)
            restart(supervisor, name)
        childutils.listener.ok(sys.stdout)


if __name__ == "__main__":
    main()
