"""What a run says of the code that made it."""

from importlib.metadata import version

import pytest

from dustjacket.tracking import runs


@pytest.fixture(autouse=True)
def not_read_before():
    runs.git_sha.cache_clear()
    yield
    runs.git_sha.cache_clear()


def test_where_there_is_no_git_the_release_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert runs.git_sha() == version("dustjacket")
