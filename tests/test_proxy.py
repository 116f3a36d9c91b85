"""nginx with the documented configuration: who gets in, and what each may do."""

import asyncio
import os
import re
import socket
import ssl
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from getpass import getuser
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import trustme

from lr_pipeline.orchestration.instance.home import initialise_home

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
NGINX = "/usr/sbin/nginx"
PASSWORDS = {"operators": "anna:first", "viewers": "ben:second"}
PORTS = {"operators": "443", "viewers": "8443"}
MAIN = """
user {user}; daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  include {folder}/lr-pipeline.conf;
}}
"""
START = """mutation {startSchedule(scheduleSelector: {
  repositoryLocationName: "lr_pipeline", repositoryName: "__repository__",
  scheduleName: "daily_training"
}) {__typename ... on PythonError {message}}}"""


def free_ports(count: int) -> list[int]:
    """Free ports of the loopback interface."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


class Proxy:
    """The addresses of nginx, and how it is asked."""

    def __init__(self, ports: dict[str, int], trusted: ssl.SSLContext) -> None:
        self.ports, self.trusted = ports, trusted

    def ask(self, who: str, path: str, password: str | None = None, **headers: str) -> int:
        """The status of a GET."""
        return self.answer(who, path, password, None, **headers)[0]

    def answer(
        self, who: str, path: str, password: str | None, body: bytes | None, **headers: str
    ) -> tuple[int, str]:
        """Status and text of an answer."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if password is not None:
            sent["Authorization"] = f"Basic {b64encode(password.encode()).decode()}"
        asked = Request(f"https://127.0.0.1:{self.ports[who]}{path}", body, sent)
        try:
            with urlopen(asked, timeout=60, context=self.trusted) as found:
                return found.status, found.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def mutate(self, who: str, **headers: str) -> tuple[int, str]:
        """Try to start the schedule."""
        sent = {"Content_Type": "application/graphql"} | headers
        return self.answer(who, "/graphql", PASSWORDS[who], START.encode(), **sent)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory) -> Iterator[Proxy]:
    """Nginx in front of a web server for operators and a read-only one for viewers."""
    assert Path(NGINX).exists(), f"{NGINX} is missing: install Debian's nginx-light"
    folder = tmp_path_factory.mktemp("nginx")
    home = initialise_home(tmp_path_factory.mktemp("home"))  # for two servers at once
    folder.chmod(0o755)
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
    text = (ROOT / "docs/deploy/nginx.conf").read_text()
    text = re.sub(r"/etc/ssl/\S+(?=;)", f"{folder}/both.pem", text)
    text = text.replace("/etc/nginx/", f"{folder}/")
    fronts = dict(zip(PASSWORDS, free_ports(2), strict=True))
    backs = free_ports(2)
    for old, new in zip(("3000", "3001"), backs, strict=True):
        text = text.replace(f"server 127.0.0.1:{old};", f"server 127.0.0.1:{new};")
    for who, password in PASSWORDS.items():
        text = text.replace(f"listen {PORTS[who]} ssl", f"listen 127.0.0.1:{fronts[who]} ssl")
        name, secret = password.split(":")
        hashed = subprocess.run(
            ["openssl", "passwd", "-apr1", secret], check=True, capture_output=True, text=True
        )
        (folder / f"lr-pipeline.{who}").write_text(f"{name}:{hashed.stdout}")
    (folder / "lr-pipeline.conf").write_text(text)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=getuser()))
    web = [Path(sys.executable).parent / "dagster-webserver", "-w", "workspace.yaml"]
    environment = os.environ | {"DAGSTER_HOME": str(home)}
    commands = [
        [*web, "-h", "127.0.0.1", "-p", str(backs[0])],
        [*web, "-h", "127.0.0.1", "-p", str(backs[1]), "--read-only"],
        [NGINX, "-c", folder / "nginx.conf", "-e", folder / "error.log"],
    ]
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    started = []
    try:
        for command in commands:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=-3, stderr=-3, start_new_session=True
            )
            started.append(process)
        found = Proxy(fronts, trusted)
        for who, password in PASSWORDS.items():
            wait_until_up(found, who, password, started)
        yield found
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(timeout=60)


def wait_until_up(proxy: Proxy, who: str, password: str, started: list[subprocess.Popen]) -> None:
    """Wait until the server behind answers through nginx, two minutes at most."""
    for _ in range(240):
        assert all(process.poll() is None for process in started), "a server ended"
        try:
            if proxy.ask(who, "/server_info", password) == 200:
                return
        except OSError:
            pass
        time.sleep(0.5)
    raise AssertionError(f"the server for {who} did not come up")


@pytest.mark.parametrize("who", PASSWORDS)
def test_nobody_gets_in_without_the_right_password(proxy, who) -> None:
    """Neither without one, nor with a wrong one, nor with that of the other server."""
    other = next(one for one in PASSWORDS if one != who)
    for password in (None, "anna:", PASSWORDS[who] + "x", PASSWORDS[other]):
        for path in ("/", "/graphql", "/server_info", "/logs/x/1"):
            assert proxy.ask(who, path, password) == 401
    assert proxy.ask(who, "/", PASSWORDS[who]) == 200


def test_a_viewer_can_change_nothing(proxy) -> None:
    """The read-only server refuses what the operators' server does."""
    status, text = proxy.mutate("operators")
    assert status == 200
    assert "ScheduleStateResult" in text
    status, text = proxy.mutate("viewers")
    assert "ScheduleStateResult" not in text
    assert "UnauthorizedError" in text
    query = b"{repositoriesOrError {__typename}}"
    asked = {"Content_Type": "application/graphql"}
    status, text = proxy.answer("viewers", "/graphql", PASSWORDS["viewers"], query, **asked)
    assert (status, "RepositoryConnection" in text) == (200, True)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_another_site_cannot_use_the_password_that_a_browser_knows(proxy, headers) -> None:
    """A page elsewhere can make a browser send requests, which carry the password."""
    assert proxy.mutate("operators", **headers)[0] == 403
    own = {"Origin": f"https://127.0.0.1:{proxy.ports['operators']}"}
    assert proxy.mutate("operators", **own, Sec_Fetch_Site="same-origin")[0] == 200


def test_live_updates_pass(proxy) -> None:
    """The WebSocket opens with the password, from the own origin alone."""
    assert asyncio.run(greeting(proxy, PASSWORDS["viewers"], None)) == "connection_ack"
    assert asyncio.run(greeting(proxy, None, None)) == "401"
    assert asyncio.run(greeting(proxy, PASSWORDS["viewers"], "https://evil.example")) == "403"


async def greeting(proxy: Proxy, password: str | None, origin: str | None) -> str:
    """The server's first message, or the status with which it refuses."""
    import aiohttp

    headers = {} if origin is None else {"Origin": origin}
    if password is not None:
        headers["Authorization"] = f"Basic {b64encode(password.encode()).decode()}"
    address = f"https://127.0.0.1:{proxy.ports['viewers']}/graphql"
    async with aiohttp.ClientSession() as session:
        try:
            async with session.ws_connect(
                address, headers=headers, protocols=["graphql-ws"], ssl=proxy.trusted
            ) as link:
                await link.send_json({"type": "connection_init", "payload": {}})
                return str((await link.receive_json(timeout=30))["type"])
        except aiohttp.WSServerHandshakeError as error:
            return str(error.status)
