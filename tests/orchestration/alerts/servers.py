"""Real servers on this machine that take messages: one for mail, one for a webhook."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

PASSWORD = "very-secret-word"


class Mailbox:
    """An SMTP server that asks for a password; ``messages`` are subject and text of each mail."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        mail = message_from_bytes(envelope.content, policy=policy.default)
        body = mail.get_body(("plain", "html"))
        self.messages.append((str(mail["subject"]), body.get_content()))
        return "250 taken"

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Run the server; yield its URL for Apprise."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]

        def known(_server, _session, _envelope, _mechanism, told) -> AuthResult:
            return AuthResult(success=told.password == PASSWORD.encode())

        controller = Controller(
            self,
            hostname="127.0.0.1",
            port=port,
            authenticator=known,
            auth_required=True,
            auth_require_tls=False,
        )
        controller.start()
        try:
            yield (
                f"mailto://ada:{PASSWORD}@127.0.0.1:{port}"
                "?from=pipeline@example.org&to=ada@example.org&mode=insecure"
            )
        finally:
            controller.stop()


class Webhook:
    """An HTTP server; ``status`` is what it answers, and ``messages`` are those that it took."""

    def __init__(self) -> None:
        self.status = 200
        self.asked = 0
        self.messages: list[tuple[str, str]] = []

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Run the server; yield its URL for Apprise."""
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told = json.loads(self.rfile.read(int(self.headers["content-length"])))
                hook.asked += 1
                if hook.status == 200:
                    hook.messages.append((told["title"], told["message"]))
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"json://ada:{PASSWORD}@127.0.0.1:{server.server_port}/hook"
            server.shutdown()
