"""A home that cannot hold the platform is one line, and so is the reason of a failed start."""

import os
import stat
import subprocess
import sys

import pytest

from dustjacket.errors import DustjacketError
from dustjacket.platform import lifecycle
from dustjacket.platform.accounts import change_accounts, new_account

MIGRATION = """INFO  [alembic.runtime.migration] Context impl SQLiteImpl.
Traceback (most recent call last):
  File "base.py", line 1, in execute
sqlite3.DatabaseError: database disk image is malformed

The above exception was the direct cause of the following exception:

sqlalchemy.exc.DatabaseError: (sqlite3.DatabaseError) database disk image is malformed
[SQL: SELECT 1]
(Background on this error at: https://sqlalche.me/e/20/4xp6)
"""
JAVA = """2026-11-29 ERROR o.gaul.s3proxy.Main Exception in thread "main"
2026-11-29 ERROR o.gaul.s3proxy.Main java.net.BindException: Address already in use
2026-11-29 ERROR o.gaul.s3proxy.Main \tat org.gaul.s3proxy.Main.main(Main.java:102)
2026-11-29 ERROR o.gaul.s3proxy.Main \t... 4 more
"""


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (MIGRATION, "DatabaseError: (sqlite3.DatabaseError) database disk image is malformed"),
        (JAVA, "ERROR o.gaul.s3proxy.Main java.net.BindException: Address already in use"),
        ("starting\nno space left\n\n", "no space left"),
        ("", "its log is empty"),
    ],
)
def test_the_reason_of_a_failed_start_is_the_error_in_its_log(tmp_path, log, reason):
    (tmp_path / "log").write_text(log)
    assert lifecycle._reason(tmp_path / "log").endswith(reason)


@pytest.fixture(params=["file", "below a file", "/proc/dustjacket", "read-only"])
def unusable(request, tmp_path, monkeypatch):
    """A home that cannot hold any state."""
    (tmp_path / "file").write_text("")
    (tmp_path / "read-only").mkdir()
    if request.param == "read-only":
        monkeypatch.setattr("os.access", lambda *_: False)
    folder = tmp_path / request.param.replace("below a file", "file/below")
    monkeypatch.setenv("DUSTJACKET_HOME", str(folder))
    return folder


def test_a_home_that_cannot_hold_the_platform_is_one_line(unusable):
    for command in (lifecycle.up, lifecycle.down):
        if command is lifecycle.down and not unusable.exists():
            command()
            continue
        with pytest.raises(DustjacketError, match="DUSTJACKET_HOME") as refused:
            command()
        assert str(unusable) in str(refused.value)
        assert "\n" not in str(refused.value)


def test_the_command_says_so_in_one_line_and_makes_nothing_public(tmp_path):
    (tmp_path / "home").write_text("")
    (tmp_path / "home").chmod(0o644)
    code = "from dustjacket.cli.app import main; main()"
    for command in ("up", "down"):
        done = subprocess.run(
            [sys.executable, "-c", code, command],
            env={**os.environ, "DUSTJACKET_HOME": str(tmp_path / "home")},
            capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 1
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        assert str(tmp_path / "home") in done.stderr
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o644


def test_a_full_disk_is_one_line(monkeypatch, capsys):
    from dustjacket.cli import app

    def full(_, **_options):
        raise OSError(28, "No space left on device", "/state/file")

    monkeypatch.setattr(app.CliApp, "run", full)
    with pytest.raises(SystemExit):
        app.main()
    expected = "dustjacket: /state/file: No space left on device; free space on that disk\n"
    assert capsys.readouterr().err == expected


def test_the_platform_s_own_account_cannot_have_the_name_of_a_person(tmp_path, monkeypatch):
    with change_accounts(tmp_path) as accounts:
        accounts["ann"] = new_account("ann", "viewer", "a long password")
    monkeypatch.setenv("DUSTJACKET_AIRFLOW_USER", "ann")
    with pytest.raises(DustjacketError, match="unset DUSTJACKET_AIRFLOW_USER"):
        lifecycle._start(tmp_path)


def test_a_store_whose_puts_are_not_atomic_is_refused_before_anything_starts(tmp_path, monkeypatch):
    monkeypatch.setenv("DUSTJACKET_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DUSTJACKET_S3_ENDPOINT", "http://store:9000")

    def refuse(settings, *, multipart):
        assert (settings.s3_endpoint, multipart) == ("http://store:9000", False)
        raise DustjacketError("the object store let 2 of 16 writers")

    monkeypatch.setattr(lifecycle, "probe_store", refuse)
    monkeypatch.setattr(lifecycle.Store, "ensure_bucket", lambda _: None)
    monkeypatch.setattr(lifecycle, "use_java", lambda _: pytest.fail("it starts"))
    with pytest.raises(DustjacketError, match="2 of 16 writers"):
        lifecycle.up()
