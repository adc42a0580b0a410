"""The commands about accounts: where passwords come from, and where they do not go."""

import io
import json
import stat
import sys

import pytest
from pydantic_settings import CliApp
from werkzeug.security import check_password_hash

from dustjacket.cli import users
from dustjacket.cli.users import Users
from dustjacket.errors import BadInputError
from dustjacket.platform.accounts import load_accounts
from dustjacket.settings import load_settings
from tests.support.accounts import quicken_hashes

TYPED = "a long password"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DUSTJACKET_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    quicken_hashes(monkeypatch)
    load_settings.cache_clear()
    yield tmp_path
    load_settings.cache_clear()


def call(*arguments, typed=""):
    sys.stdin = io.StringIO(typed)
    CliApp.run(Users, cli_args=[*arguments])


class Terminal(io.StringIO):
    def isatty(self):
        return True


def has_password(home, name, password):
    return check_password_hash(load_accounts(home)[name].password_hash, password)


def test_a_password_comes_from_standard_input(home, capsys):
    call("add", "ann", "--role", "op", typed=f"{TYPED}\n")
    assert load_accounts(home)["ann"].role == "op"
    assert has_password(home, "ann", TYPED)
    with pytest.raises(BadInputError, match="standard input has no password"):
        call("add", "bob")
    assert TYPED not in "".join(capsys.readouterr())


def test_on_a_terminal_a_password_is_typed_twice_and_not_shown(home, monkeypatch):
    answers = [TYPED, TYPED, TYPED, "something else"]
    monkeypatch.setattr(users, "getpass", lambda _: answers.pop(0))
    monkeypatch.setattr(sys, "stdin", Terminal())
    CliApp.run(Users, cli_args=["add", "ann"])
    assert (load_accounts(home)["ann"].role, has_password(home, "ann", TYPED)) == ("viewer", True)
    with pytest.raises(BadInputError, match="differ"):
        CliApp.run(Users, cli_args=["passwd", "ann"])


def test_a_generated_password_goes_to_a_private_file_or_once_to_a_terminal(
    home, capsys, monkeypatch
):
    call("add", "ann", "--generate")
    file = home / "password-of-ann"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    password = file.read_text().strip()
    assert has_password(home, "ann", password)
    shown = capsys.readouterr().out
    assert str(file) in shown
    assert password not in shown

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    call("passwd", "ann", "--generate")
    assert not file.exists(), "it holds a password that is no longer right"
    password = capsys.readouterr().out.split("shown only now: ")[1].split()[0]
    assert has_password(home, "ann", password)


def test_accounts_are_listed_changed_and_removed(home, capsys):
    call("add", "ann", typed=TYPED)
    call("add", "bob", "--role", "user", "--generate")
    call("passwd", "ann", typed="another password")
    assert has_password(home, "ann", "another password")
    capsys.readouterr()
    call("list", "--json")
    assert json.loads(capsys.readouterr().out) == [
        {"name": "ann", "role": "viewer"},
        {"name": "bob", "role": "user"},
    ]
    call("remove", "bob")
    assert not (home / "password-of-bob").exists()
    assert list(load_accounts(home)) == ["ann"]
    call("list")
    assert "ann" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add", "ann"), "has an account"),
        (("add", "admin"), "the platform's own"),
        (("add", "dustjacket"), "the platform's own"),
        (("add", "bob", "--role", "boss"), "no role"),
        (("add", "Bob"), "no name of an account"),
        (("remove", "bob"), "users list"),
        (("passwd", "bob"), "users list"),
        (("passwd", "admin"), r"credentials\.json"),
        (("remove", "admin"), r"credentials\.json"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line_and_changes_nothing(home, arguments, message):
    call("add", "ann", typed=TYPED)
    before = load_accounts(home)
    with pytest.raises(BadInputError, match=message) as refused:
        call(*arguments, typed="another password")
    assert "\n" not in str(refused.value)
    assert load_accounts(home) == before
