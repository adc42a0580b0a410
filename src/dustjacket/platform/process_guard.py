"""A job's processes live no longer than the task that started them.

Airflow ends a task's process when it is stopped, but a task process killed outright leaves its
Spark driver running, and Airflow would start a retry beside it. So every process of an attempt
carries a mark in its environment, which children inherit, and a watcher outside the task's
process group ends all that carry it as soon as the task's process, or the one above it, is gone.
"""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

MARK = "DUSTJACKET_ATTEMPT"
_INTERVAL_S = 0.5
_GRACE_S = 3.0


@contextmanager
def lifeline() -> Iterator[str]:
    """Mark every process started inside the block; none outlives it, nor this process.

    Yields:
        The mark, which is set in this process's environment for children to inherit.
    """
    mark = secrets.token_hex(8)
    os.environ[MARK] = mark
    watched = [f"{pid}:{psutil.Process(pid).create_time()}" for pid in (os.getpid(), os.getppid())]
    watcher = subprocess.Popen(
        [sys.executable, "-m", "dustjacket.platform.process_guard", "watch", mark, *watched],
        env={name: value for name, value in os.environ.items() if name != MARK},
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield mark
    finally:
        del os.environ[MARK]
        kill_attempt(mark)
        watcher.kill()
        watcher.wait()


def kill_attempt(mark: str) -> None:
    """End every process that carries ``mark``."""
    end_processes(MARK, mark)


def end_processes(variable: str, value: str) -> int:
    """End every other process whose environment says so: politely, then for certain.

    Returns:
        How many there were.
    """
    first = len(marked(variable, value))
    for signal in (psutil.Process.terminate, psutil.Process.kill):
        processes = marked(variable, value)
        for process in processes:
            try:
                signal(process)
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(processes, timeout=_GRACE_S)
    return first


def marked(variable: str, value: str) -> list[psutil.Process]:
    """Return the other processes in whose environment ``variable`` is ``value``."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(variable) == value:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


def _alive(watched: str) -> bool:
    pid, _, created = watched.partition(":")
    try:
        process = psutil.Process(int(pid))
        return process.create_time() == float(created) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def watch(mark: str, *watched: str) -> None:
    """Wait until one of the processes ``pid:created`` is gone, then end the attempt."""
    while all(_alive(one) for one in watched):
        time.sleep(_INTERVAL_S)
    kill_attempt(mark)


def exec_after_cleanup(variable: str, value: str, *command: str) -> None:
    """Become ``command``, in the place of what is left of one in whose environment it says so.

    A server that crashed may leave a child that still holds its port.
    """
    end_processes(variable, value)
    os.execvp(command[0], command)  # noqa: S606  # there is no shell to start


def main() -> None:
    """Do what the command line says: ``watch`` or ``exec_after_cleanup``, with its arguments."""
    what, first, second, *others = sys.argv[1:]
    (watch if what == "watch" else exec_after_cleanup)(first, second, *others)


if __name__ == "__main__":
    main()
