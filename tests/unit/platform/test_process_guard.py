"""No process of an attempt outlives the attempt, whatever ends it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from dustjacket.platform.process_guard import COMMAND, process_guard

# A child that ignores a polite end and has left its parent's session: the hardest to take along.
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""


def _start_stubborn() -> subprocess.Popen:
    child = subprocess.Popen(
        [sys.executable, "-c", STUBBORN], start_new_session=True, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "up\n"
    return child


def _gone(pid: int, within: float) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.1)
    return False


def test_what_is_started_inside_ends_with_the_block():
    with process_guard():
        child = _start_stubborn()
    assert not psutil.pid_exists(child.pid)


def test_what_was_started_before_is_left_alone():
    child = _start_stubborn()
    with process_guard():
        pass
    assert child.poll() is None
    child.kill()


TASK = f"""
import subprocess, sys, time
from dustjacket.platform.process_guard import process_guard
with process_guard():
    child = subprocess.Popen(
        [sys.executable, "-c", {STUBBORN!r}], start_new_session=True, stdout=subprocess.PIPE
    )
    child.stdout.readline()
    print(child.pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("victim", ["task", "supervisor"])
def test_a_killed_task_takes_its_children_along_within_ten_seconds(victim, tmp_path: Path):
    script = tmp_path / "task.py"
    script.write_text(TASK)
    supervisor = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import subprocess, sys; subprocess.run([sys.executable, {str(script)!r}])",
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    child = int(supervisor.stdout.readline())
    task = psutil.Process(supervisor.pid).children()[0].pid
    os.kill(task if victim == "task" else supervisor.pid, signal.SIGKILL)
    assert _gone(child, within=10)
    supervisor.kill()
    if victim == "supervisor":
        os.kill(task, signal.SIGKILL)


def test_the_guard_starts_alone_and_without_a_word():
    command = [*COMMAND, "watch", "no-such-mark", "1:0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("", "")
