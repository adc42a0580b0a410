"""A source's fingerprint stands for its content, and a source that is not there is one line."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dustjacket.errors import BadInputError
from dustjacket.settings import Settings
from dustjacket.sources.files import fingerprint


def test_the_fingerprint_follows_content_not_place_or_time(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder / "inner").mkdir(parents=True)
        (tmp_path / folder / "inner" / "x.csv").write_text("1")
    one, other = (fingerprint(str(tmp_path / folder), Settings()) for folder in ("a", "b"))
    assert one == other
    (tmp_path / "b" / "inner" / "x.csv").write_text("2")
    assert fingerprint(str(tmp_path / "b"), Settings()) != one


def test_a_renamed_file_changes_the_fingerprint_of_its_folder(tmp_path):
    (tmp_path / "x.csv").write_text("1")
    before = fingerprint(str(tmp_path), Settings())
    (tmp_path / "x.csv").rename(tmp_path / "y.csv")
    assert fingerprint(str(tmp_path), Settings()) != before


def test_a_missing_source_names_itself(tmp_path):
    with pytest.raises(BadInputError, match="does not exist"):
        fingerprint(str(tmp_path / "absent.csv"), Settings())


def test_an_empty_folder_is_no_source(tmp_path):
    with pytest.raises(BadInputError, match="an empty folder"):
        fingerprint(str(tmp_path), Settings())


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
