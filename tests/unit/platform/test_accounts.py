"""The file of accounts: what is accepted, what is stored, what is refused."""

import os
import stat

import pytest
from werkzeug.security import check_password_hash

from dustjacket.errors import BadInputError, DustjacketError
from dustjacket.platform.accounts import FILE, change_accounts, load_accounts, new_account

TYPED = "a long password"


def add(home, name, role="viewer", password=TYPED):
    with change_accounts(home) as accounts:
        accounts[name] = new_account(name, role, password)


def test_accounts_are_kept_with_a_hash_in_a_private_file(tmp_path):
    home, mask = tmp_path / "home", os.umask(0)
    try:
        add(home, "ann", "op")
        add(home, "bob@example.org")
    finally:
        os.umask(mask)
    assert {name: account.role for name, account in load_accounts(home).items()} == {
        "ann": "op",
        "bob@example.org": "viewer",
    }
    stored = load_accounts(home)["ann"].password_hash
    assert stored.startswith("scrypt:")
    assert check_password_hash(stored, TYPED)
    assert TYPED not in (home / FILE).read_text()
    assert stat.S_IMODE((home / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_change_is_seen_at_once_and_one_that_fails_is_not_stored(tmp_path):
    add(tmp_path, "ann")
    before = load_accounts(tmp_path)["ann"]
    add(tmp_path, "ann", "op")
    after = load_accounts(tmp_path)["ann"]
    assert (after.role, after.state != before.state) == ("op", True)
    with pytest.raises(BadInputError), change_accounts(tmp_path) as accounts:
        accounts["eve"] = new_account("eve", "admin", "short")
    with change_accounts(tmp_path) as accounts:
        del accounts["ann"]
    assert load_accounts(tmp_path) == {}


@pytest.mark.parametrize(
    "name", ["", "Ann", "an:n", "ann ", "../ann", "-ann", "manual__x", "a" * 65, "ann\n"]
)
def test_a_name_that_could_be_mistaken_is_refused(name):
    with pytest.raises(BadInputError, match="no name of an account"):
        new_account(name, "viewer", TYPED)


@pytest.mark.parametrize("password", ["", "short", "x" * 257, "a long\x00 password", "a\ud800" * 9])
def test_a_password_that_is_too_weak_or_cannot_be_typed_is_refused(password):
    with pytest.raises(BadInputError, match="12 to 256") as refused:
        new_account("ann", "viewer", password)
    assert not password or password not in str(refused.value)


def test_an_unknown_role_is_refused():
    with pytest.raises(BadInputError, match="viewer, user, op, admin"):
        new_account("ann", "boss", TYPED)


@pytest.mark.parametrize("content", ["{", '{"accounts": [{"name": "ann", "role": "secret-x"}]}'])
def test_a_broken_file_gives_one_line_that_names_it_and_none_of_its_content(tmp_path, content):
    (tmp_path / FILE).write_text(content)
    with pytest.raises(DustjacketError, match=r"users\.json is not a list of accounts") as refused:
        load_accounts(tmp_path)
    assert "\n" not in str(refused.value)
    assert "secret-x" not in str(refused.value)
