"""A server that runs but does not work is started again; one that is still starting is not."""

import pytest

from dustjacket.platform import watch
from dustjacket.platform.status import ServerStatus
from dustjacket.settings import Settings

SETTINGS = Settings(_env_file=None)


class Servers:
    """Servers whose health at each check is given, and which of them were restarted when."""

    def __init__(self, *checks):
        self.checks, self.restarts, self.done = iter(checks), [], 0

    def status(self, _settings, _timeout_s):
        self.done += 1
        return [
            ServerStatus(name, "running", health, "", 1, seconds, 0.0)
            for name, health, seconds in next(self.checks)
        ]

    def restart(self, _home, name):
        self.restarts.append((self.done, name))


def watched(monkeypatch, *checks):
    """Return the restarts, as (number of the check, name), of a watch that makes these checks."""
    servers = Servers(*checks)
    monkeypatch.setattr(watch, "status", servers.status)
    monkeypatch.setattr(watch.supervision, "restart", servers.restart)
    monkeypatch.setattr(watch.time, "sleep", lambda _: None)
    with pytest.raises(StopIteration):
        watch.watch(SETTINGS)
    return servers.restarts


HUNG = [("web", "unhealthy", 1000), ("other", "healthy", 1000)]


def test_a_server_that_is_unhealthy_twice_is_restarted_once(monkeypatch):
    assert watched(monkeypatch, HUNG, HUNG, [("web", "unhealthy", 5)]) == [(2, "web")]
    assert watched(monkeypatch, HUNG, HUNG, HUNG, HUNG) == [(2, "web"), (4, "web")]


def test_a_server_that_was_slow_once_is_left_alone(monkeypatch):
    assert watched(monkeypatch, HUNG, [("web", "healthy", 1000)], HUNG) == []


def test_a_server_that_is_still_starting_is_left_alone(monkeypatch):
    assert watched(monkeypatch, *[[("web", "unhealthy", seconds)] for seconds in (5, 20, 35)]) == []


def test_where_airflows_api_does_not_answer_its_other_parts_are_not_restarted(monkeypatch):
    parts = [("airflow-triggerer", "unknown", 1000), ("airflow-api", "unhealthy", 1000)]
    assert watched(monkeypatch, parts, parts, parts) == [(2, "airflow-api")]


def test_all_that_hang_are_restarted_at_once(monkeypatch):
    both = [("web", "unhealthy", 1000), ("other", "unhealthy", 1000)]
    assert sorted(watched(monkeypatch, both, both)) == [(2, "other"), (2, "web")]
