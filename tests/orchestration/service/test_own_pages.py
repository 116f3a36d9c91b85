"""What pages of other sites can make a browser send to the web UI is refused."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from lr_pipeline.orchestration.service.own_pages import OwnPagesAlone

HOST = "127.0.0.1:3000"
HERE = f"http://{HOST}"
MUTATION = "mutation{setNuxSeen}"
SECONDS = 300


async def _site(scope: Mapping[str, Any], receive: object, send: Callable[..., Any]) -> None:
    """A site that does whatever it is asked."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
    else:
        await send({"type": "http.response.start", "status": 200})


def outcome(kind: str, target: str, headers: Mapping[str, str], method: str = "GET") -> object:
    """Return the status of the answer, or what becomes of a WebSocket."""
    path, _, query = target.partition("?")
    sent: list[dict[str, Any]] = []
    named = {"Host": HOST, **headers}
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in named.items()],
    }
    if kind == "websocket":
        del scope["method"]

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(OwnPagesAlone(_site)(scope, receive, send))
    return sent[0].get("status", sent[0].get("code", sent[0]["type"]))


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 200),  # a program
        ({"Origin": HERE, "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": HERE.replace("http:", "https:")}, 200),  # TLS ends at a proxy
        ({"Origin": "http://127.0.0.1:8888", "Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://example.org", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://example.org"}, 403),
        ({"Origin": "null"}, 403),  # a page in a sandboxed frame
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
@pytest.mark.parametrize("path", ["/graphql", "/prefix/graphql", "/report_asset_materialization/a"])
def test_only_programs_and_own_pages_may_post(path, headers, code) -> None:
    """A form's request is refused as well: the type of its content does not matter."""
    for content in ("application/json", "text/plain"):
        sent = {"Content-Type": content, **headers}
        assert outcome("http", f"{path}?query={MUTATION}", sent, "POST") == code


def test_graphql_is_not_asked_by_get() -> None:
    """Browsers send that for a picture of another site; its own page is a GET without a query."""
    assert outcome("http", f"/graphql?query={MUTATION}", {}) == 403
    assert outcome("http", f"/graphql/?x=1&query={MUTATION}", {}) == 403
    assert outcome("http", f"/graphql?%71uery={MUTATION}", {}) == 403
    assert outcome("http", "/graphql", {"Accept": "text/html"}) == 200


def test_a_link_on_another_site_opens_a_page() -> None:
    """It looks, and changes nothing."""
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert outcome("http", "/runs/1?query=a", followed) == 200


def test_a_websocket_of_another_site_is_refused() -> None:
    """Browsers let any page open one, and let it read the answers."""
    assert outcome("websocket", "/graphql", {"Origin": HERE}) == "websocket.accept"
    assert outcome("websocket", "/graphql", {"Origin": "https://example.org"}) == 1008


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of Dagster's web server as the service starts it, without a workspace."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    module = "lr_pipeline.orchestration.service.web_server"
    process = subprocess.Popen(
        [sys.executable, "-m", module, "-h", "127.0.0.1", "-p", port, "--empty-workspace"],
        env={name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        latest = time.monotonic() + SECONDS
        while asked(f"{address}/server_info") == "":
            assert process.poll() is None
            assert time.monotonic() < latest
            time.sleep(0.2)
        yield address
    finally:
        process.kill()
        process.wait(SECONDS)


def asked(url: str, data: bytes | None = None, headers: Mapping[str, str] | None = None) -> str:
    """Return the answer's text, its code where it is an error, "" where nobody answers."""
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, data, dict(headers or {})), timeout=60
        ) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return str(error.code)
    except OSError:
        return ""


@pytest.mark.promise("Services", "A page of another site cannot change anything in the web UI.")
def test_the_web_server_of_the_service_refuses_them(server) -> None:
    """A mutation by its own page, or by a program, is carried out."""
    body = json.dumps({"query": MUTATION}).encode()
    typed = {"Content-Type": "application/json"}
    own = {**typed, "Origin": server, "Sec-Fetch-Site": "same-origin"}
    assert asked(f"{server}/graphql?query={MUTATION}", headers={"Accept": "image/*"}) == "403"
    assert asked(f"{server}/graphql", body, {**typed, "Origin": "https://example.org"}) == "403"
    for headers in (own, typed):
        assert json.loads(asked(f"{server}/graphql", body, headers)) == {
            "data": {"setNuxSeen": True}
        }
    assert "<html" in asked(f"{server}/runs", headers={"Sec-Fetch-Site": "cross-site"})
