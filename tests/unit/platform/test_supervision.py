"""The supervisor's configuration and its socket; tests/integration starts a real one."""

import configparser
import os
import socket
import stat
import subprocess

import pytest

from dustjacket.platform import supervision
from dustjacket.platform.servers import Server


def listening(folder):
    """Return a socket in ``folder`` that accepts connections and never replies."""
    here = os.open(folder, os.O_PATH)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"/proc/self/fd/{here}/supervisor.sock")
    listener.listen()
    os.close(here)
    return listener


def test_the_socket_is_in_the_home_however_long_its_path(tmp_path):
    home = tmp_path / ("long" * 40)
    home.mkdir()
    assert supervision.socket_of(home).parent == home
    with listening(home) as listener:
        connection = supervision._SocketOfHome(home)
        connection.connect()
        listener.accept()[0].close()
        connection.close()


def test_a_socket_of_another_account_is_not_used(tmp_path, monkeypatch):
    with listening(tmp_path) as listener:
        us = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: us + 1)
        assert not supervision.is_running(tmp_path)
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_supervisor_that_does_not_reply_is_not_waited_for_long(tmp_path, monkeypatch):
    monkeypatch.setattr(supervision, "_REPLY_S", 0.2)
    with listening(tmp_path):
        assert not supervision.is_running(tmp_path)


def test_a_home_without_a_supervisor_is_not_running(tmp_path):
    assert not supervision.is_running(tmp_path)
    assert not supervision.is_running(tmp_path / "missing")


def test_every_server_and_the_watch_are_programs_also_below_a_folder_with_a_percent_sign(tmp_path):
    home = tmp_path / "100% ünï"
    text = supervision.render(home, [Server("s3", ("java", "-D%s")), Server("mlflow", ("x",))])
    assert "tmp/dustjacket" not in text
    parsed = configparser.RawConfigParser()
    parsed.read_string(text)
    programs = {name for name in parsed.sections() if name.startswith("program:")}
    assert programs == {"program:s3", "program:mlflow", "program:health"}
    assert parsed["supervisord"]["umask"] == "077"
    for program in programs:
        assert parsed[program]["autorestart"] == "true", "whatever kills a server, it comes back"
        assert parsed[program]["killasgroup"] == "true"
    assert all(
        "%" not in value.replace("%%", "") for part in parsed.values() for value in part.values()
    )


def test_what_the_supervisor_is_configured_with_is_private(tmp_path, monkeypatch):
    done = subprocess.CompletedProcess([], 0)
    monkeypatch.setattr(supervision.subprocess, "run", lambda *_, **__: done)
    supervision.start(tmp_path, [], {"supervisor": {}})
    assert stat.S_IMODE((tmp_path / "supervisord.conf").stat().st_mode) == 0o600
