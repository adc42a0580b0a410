"""A file on the web is read like a local one, unless its address is private."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dustjacket.errors import BadInputError
from dustjacket.settings import Settings
from dustjacket.sources.files import fingerprint


@pytest.fixture
def served(tmp_path):
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_file_on_the_web_has_the_fingerprint_of_its_content(served, tmp_path):
    (tmp_path / "books.csv").write_text("title,genre\n")
    here = fingerprint(str(tmp_path / "books.csv"), Settings())
    trusting = Settings(allow_private_addresses=True)
    assert fingerprint(f"{served}/books.csv?download=1", trusting) == here
    with pytest.raises(BadInputError, match=r"http_404"):
        fingerprint(f"{served}/absent.csv", trusting)


def test_a_file_on_a_private_address_is_refused_unless_it_is_allowed(served, tmp_path):
    (tmp_path / "books.csv").write_text("title,genre\n")
    with pytest.raises(BadInputError, match=r"refused"):
        fingerprint(f"{served}/books.csv", Settings())
