"""What ``dustjacket status`` prints, and its exit status, which scripts read."""

import json
import sys
from types import SimpleNamespace

import pytest

from dustjacket import platform
from dustjacket.cli import app, servers, step_status
from dustjacket.platform.status import ServerStatus
from dustjacket.upkeep import operations


def server(name, health):
    return ServerStatus(name, "running", health, "http://127.0.0.1:1", 1, 60, 0.0)


@pytest.fixture
def shown(monkeypatch, capsys, tmp_path):
    """Run the command on servers of given health; return its exit status and output."""

    def print_steps(rows, to):
        to.print(*rows[0].values())

    work = SimpleNamespace(model_dump=lambda **_: {"serves": []})
    monkeypatch.setattr(app, "prepare_process", lambda: None)
    monkeypatch.setattr(servers, "open_store", lambda: None)
    monkeypatch.setattr(operations, "operations", lambda *_: work)
    monkeypatch.setattr(step_status, "step_rows", lambda: [{"step": "each step"}])
    monkeypatch.setattr(step_status, "print_step_status", print_steps)
    monkeypatch.setattr(step_status, "print_operations", lambda *_: None)
    monkeypatch.setattr(platform, "print_status", lambda *_: None)
    monkeypatch.setenv("DUSTJACKET_HOME", str(tmp_path))

    def run(found, *words):
        monkeypatch.setattr(platform, "status", lambda: found)
        monkeypatch.setattr(sys, "argv", ["dustjacket", "status", *words])
        try:
            app.main()
        except SystemExit as end:
            return end.code, capsys.readouterr().out
        return 0, capsys.readouterr().out

    return run


@pytest.mark.parametrize(
    ("healths", "code"),
    [(["healthy", "healthy"], 0), (["healthy", "unhealthy"], 1), (["unknown"], 1), ([], 1)],
)
def test_the_exit_status_says_whether_every_server_is_healthy(shown, healths, code):
    found = [server(str(number), health) for number, health in enumerate(healths)]
    status, output = shown(found)
    assert status == code
    assert ("each step" in output) == (code == 0)
    status, output = shown(found, "--json")
    assert status == code
    assert [row["health"] for row in json.loads(output)["servers"]] == healths
