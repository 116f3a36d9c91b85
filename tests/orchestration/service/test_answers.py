"""Who is restarted because it does not answer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from xmlrpc.client import Fault

import grpc
from supervisor.states import ProcessStates

from lr_pipeline.orchestration.service import answers
from lr_pipeline.orchestration.service.answers import Watch
from tests.http_files import served

RUNNING = {"name": "web", "state": ProcessStates.RUNNING, "start": 1}


def watch(replies: list[bool]) -> Watch:
    """A watch of the web server, which replies so, one question after the other."""
    given: Iterator[bool] = iter(replies)
    return Watch({"web": "address"}, lambda address: next(given), pause=0)


def test_a_process_that_has_not_answered_yet_is_loading() -> None:
    """It is left alone however long it takes."""
    watched = watch([False] * 4)
    assert [watched.silent([RUNNING]) for _ in range(4)] == [[]] * 4


def test_a_process_that_stopped_answering_is_named() -> None:
    """The process answers once and then fails to answer twice."""
    watched = watch([True, False, False])
    assert [watched.silent([RUNNING]) for _ in range(2)] == [[], ["web"]]


def test_one_answer_of_two_is_enough() -> None:
    """A single question may be lost."""
    watched = watch([True, False, True])
    assert [watched.silent([RUNNING]) for _ in range(2)] == [[], []]


def test_a_restarted_process_is_loading_again() -> None:
    """Its answer before the restart does not count; nor is one asked that does not run."""
    watched = watch([True, False])
    assert watched.silent([RUNNING]) == []
    assert watched.silent([RUNNING | {"start": 2}]) == []
    assert watched.silent([RUNNING | {"state": ProcessStates.STARTING}]) == []


def test_a_web_address_answers_only_while_it_is_served(tmp_path) -> None:
    """A closed port and an HTTP error are no answers."""
    (tmp_path / "server_info").write_text("{}")
    with served(tmp_path) as (address, _):
        assert answers.answers(f"{address}/server_info")
        assert not answers.answers(f"{address}/missing")
    assert not answers.answers(f"{address}/server_info")


def test_a_socket_answers_a_ping_only_while_its_server_lives(tmp_path) -> None:
    """The call is the one that Dagster's clients make."""
    path = f"unix:{tmp_path}/code.sock"
    assert not answers.answers(path, 1)
    handler = grpc.method_handlers_generic_handler(
        "api.DagsterApi", {"Ping": grpc.unary_unary_rpc_method_handler(lambda *_: b"")}
    )
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((handler,))
    server.add_insecure_port(path)
    server.start()
    assert answers.answers(path)
    server.stop(None).wait()
    assert not answers.answers(path, 1)


class Supervisor:
    """A supervisor whose process ended by itself before it was stopped."""

    def __init__(self) -> None:
        self.started: list[str] = []

    def stopProcess(self, name: str) -> None:  # noqa: N802 - supervisor's own name
        """Refuse, as supervisor does."""
        raise Fault(70, f"NOT_RUNNING: {name}")

    def startProcess(self, name: str) -> None:  # noqa: N802 - supervisor's own name
        """Start the process."""
        self.started.append(name)


def test_a_process_that_has_ended_meanwhile_does_not_end_the_listener(capsys) -> None:
    """A new listener would not know which processes had answered, and would miss one that hangs."""
    supervisor = Supervisor()
    answers.restart(supervisor, "web")
    assert supervisor.started == []
    assert "web: NOT_RUNNING" in capsys.readouterr().err
