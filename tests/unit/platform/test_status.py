"""What the state of the platform prints."""

import io

import pytest
from rich.console import Console

from dustjacket.platform.credentials import Credentials
from dustjacket.platform.status import print_addresses
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
