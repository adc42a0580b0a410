"""A file on the web is read like a local one, unless its address is private."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dustjacket.catalog.step import INGEST_CATALOG
from dustjacket.covers.step import INGEST_COVERS
from dustjacket.errors import BadInputError
from dustjacket.settings import Settings
from dustjacket.sources.files import fingerprint, stage
from dustjacket.sources.streams import opened
from dustjacket.storage.store import Store


@pytest.fixture
def requests():
    return []


@pytest.fixture
def served(tmp_path, requests):
    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            super().do_GET()

    handler = partial(Handler, directory=tmp_path)
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


@pytest.mark.parametrize("step", [INGEST_CATALOG, INGEST_COVERS])
def test_a_file_on_the_web_is_downloaded_once_for_its_digest_and_its_rows(
    served, requests, tmp_path, step
):
    settings = Settings(_env_file=None, allow_private_addresses=True, folder=tmp_path / "store")
    store, file = Store(settings), tmp_path / "books.csv"
    store.ensure_bucket()
    for text in ("title,genre\nEmma,Romance\n", "title,genre\nDune,Fiction\n"):
        file.write_text(text)
        address = f"{served}/books.csv"
        before = len(requests)
        assert step.fingerprint(address, store) == fingerprint(str(file), open_to(tmp_path))
        (staged,) = stage(address, store, lambda _: True)
        assert len(requests) == before + 1
        assert opened(staged, store).read().decode() == text
    store.client.delete_object(Bucket=staged.bucket, Key=staged.key)
    (again,) = stage(address, store, lambda _: True)
    assert opened(again, store).read().decode() == text


def open_to(folder):
    return Settings(_env_file=None, source_roots=str(folder))
