"""Covers from a hostile server, and from one that may not be asked."""

import pytest

from dustjacket.errors import BadInputError
from tests.support.cases import CASES, PORT, need_cases, server
from tests.support.covers_run import outcomes, run


def table_of(name, tmp_path, port):
    need_cases()
    (table,) = (CASES / name).glob("**/*.csv") if name[:2] != "57" else (CASES / name).glob("c/*")
    copy = tmp_path / table.name
    copy.write_bytes(table.read_bytes().replace(PORT.encode(), str(port).encode()))
    return copy


COVERS = (1, 8, 9, 13, 21, 23, 26, 27, 28, 32, 33, 43, 56, 59, 61, 66, 72, 73, 87, 89)
REASONS = {
    2: "http_403", 10: "http_429", 12: "too_many_redirects", 25: "bad_encoding",
    29: "unsupported_encoding", 30: "too_large", 31: "not_an_image", 36: "empty_file",
    46: "timeout", 74: "credentials_in_url", 76: "bad_url", 79: "dns_failure", 82: "bad_scheme",
    83: "bad_url",
}  # fmt: skip


def test_each_address_of_a_hostile_server_is_a_cover_or_has_its_reason(tmp_path):
    with server(tmp_path / "log") as port:
        table = table_of("50-hostile-server", tmp_path, port)
        found = outcomes(run(None, table, tmp_path / "out"))
    assert set(found) == set(range(1, 93))
    assert {row: found[row] for row in COVERS} == dict.fromkeys(COVERS, "cover")
    assert {row: found[row] for row in REASONS} == REASONS


def test_private_addresses_are_refused_and_never_asked(tmp_path):
    with server(tmp_path / "log") as port:
        (tmp_path / "log").write_text("")
        table = table_of("51-private-refused", tmp_path, port)
        with pytest.raises(BadInputError, match=r"address_refused|port_refused"):
            run(None, table, tmp_path / "out", private=False)
        assert (tmp_path / "log").read_text() == ""


def test_the_largest_address_of_a_list_is_fetched(tmp_path):
    with server(tmp_path / "log") as port:
        table = table_of("57-covers-amazon-images-list", tmp_path, port)
        found = run(None, table, tmp_path / "out", image_column="images")
    assert list(found.index["title"]) == ["T0", "T1", "T2", "T3"]
