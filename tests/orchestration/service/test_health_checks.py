"""What ``health`` says of an address that is not Dagster's web server."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from lr_pipeline.orchestration.service.health_checks import checked_parts


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Serve one connection, to which a server answers with these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

        thread = Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def http(body: bytes) -> bytes:
    """The bytes of an answer in HTTP."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH-2.0"),
        (http(b"<!doctype html>"), "Expecting value"),
        (http(b'["another service"]'), "expected an answer of Dagster's web server"),
        (http(b'{"errors": [], "data": null}'), "expected an answer of Dagster's web server"),
    ],
)
def test_another_server_is_no_healthy_web_server(answer: bytes, said: str) -> None:
    """It is one line, whatever the server speaks."""
    with answering(answer) as url:
        (part,) = checked_parts(url, 5.0)
    assert (part.name, part.healthy) == ("web server", False)
    assert part.words.startswith(url)
    assert said in part.words


@pytest.mark.parametrize("url", ["127.0.0.1:3000", "localhost", "//", "http://a b"])
def test_an_address_that_is_none_is_named(url: str) -> None:
    """The scheme may be forgotten."""
    (part,) = checked_parts(url, 5.0)
    assert not part.healthy
    assert part.words.startswith(f"{url}: ")


def test_a_proxy_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A monitor's environment may name one for the others."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with answering(http(b"{}")) as url:
        (part,) = checked_parts(url, 5.0)
    assert "expected an answer of Dagster's web server" in part.words
