"""Kill a job's processes as soon as the task that started them is gone.

Airflow ends a task's process when the task is stopped. But a task process that is killed outright
leaves its Spark driver running, and Airflow would start the retry beside it. So all processes of
an attempt have a mark in their environment, which child processes inherit. A watcher outside the
task's process group kills all processes with that mark when the task's process or its parent ends.
"""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

MARK = "DUSTJACKET_ATTEMPT"
COMMAND = (sys.executable, "-P", str(Path(__file__).resolve()))
"""Runs this file alone: as a module it would load all of the platform first."""
_INTERVAL_S = 0.5
_GRACE_S = 3.0


@contextmanager
def process_guard() -> Iterator[str]:
    """Kill the processes that the block started when the block or this process ends.

    Yields:
        The mark of this attempt, set in this process's environment for child processes to inherit.
    """
    mark = secrets.token_hex(8)
    os.environ[MARK] = mark
    watched = [f"{pid}:{psutil.Process(pid).create_time()}" for pid in (os.getpid(), os.getppid())]
    watcher = subprocess.Popen(
        [*COMMAND, "watch", mark, *watched],
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
    """Kill all processes whose environment has ``mark``."""
    kill_processes(MARK, mark)


def kill_processes(variable: str, value: str) -> int:
    """Kill the other processes with ``variable=value`` in their environment.

    They receive SIGTERM, and SIGKILL if they still run a few seconds later.

    Returns:
        The number of processes found.
    """
    count = len(processes_with(variable, value))
    for signal in (psutil.Process.terminate, psutil.Process.kill):
        processes = processes_with(variable, value)
        for process in processes:
            try:
                signal(process)
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(processes, timeout=_GRACE_S)
    return count


def processes_with(variable: str, value: str) -> list[psutil.Process]:
    """Return the other processes with ``variable=value`` in their environment."""
    processes = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(variable) == value:
                processes.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return processes


def _alive(watched: str) -> bool:
    pid, _, created = watched.partition(":")
    try:
        process = psutil.Process(int(pid))
        return process.create_time() == float(created) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def watch(mark: str, *watched: str) -> None:
    """Wait until one of the processes ``pid:created`` has ended, then kill the attempt."""
    while all(_alive(process) for process in watched):
        time.sleep(_INTERVAL_S)
    kill_attempt(mark)


def start_anew(variable: str, value: str, environment: str, *command: str) -> None:
    """Kill leftover processes with ``variable=value`` in their environment, then exec ``command``.

    A crashed server may leave a child process that still holds its port.

    Args:
        environment: JSON file with all variables that the command gets beside ``variable``.
    """
    kill_processes(variable, value)
    variables = {**json.loads(Path(environment).read_text()), variable: value}
    os.execvpe(command[0], command, variables)  # noqa: S606  # there is no shell to start


def main() -> None:
    """Run ``watch`` or ``start_anew``, named by the first argument, with the others."""
    name, first, second, *others = sys.argv[1:]
    (watch if name == "watch" else start_anew)(first, second, *others)


if __name__ == "__main__":
    main()
