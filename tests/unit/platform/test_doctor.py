"""The doctor names what is wrong with a machine and its settings, and the cure."""

import io
import json
from collections import namedtuple

import pytest
from rich.console import Console

from dustjacket.cli.servers import Doctor
from dustjacket.platform import doctor
from dustjacket.platform.server_checks import Finding
from dustjacket.settings import load_settings

Usage = namedtuple("Usage", "total used free")
GIB = 2**30


@pytest.fixture(autouse=True)
def empty_home(tmp_path, monkeypatch):
    monkeypatch.setenv("DUSTJACKET_HOME", str(tmp_path))
    monkeypatch.setattr(doctor, "find_java", lambda: tmp_path)
    load_settings.cache_clear()
    yield tmp_path
    load_settings.cache_clear()


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("DUSTJACKET_S3_ENDPONT", "DUSTJACKET_S3_ENDPOINT"),
        ("DUSTJACKET_S3_SECRET_KEY_FIEL", "DUSTJACKET_S3_SECRET_KEY_FILE"),
    ],
)
def test_a_variable_that_is_almost_a_setting_is_named(name, cure):
    found = doctor.names_of_settings({name: "x", "DUSTJACKET_BUCKET": "books"})
    assert (found.state, found.cure) == ("warning", f"use {cure}")
    assert name in found.found


def test_variables_that_are_settings_or_something_else_are_no_warning():
    names = ("DUSTJACKET_BUCKET", "DUSTJACKET_STUDIO_TOKEN_FILE", "DUSTJACKET_PLATFORM", "PATH")
    assert doctor.names_of_settings(dict.fromkeys(names, "x")).state == "ok"


@pytest.mark.parametrize(
    ("free", "state"), [(0.5 * GIB, "failed"), (5 * GIB, "warning"), (50 * GIB, "ok")]
)
def test_a_disk_without_space_has_a_cure(monkeypatch, free, state):
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(0, 0, free))
    found = doctor.disk()
    assert found.state == state
    assert bool(found.cure) == (state != "ok")
    assert f"{free / GIB:.1f} GiB" in found.found


def test_the_disk_of_a_home_that_is_not_there_yet_is_measured(monkeypatch, empty_home):
    monkeypatch.setenv("DUSTJACKET_HOME", str(empty_home / "not" / "yet"))
    assert "GiB free" in doctor.disk().found


def test_a_missing_java_names_its_package(monkeypatch):
    monkeypatch.setattr(doctor, "find_java", lambda: None)
    found = doctor.java()
    assert found.state == "failed"
    assert "openjdk-17-jre-headless" in found.cure


@pytest.mark.parametrize(("fast", "state"), [(True, "ok"), (False, "warning")])
def test_a_processor_without_bf16_is_a_warning(monkeypatch, fast, state):
    monkeypatch.setattr(doctor, "has_fast_bf16", lambda: fast)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert doctor.bf16().state == state


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("DUSTJACKET_AIRFLOW_PORT", "many", "DUSTJACKET_AIRFLOW_PORT: "),
        ("DUSTJACKET_S3_SECRET_KEY_FILE", "/nowhere", "DUSTJACKET_S3_SECRET_KEY_FILE names"),
    ],
)
def test_settings_that_cannot_be_read_do_not_end_the_examination(monkeypatch, name, value, reason):
    monkeypatch.setenv(name, value)
    first, *others = doctor.examine()
    assert first.check == "settings"
    assert first.state == "failed"
    assert first.found.startswith(reason)
    assert {"Java", "disk"} <= {each.check for each in others}


def test_without_servers_each_is_reported_with_a_cure():
    findings = doctor.examine()
    failed = {each.check: each for each in findings if each.state == "failed"}
    assert {"object store", "MLflow", "Airflow", "Studio"} <= failed.keys()
    assert all(each.cure for each in failed.values())


FINDINGS = [Finding("disk", "warning", "1 GiB free [bold]", "free some"), Finding("Java", "ok", "")]


def test_what_was_found_is_printed_as_it_is():
    console = Console(file=io.StringIO(), width=200, markup=False)
    doctor.print_findings(FINDINGS, console)
    assert "1 GiB free [bold]" in console.file.getvalue()


@pytest.mark.parametrize(("state", "status"), [("warning", None), ("failed", 1)])
def test_the_command_fails_only_if_a_check_failed(monkeypatch, capsys, state, status):
    found = Finding("disk", state, "full", "free some")
    monkeypatch.setattr(doctor, "examine", lambda: [found])
    command = Doctor(json=True)
    if status:
        with pytest.raises(SystemExit) as ended:
            command.cli_cmd()
        assert ended.value.code == status
    else:
        command.cli_cmd()
    (printed,) = json.loads(capsys.readouterr().out)
    assert printed == {"check": "disk", "state": state, "found": "full", "cure": "free some"}
