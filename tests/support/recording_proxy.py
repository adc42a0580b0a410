"""A proxy that answers nothing and records who wanted something of it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer

PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


@contextmanager
def recording_proxy() -> Iterator[tuple[dict[str, str], list[bytes]]]:
    """Listen for a block; yield the variables that name this proxy, and the requests so far."""
    requests: list[bytes] = []

    class Record(StreamRequestHandler):
        def handle(self) -> None:
            requests.append(self.rfile.readline())

    with ThreadingTCPServer(("127.0.0.1", 0), Record) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        yield dict.fromkeys(PROXIES, address), requests
        server.shutdown()
