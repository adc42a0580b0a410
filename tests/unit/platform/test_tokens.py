"""Named tokens of scripts: what is stored, what each scope allows, what is refused."""

import pytest

from dustjacket.errors import BadInputError, DustjacketError
from dustjacket.platform.tokens import (
    FILE,
    bearer_of,
    change_tokens,
    find_token,
    load_tokens,
    new_token,
    refusal_of,
    scope_of,
)


def add(home, name, *scopes):
    record, token = new_token(name, scopes)
    with change_tokens(home) as tokens:
        tokens[name] = record
    return token


def test_a_token_is_found_until_it_is_removed_and_is_not_stored(tmp_path):
    one, two = add(tmp_path, "one", "ask"), add(tmp_path, "two", "create", "trigger")
    file = tmp_path / FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert one not in file.read_text()
    assert find_token(tmp_path, two).scopes == ("create", "trigger")
    assert find_token(tmp_path, one + "x") is None
    with change_tokens(tmp_path) as tokens:
        del tokens["one"]
    assert find_token(tmp_path, one) is None
    assert [*load_tokens(tmp_path)] == ["two"]


def test_two_tokens_differ_and_begin_alike():
    tokens = {new_token("a", ["ask"])[1] for _ in range(20)}
    assert len(tokens) == 20
    assert all(token.startswith("dj_") and len(token) > 40 for token in tokens)


@pytest.mark.parametrize(
    ("name", "scopes", "words"),
    [
        ("A", ["ask"], "no name"), ("a__b", ["ask"], "no name"), ("a:b", ["ask"], "no name"),
        ("a", [], "needs a scope"), ("a", ["ask", "all"], "'all' is no scope"),
    ],
)  # fmt: skip
def test_a_wrong_name_or_scope_is_refused(name, scopes, words):
    with pytest.raises(BadInputError, match=words):
        new_token(name, scopes)


def test_a_damaged_file_lets_nobody_in(tmp_path):
    token = add(tmp_path, "one", "ask")
    (tmp_path / FILE).write_text("{}{")
    with pytest.raises(DustjacketError, match="delete it, and add each token again"):
        find_token(tmp_path, token)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/genre", "ask"), ("POST", "/covers/search", "ask"), ("GET", "/models", "ask"),
        ("GET", "/covers/1/image", "ask"), ("POST", "/v1/projects/x/suggest", "ask"),
        ("POST", "/create", "create"), ("GET", "/create/1/0/cover.png", "create"),
        ("DELETE", "/create/1", "create"), ("POST", "/create/own-art", "create"),
        ("POST", "/review", None), ("GET", "/review", None), ("POST", "/feedback", None),
        ("POST", "/pairs", None), ("POST", "/genre/../review", None), ("PUT", "/models", None),
    ],
)  # fmt: skip
def test_a_request_needs_the_scope_of_what_it_does(method, path, scope):
    assert scope_of(method, path) == scope


def test_a_refusal_says_what_is_missing(tmp_path):
    token = add(tmp_path, "one", "ask")
    assert refusal_of(tmp_path, token, "POST", "/genre") is None
    assert refusal_of(tmp_path, token, "POST", "/create") == (
        403, "the token 'one' lacks the scope 'create'",
    )  # fmt: skip
    assert refusal_of(tmp_path, token, "POST", "/feedback")[0] == 403
    assert refusal_of(tmp_path, "dj_other", "POST", "/genre")[0] == 401


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer dj_x", "dj_x"), ("bearer dj_x", "dj_x"), ("Bearer  dj_x ", "dj_x"),
     (" Bearer \tdj_x", "dj_x"), ("Basic dj_x", None), ("dj_x", None),
     ("Bearer x", None), ("", None)],
)  # fmt: skip
def test_only_a_bearer_token_of_ours_is_looked_up(header, token):
    assert bearer_of(header) == token
