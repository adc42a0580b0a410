"""What the state of the platform prints."""

import io
import os
import time

import pytest
from rich.console import Console

from dustjacket.platform.credentials import Credentials
from dustjacket.platform.servers import HEARTBEAT_S, Server
from dustjacket.platform.status import ServerStatus, is_healthy, print_addresses, print_status
from dustjacket.settings import Settings


@pytest.mark.parametrize("terminal", [True, False])
def test_the_password_is_printed_on_a_terminal_only(tmp_path, terminal):
    credentials = Credentials()
    held = {name: value for name, value in credentials if name in Settings.model_fields}
    settings = Settings(_env_file=None, home=tmp_path, airflow_url="http://127.0.0.1:8080", **held)
    console = Console(file=io.StringIO(), force_terminal=terminal, width=1000)
    print_addresses(settings, console)
    printed = console.file.getvalue()
    shown = {name for name, value in credentials if value in printed}
    assert shown == ({"airflow_password"} if terminal else set())
    assert (str(tmp_path / "credentials.json") in printed) != terminal


def test_the_table_fits_a_terminal_and_the_addresses_and_the_place_of_the_password_follow(
    tmp_path, monkeypatch
):
    held = {"airflow_url": "http://127.0.0.1:8080", "airflow_password": "pass"}
    settings = Settings(_env_file=None, home=tmp_path, **held)
    monkeypatch.setitem(print_status.__globals__, "load_settings", lambda: settings)
    name = "airflow-dag-processor"
    rows = [ServerStatus(name, "running", "unhealthy", "http://x", 4194304, 99999, 1e3)]
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=80)
    print_status(rows, console)
    printed = console.file.getvalue()
    assert "…" not in printed
    assert "airflow-dag-processor" in printed
    assert "http://127.0.0.1:8080/plugin/studio" in printed
    assert "credentials.json" in "".join(printed.split())
    assert "/ pass" not in printed


def test_a_server_without_an_address_is_healthy_while_it_touches_its_file(tmp_path):
    file = tmp_path / "alive"
    server = Server("notifier", (), heartbeat=str(file))
    assert not is_healthy(server)
    file.touch()
    assert is_healthy(server)
    old = time.time() - HEARTBEAT_S - 1
    os.utime(file, (old, old))
    assert not is_healthy(server)
