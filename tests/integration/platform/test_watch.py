"""The health check waits for a starting server, and restarts one that never responds."""

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from types import SimpleNamespace
from unittest.mock import MagicMock, call

from supervisor.process import ProcessStates

from dustjacket.platform.ports import LOOPBACK, free_port
from dustjacket.platform.watch import HTTPOk

TICK = "ver:3.0 server:supervisor serial:1 pool:web poolserial:1 eventname:TICK_60 len:0\n"


class OkHandler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words):
        pass


def one_tick(port):
    """Run one health check of ``port``; return its requests to the supervisor, and its output."""
    supervisor = MagicMock()
    running = {"name": "web", "group": "web", "state": ProcessStates.RUNNING}
    supervisor.getAllProcessInfo.return_value = [running]
    watch = HTTPOk(
        *(SimpleNamespace(supervisor=supervisor), ["web"], False, f"http://{LOOPBACK}:{port}/"),
        *(3, [200], None, None, None, None, None, False, 1, "web"),
    )
    watch.stdin, watch.stdout, watch.stderr = StringIO(TICK), StringIO(), StringIO()
    watch.runforever(test=True)
    assert "RESULT 2\nOK" in watch.stdout.getvalue()
    done = [done for done in supervisor.method_calls if done != call.getAllProcessInfo()]
    return done, watch.stderr.getvalue()


def test_a_server_that_is_still_starting_is_waited_for():
    port = free_port()

    def start_late():
        time.sleep(1.5)
        with HTTPServer((LOOPBACK, port), OkHandler) as server:
            server.timeout = 10
            server.handle_request()

    late = threading.Thread(target=start_late)
    late.start()
    assert one_tick(port) == ([], "")
    late.join()


def test_a_server_that_nobody_reaches_is_started_again():
    done, output = one_tick(free_port())
    assert done == [call.stopProcess("web"), call.startProcess("web")]
    assert "web restarted" in output
