"""``dustjacket tokens``: add, list, remove."""

import json

import pytest

from dustjacket.cli.tokens import AddToken, ListTokens, RemoveToken
from dustjacket.errors import BadInputError
from dustjacket.platform.tokens import find_token


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DUSTJACKET_HOME", str(tmp_path))
    return tmp_path


def test_a_token_is_handed_over_in_a_private_file_listed_and_removed(home, capsys):
    AddToken(name="nightly", scopes="ask,create").cli_cmd()
    file = home / "token-of-nightly"
    token = file.read_text().strip()
    assert file.stat().st_mode & 0o777 == 0o600
    assert token not in capsys.readouterr().out
    assert find_token(home, token).scopes == ("ask", "create")
    with pytest.raises(BadInputError, match="exists"):
        AddToken(name="nightly").cli_cmd()
    ListTokens(json=True).cli_cmd()
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["name"], listed["scopes"]) == ("nightly", ["ask", "create"])
    assert set(listed) == {"name", "scopes", "created_at"}
    RemoveToken(name="nightly").cli_cmd()
    assert find_token(home, token) is None
    assert not file.exists()
    with pytest.raises(BadInputError, match="is no token"):
        RemoveToken(name="nightly").cli_cmd()
