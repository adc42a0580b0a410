"""The command line as a user's shell runs it, and waiting for what it does."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import psutil

from dustjacket.platform.process_guard import processes_with
from tests.conftest import assert_nothing_is_left, fresh_home, without_settings

DUSTJACKET = Path(sys.executable).parent / "dustjacket"
Found = TypeVar("Found")


def environment(home: Path, **variables: str) -> dict[str, str]:
    """Return the environment of a user's shell: none of what other tests' platforms set in it."""
    return {**without_settings(), "DUSTJACKET_HOME": str(home), **variables}


def dustjacket(
    *words: object, home: Path, cwd: Path | None = None, check: bool = True, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; with ``check`` it must succeed."""
    done = subprocess.run(
        [DUSTJACKET, *map(str, words)],
        env=environment(home, **variables),
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def started(home: Path, folder: Path, *words: object) -> tuple[subprocess.Popen[bytes], Path]:
    """Start a command whose output goes to a file, and return both."""
    output = folder / "output.txt"
    with output.open("w") as stream:
        process = subprocess.Popen(
            [DUSTJACKET, *map(str, words)],
            env=environment(home),
            cwd=folder,
            stdout=stream,
            stderr=subprocess.STDOUT,
            # Children of a job in the background would inherit that it ignores Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )
    return process, output


@contextmanager
def user_home(name: str) -> Iterator[Path]:
    """Keep an empty state folder for a block, whose platform, if one was started, is then ended."""
    folder = fresh_home(name)
    yield folder
    dustjacket("down", home=folder)
    assert_nothing_is_left(folder)


def wait_for_line(output: Path, text: str, seconds: float) -> None:
    """Wait until a file contains ``text``."""
    until(lambda: text in output.read_text(), seconds, output.read_text)


def until(condition: Callable[[], Found], seconds: float, what: str | Callable[[], str]) -> Found:
    """Return the first true value of ``condition``; fail with ``what`` after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, what if isinstance(what, str) else what()
        time.sleep(0.2)
    return found


def kill_all(variable: str, value: str) -> None:
    """Kill every process with ``variable=value`` in its environment, and what these start."""
    while processes := processes_with(variable, value):
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        time.sleep(0.1)
