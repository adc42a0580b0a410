"""Supervisor: its configuration, its start as a daemon in its own session, its control."""

import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import psutil
from supervisor.xmlrpc import SupervisorTransport

from dustjacket.errors import DustjacketError
from dustjacket.platform.credentials import write_private
from dustjacket.platform.process_guard import COMMAND
from dustjacket.platform.servers import Server

_STOP_S = 15
_SERVER_MARK = "DUSTJACKET_SERVER"
DOWN = ("FATAL", "EXITED", "STOPPED")


def socket_of(home: Path) -> Path:
    """Return the path of the control socket: short, because the system limits its length."""
    name = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"dustjacket-{os.getuid()}-{name}.sock"


def render(home: Path, servers: list[Server]) -> str:
    """Return the configuration: a program for each server, and a health check if it has a URL."""
    listener = (sys.executable, "-m", "dustjacket.platform.watch")
    parts = [
        f"[unix_http_server]\nfile={socket_of(home)}\nchmod=0700\n",
        f"[supervisord]\nlogfile={home}/logs/supervisord.log\npidfile={home}/supervisord.pid\n"
        f"childlogdir={home}/logs\nlogfile_maxbytes=10MB\nlogfile_backups=1\numask=077\n"
        f"directory={home}\n",
        "[rpcinterface:supervisor]\n"
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n",
        f"[supervisorctl]\nserverurl=unix://{socket_of(home)}\n",
    ]
    for server in servers:
        log = f"{home}/logs/{server.name}.log"
        server_id = f"{home}:{server.name}"
        exec_after_cleanup = (*COMMAND, "exec_after_cleanup", _SERVER_MARK, server_id)
        parts.append(
            f"[program:{server.name}]\ncommand={_quoted((*exec_after_cleanup, *server.command))}\n"
            f'environment={_SERVER_MARK}="{server_id.replace("%", "%%")}"\n'
            "autostart=true\nautorestart=true\nstartsecs=3\nstartretries=5\n"
            f"stopwaitsecs={_STOP_S}\nstopasgroup=true\nkillasgroup=true\n"
            f"redirect_stderr=true\nstdout_logfile={log}\n"
            "stdout_logfile_maxbytes=20MB\nstdout_logfile_backups=2\n"
        )
        if server.health_url:
            codes = tuple(word for code in server.healthy for word in ("-c", str(code)))
            watch = (*listener, "-E", "-t", "60", *codes, "-p", server.name, server.health_url)
            parts.append(
                f"[eventlistener:{server.name}-health]\ncommand={_quoted(watch)}\n"
                "events=TICK_60\nautostart=false\nautorestart=true\n"
                f"stderr_logfile={home}/logs/health.log\nstderr_logfile_maxbytes=5MB\n"
            )
    return "\n".join(parts)


def _quoted(command: tuple[str, ...]) -> str:
    return shlex.join(command).replace("%", "%%")


def start(home: Path, servers: list[Server], environment: dict[str, str]) -> None:
    """Start the supervisor and with it all servers, in a session of their own.

    Health checks begin with ``start_stopped``: before that, a server may still be starting.
    """
    configuration = home / "supervisord.conf"
    write_private(configuration, render(home, servers))
    subprocess.run(
        [Path(sys.executable).parent / "supervisord", "-c", configuration],
        env={**os.environ, **environment},
        check=True,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )


def control(home: Path) -> Any:
    """Return the supervisor's remote interface."""
    transport = SupervisorTransport(None, None, serverurl=f"unix://{socket_of(home)}")
    return ServerProxy("http://127.0.0.1", transport=transport).supervisor


def is_running(home: Path) -> bool:
    """Return whether the supervisor of this home answers."""
    try:
        return bool(control(home).getState()["statecode"] >= 0)
    except (OSError, Fault):
        return False


def processes(home: Path) -> list[dict[str, Any]]:
    """Return Supervisor's information on each server, such as its name, statename and pid."""
    return [info for info in control(home).getAllProcessInfo() if not _is_listener(info["name"])]


def _is_listener(name: str) -> bool:
    return name.endswith("-health")


def start_stopped(home: Path) -> list[str]:
    """Start the servers and health checks that failed, were stopped, or were never started.

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
