"""Supervisor: its configuration, its start as a daemon in its own session, its control."""

import os
import shlex
import socket
import subprocess
import sys
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Error, Fault, ServerProxy

import psutil
from supervisor.xmlrpc import SupervisorTransport

from dustjacket.errors import DustjacketError
from dustjacket.platform.credentials import write_private
from dustjacket.platform.environments import SUPERVISOR, environment_file, write_environments
from dustjacket.platform.process_guard import COMMAND
from dustjacket.platform.servers import Server

_SOCKET = "supervisor.sock"
_WATCH = "health"
_STOP_S = 15
_REPLY_S = 60.0  # longer than a stop and a start
_SERVER_MARK = "DUSTJACKET_SERVER"
DOWN = ("FATAL", "EXITED", "STOPPED")


def socket_of(home: Path) -> Path:
    """Return the path of the control socket: in the home, which other accounts cannot enter."""
    return home / _SOCKET


def render(home: Path, servers: list[Server]) -> str:
    """Return the configuration: a program for each server, and one that watches their health."""
    here = str(home).replace("%", "%%")
    parts = [
        # A path from the working directory, because the system limits the length of a socket's.
        f"[unix_http_server]\nfile=/proc/self/cwd/{_SOCKET}\nchmod=0700\n",
        f"[supervisord]\nlogfile={here}/logs/supervisord.log\npidfile={here}/supervisord.pid\n"
        f"childlogdir={here}/logs\nlogfile_maxbytes=10MB\nlogfile_backups=1\numask=077\n"
        f"directory={here}\n",
        "[rpcinterface:supervisor]\n"
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n",
    ]
    for server in servers:
        server_id = f"{home}:{server.name}"
        variables = str(environment_file(home, server.name))
        start_anew = (*COMMAND, "start_anew", _SERVER_MARK, server_id, variables)
        parts.append(
            _program(here, server.name, (*start_anew, *server.command)) + "autostart=true\n"
        )
    watch = (sys.executable, "-m", "dustjacket.platform.watch")
    parts.append(_program(here, _WATCH, watch) + "autostart=false\n")
    return "\n".join(parts)


def _program(here: str, name: str, command: tuple[str, ...]) -> str:
    return (
        f"[program:{name}]\ncommand={_quoted(command)}\n"
        "autorestart=true\nstartsecs=3\nstartretries=5\n"
        f"stopwaitsecs={_STOP_S}\nstopasgroup=true\nkillasgroup=true\n"
        f"redirect_stderr=true\nstdout_logfile={here}/logs/{name}.log\n"
        "stdout_logfile_maxbytes=20MB\nstdout_logfile_backups=2\n"
    )


def _quoted(command: tuple[str, ...]) -> str:
    return shlex.join(command).replace("%", "%%")


def start(home: Path, servers: list[Server], variables: dict[str, dict[str, str]]) -> None:
    """Start the supervisor and with it all servers, in a session of their own.

    The watch over their health begins with ``start_stopped``: before, they are still starting.

    Args:
        variables: the environment of each server, and of the supervisor.

    Raises:
        DustjacketError: the supervisor does not start.
    """
    write_environments(home, variables)
    configuration = home / "supervisord.conf"
    write_private(configuration, render(home, servers))
    done = subprocess.run(
        [Path(sys.executable).parent / "supervisord", "-c", configuration],
        env=variables[SUPERVISOR],
        cwd=home,
        check=False,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it gave no reason"]
        raise DustjacketError(f"the supervisor does not start: {lines[0]} (see {home / 'logs'})")


class _SocketOfHome(HTTPConnection):
    """A connection to the supervisor of a home, however long the home's path is."""

    def __init__(self, home: Path) -> None:
        super().__init__("localhost", timeout=_REPLY_S)
        self._home = home

    def connect(self) -> None:
        """Connect.

        Raises:
            OSError: no supervisor listens, or the socket belongs to another account.
        """
        if socket_of(self._home).lstat().st_uid != os.geteuid():
            raise PermissionError(f"{socket_of(self._home)} belongs to another account")
        folder = os.open(self._home, os.O_PATH | os.O_DIRECTORY)
        try:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(self.timeout)
            self.sock.connect(f"/proc/self/fd/{folder}/{_SOCKET}")
        finally:
            os.close(folder)


class _Transport(SupervisorTransport):
    def __init__(self, home: Path) -> None:
        super().__init__(None, None, serverurl=f"unix://{_SOCKET}")
        self._get_connection = lambda: _SocketOfHome(home)


def control(home: Path) -> Any:
    """Return the supervisor's remote interface."""
    return ServerProxy("http://127.0.0.1", transport=_Transport(home)).supervisor


def is_running(home: Path) -> bool:
    """Return whether the supervisor of this home answers."""
    try:
        return bool(control(home).getState()["statecode"] >= 0)
    except (OSError, Error, HTTPException):
        return False


def processes(home: Path) -> list[dict[str, Any]]:
    """Return Supervisor's information on each server, such as its name, statename and pid."""
    return [info for info in control(home).getAllProcessInfo() if info["name"] != _WATCH]


def restart(home: Path, name: str) -> None:
    """Stop a server, by force if it does not end by itself, and start it."""
    for act in (control(home).stopProcess, control(home).startProcess):
        with suppress(Fault):  # somebody else did it just now
            act(name)


def start_stopped(home: Path) -> list[str]:
    """Start what failed, was stopped, or was never started, such as the watch.

    Returns:
        The names of those started.
    """
    infos = control(home).getAllProcessInfo()
    down = [info["name"] for info in infos if info["statename"] in DOWN]
    for name in down:
        control(home).startProcess(name)
    return down


def stop(home: Path) -> None:
    """Stop the supervisor and its servers, and wait until the supervisor has ended."""
    try:
        supervisor = psutil.Process(control(home).getPID())
        control(home).stopAllProcesses(False)
        control(home).shutdown()
    except (OSError, Fault) as error:
        raise DustjacketError(f"the supervisor in {home} does not answer: {error}") from error
    # The caller kills the processes that are left, by their mark.
    psutil.wait_procs([supervisor], timeout=4 * _STOP_S)
