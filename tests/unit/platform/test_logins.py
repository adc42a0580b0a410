"""Which logins are right, and when passwords are not checked any more."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dustjacket.platform import logins as module
from dustjacket.platform.accounts import change_accounts, new_account
from dustjacket.platform.logins import WRONG_PASSWORDS, Logins, TooManyAttemptsError

SECRET, OWN = "a long password", {"admin": "random"}


@pytest.fixture
def logins(tmp_path):
    with change_accounts(tmp_path) as accounts:
        accounts["ann"] = new_account("ann", "op", SECRET)
        accounts["bob"] = new_account("bob", "viewer", "another password")
    return Logins(tmp_path)


def answer(logins, name, password):
    try:
        return logins.role_of(name, password, OWN)
    except TooManyAttemptsError as error:
        return f"wait {error.retry_after_s} s"


def test_the_right_password_gives_the_role(logins):
    assert answer(logins, "ann", SECRET) == "op"
    assert answer(logins, "bob", "another password") == "viewer"
    assert answer(logins, "admin", "random") == "admin"
    for name, password in (
        ("ann", "another password"), ("ann", ""), ("ann", "\ud800"), ("Ann", SECRET),
        ("", ""), ("nobody", SECRET), ("admin", ""), ("admin", "Random"),
    ):  # fmt: skip
        assert answer(logins, name, password) is None


def test_after_five_wrong_passwords_no_more_are_checked_for_that_name(logins, monkeypatch):
    for _ in range(WRONG_PASSWORDS.amount):
        assert answer(logins, "ann", "wrong") is None
    hashed = []
    monkeypatch.setattr(module, "check_password_hash", lambda *given: hashed.append(given))
    assert answer(logins, "ann", "wrong") == "wait 60 s"
    assert answer(logins, "ann", SECRET) == "wait 60 s", (
        "a right guess is not told from a wrong one"
    )
    assert hashed == []
    monkeypatch.undo()
    assert answer(logins, "bob", "another password") == "viewer"
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    assert answer(logins, "ann", SECRET) == "op"


def test_guesses_at_once_are_counted_like_guesses_one_by_one(logins):
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda guess: answer(logins, "ann", str(guess)), range(20)))
    assert answers.count(None) == WRONG_PASSWORDS.amount


def test_names_without_an_account_are_counted_together(logins):
    answers = [answer(logins, f"nobody-{place}", "guess") for place in range(8)]
    assert answers == [None] * 5 + ["wait 60 s"] * 3


def test_others_guesses_lock_out_neither_the_platform_nor_who_logged_in_before(logins):
    assert answer(logins, "ann", SECRET) == "op"
    for name in ("ann", "admin"):
        assert "wait 60 s" in [answer(logins, name, "guess") for _ in range(8)]
    assert answer(logins, "ann", SECRET) == "op"
    assert answer(logins, "admin", "random") == "admin"


def test_a_removed_account_or_a_former_password_is_refused_at_once(logins, tmp_path):
    assert answer(logins, "ann", SECRET) == "op"
    with change_accounts(tmp_path) as accounts:
        accounts["ann"] = new_account("ann", "user", "a newer password")
    assert answer(logins, "ann", SECRET) is None
    assert answer(logins, "ann", "a newer password") == "user"
    with change_accounts(tmp_path) as accounts:
        del accounts["ann"]
    assert answer(logins, "ann", "a newer password") is None
