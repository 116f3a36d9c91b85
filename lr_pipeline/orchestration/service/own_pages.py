"""Refuse what a page of another site makes a browser send to the web UI.

Dagster's web server takes a mutation also from ``GET /graphql?query=…``, from a form and from any
WebSocket, and does not look where the request comes from. So a page that is open in a browser
beside the web UI could launch runs, though it could not read the answer.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

OWN = ("same-origin", "none")  # Sec-Fetch-Site of our pages, and of an address that was typed
LOOKS = ("GET", "HEAD")


class OwnPagesAlone:
    """ASGI middleware that answers 403 to what changes something and is not of the same origin.

    Programs, which send no ``Origin``, may post. Nobody may ask GraphQL by GET, since browsers do
    that for a picture of another site without saying so.
    """

    def __init__(self, app: "ASGIApp") -> None:
        self.app = app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in ("http", "websocket") or (reason := _refusal(scope)) is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            from starlette.responses import PlainTextResponse

            await PlainTextResponse(f"{reason}\n", status_code=403)(scope, receive, send)


def _refusal(scope: "Scope") -> str | None:
    """Return why a request is refused; None if it is not."""
    asks = scope["path"].rstrip("/").endswith("/graphql")
    looks = scope.get("method") in LOOKS
    if asks and looks and scope["query_string"]:
        return "GraphQL is asked by POST here: a page of another site could send this GET."
    if looks and not asks:
        return None
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return None if _is_own(headers) else "This request comes from a page of another site."


def _is_own(headers: Mapping[str, str]) -> bool:
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        return False
    return headers.get("sec-fetch-site", "none") in OWN
