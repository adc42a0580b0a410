"""Ports that cannot be used are reported as what they are, and so is a broken list of them."""

import json
import socket

import pytest
from rich.console import Console

from dustjacket.errors import DustjacketError
from dustjacket.platform.ports import choose_ports

QUIET = Console(quiet=True)


@pytest.fixture
def refusing(monkeypatch):
    """Let the system refuse every port with an error, without binding any."""

    def refuse(error):
        class Refusing(socket.socket):
            def bind(self, _address):
                raise error

        monkeypatch.setattr(socket, "socket", Refusing)

    return refuse


def test_a_port_that_this_account_may_not_use_is_not_called_busy(refusing, tmp_path):
    refusing(PermissionError(13, "Permission denied"))
    with pytest.raises(DustjacketError) as refused:
        choose_ports({"airflow": 80}, tmp_path / "ports.json", QUIET)
    message = "port 80 is reserved for the administrator: set another as DUSTJACKET_AIRFLOW_PORT"
    assert str(refused.value) == message


def test_a_busy_port_is_called_busy(refusing, tmp_path):
    refusing(OSError(98, "Address already in use"))
    with pytest.raises(DustjacketError, match=r"^port 5000 is busy: free it or set another as "):
        choose_ports({"airflow": 5000}, tmp_path / "ports.json", QUIET)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"s3": "x"}', '{"s3": null}', '{"s3": 70000}', "\ud800"]
)
def test_a_broken_list_of_ports_is_named_with_the_cure(text, tmp_path):
    file = tmp_path / "ports.json"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(DustjacketError) as refused:
        choose_ports({}, file, QUIET)
    assert str(refused.value).startswith(f"{file} does not hold the ports")
    assert "delete it" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_ports_of_the_last_start_are_kept(monkeypatch, tmp_path):
    monkeypatch.setattr("dustjacket.platform.ports.is_free", lambda _: True)
    file = tmp_path / "ports.json"
    file.write_text(json.dumps({"s3": 1234}))
    assert choose_ports({}, file, QUIET)["s3"] == 1234
