"""Covers from a hostile server, and from one that may not be asked."""

import re

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


DESCRIBED = {
    # Its target is relative to its folder, so it leads to itself.
    15: "too_many_redirects",
    # What follows the body is no response: whether that is seen depends on when it arrives.
    39: "truncated|bad_response",
    # The server waits for plain HTTP, and answers nothing.
    81: "timeout|connection_failed",
    73: "cover",
    75: "cover|bad_url",
    84: "cover|address_refused|bad_url",
}
"""Outcomes of rows whose text names none, or another than the server can give."""


def test_each_address_of_a_hostile_server_is_a_cover_or_has_its_reason(tmp_path):
    with server(tmp_path / "log") as port:
        table = table_of("50-hostile-server", tmp_path, port)
        found = outcomes(run(None, table, tmp_path / "out"))
    lines = (CASES / "50-hostile-server" / "expect.txt").read_text().splitlines()
    expected = {
        int(line[:2]): line[2:].rpartition("': ")[2] for line in lines if line[:2].isdigit()
    }
    wrong = {
        row: (found.get(row), text)
        for row, text in expected.items()
        if not re.search(rf"\b{found.get(row)}\b", DESCRIBED.get(row, text))
    }
    assert not wrong
    assert set(found) == set(expected)


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
