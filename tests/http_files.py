"""A local web server for the files of a folder and parts of these files."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class PartsOfFiles(BaseHTTPRequestHandler):
    """Answers GET and HEAD with the requested range."""

    folder: Path
    requests: list[str]
    ranges = True
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Send the file, or the requested range of it."""
        path = self.folder / self.path.partition("?")[0].lstrip("/")
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        asked = asked if self.ranges else None
        first, last = 0, len(content) - 1
        if asked:
            first, last = int(asked[1]), min(int(asked[2] or last), last)
        self.requests.append(f"{self.command} {self.headers.get('Range', 'all')}")
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.send_header("Accept-Ranges", "bytes" if self.ranges else "none")
        self.send_header("Content-Length", str(last + 1 - first))
        self.end_headers()
        if self.command == "GET":
            with suppress(ConnectionError):  # a reader may close the connection after the header
                self.wfile.write(content[first : last + 1])

    do_HEAD = do_GET  # noqa: N815 - the standard library's names

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve the folder; yield its address and the list of requests."""
    requests: list[str] = []
    handler = type("Handler", (PartsOfFiles,), {"folder": folder, "requests": requests})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", requests
        server.shutdown()
