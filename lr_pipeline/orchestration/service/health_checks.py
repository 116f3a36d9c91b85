"""Ask the web server whether it, the daemon and the code locations work."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

QUERY = """
{
  instance { daemonHealth { allDaemonStatuses { daemonType required healthy lastHeartbeatErrors {
    message } } } }
  workspaceOrError {
    ... on Workspace { locationEntries { name loadStatus locationOrLoadError {
      __typename ... on PythonError { message } } } }
    ... on PythonError { message }
  }
}
"""
THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Part:
    """One part of the service, whether it is ``healthy``, and what it says otherwise."""

    name: str
    healthy: bool
    words: str = ""


def checked_parts(url: str, timeout: float = 10.0) -> list[Part]:
    """Return the state of the web server at ``url``, of the daemon's parts and of each location.

    One request is made; where it fails, nothing is known of the others. ``timeout`` in seconds.
    """
    body = json.dumps({"query": QUERY}).encode()
    try:
        request = Request(f"{url.rstrip('/')}/graphql", body, {"Content-Type": "application/json"})
        # A proxy of the environment is for other machines.
        proxies = ProxyHandler({} if urlsplit(url).hostname in THIS_MACHINE else None)
        with build_opener(proxies).open(request, timeout=timeout) as response:
            answer = json.load(response)
    except (OSError, HTTPException, ValueError) as error:
        return [Part("web server", False, f"{url}: {getattr(error, 'reason', error)}")]
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        words = f"{url}: expected an answer of Dagster's web server, found another. Correct --url"
        return [Part("web server", False, words)]
    return [Part("web server", True), *_daemon(data), *_locations(data["workspaceOrError"])]


def _daemon(data: Mapping[str, Any]) -> Iterator[Part]:
    for one in data["instance"]["daemonHealth"]["allDaemonStatuses"]:
        if one["required"]:
            errors = [_first_line(error["message"]) for error in one["lastHeartbeatErrors"] or []]
            words = "; ".join(errors) or "no heartbeat in the last minutes"
            name = f"daemon: {one['daemonType'].lower().replace('_', ' ')}"
            yield Part(name, one["healthy"], "" if one["healthy"] else words)


def _locations(workspace: Mapping[str, Any]) -> Iterator[Part]:
    if "message" in workspace:
        yield Part("workspace", False, _first_line(workspace["message"]))
    for entry in workspace.get("locationEntries", []):
        found = entry["locationOrLoadError"] or {}
        healthy = entry["loadStatus"] == "LOADED" and "message" not in found
        words = _first_line(found.get("message", "it is being loaded"))
        yield Part(f"code location: {entry['name']}", healthy, "" if healthy else words)


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
