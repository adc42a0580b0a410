"""Servers that cannot start, or are stopped or started twice meanwhile, leave nothing behind."""

import signal
import socket
import time

import pytest

from dustjacket.platform.environments import PLATFORM_MARK
from dustjacket.platform.process_guard import processes_with
from tests.conftest import assert_nothing_is_left
from tests.support.commands import (
    dustjacket,
    started,
    user_home,
    wait_for_line,
)

pytestmark = pytest.mark.faults


@pytest.fixture
def home():
    with user_home("interrupted") as folder:
        yield folder


def test_a_busy_port_that_was_asked_for_is_one_clear_line(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = dustjacket("up", home=home, check=False, DUSTJACKET_MLFLOW_PORT=str(port))
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert "DUSTJACKET_MLFLOW_PORT" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert processes_with(PLATFORM_MARK, str(home)) == []


def test_ctrl_c_while_servers_start_leaves_no_process(home, tmp_path):
    process, output = started(home, tmp_path, "up")
    wait_for_line(output, "starting s3", 120)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    assert process.wait(90) == 130
    assert_nothing_is_left(home)
    assert "Traceback" not in output.read_text()


def test_two_starts_at_once_make_one_platform(home, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, said_first = started(home, tmp_path / "a", "up")
    second, said_second = started(home, tmp_path / "b", "up")
    assert first.wait(180) == 0, said_first.read_text()
    assert second.wait(180) == 0, said_second.read_text()
    supervisors = [
        p
        for p in processes_with(PLATFORM_MARK, str(home))
        if "supervisord" in " ".join(p.cmdline())
    ]
    assert len(supervisors) == 1
