"""A server of the tests' own that receives messages, as a chat or a mail gateway would."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class Receiver:
    """What came, oldest first, and the address for ``DUSTJACKET_NOTIFY``; it may refuse."""

    def __init__(self, port: int) -> None:
        self.address = f"json://127.0.0.1:{port}/"
        self.messages: list[dict[str, Any]] = []
        self.status = 200

    def titles(self) -> list[str]:
        return [message["title"] for message in self.messages]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Receive messages for a block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if found.status == 200:
                found.messages.append(json.loads(body))
            self.send_response(found.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Receiver(server.server_port)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
