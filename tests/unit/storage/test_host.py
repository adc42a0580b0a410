"""Private files, a locale that knows every name, no proxy on loopback: whatever the caller has."""

import os
import shutil
import stat
import subprocess
import sys
from types import SimpleNamespace
from urllib.request import getproxies_environment, proxy_bypass_environment

import pytest

from dustjacket.errors import DustjacketError
from dustjacket.storage.host import disk_note, host_environment, make_private, private_folder


@pytest.mark.parametrize("before", [{}, {"NO_PROXY": "a.org, b.org"}, {"no_proxy": "localhost"}])
def test_loopback_has_no_proxy_and_the_callers_exceptions_stay(before):
    proxied = {**before, "HTTP_PROXY": "http://proxy:3128"} | host_environment(before)
    proxies = getproxies_environment() | {"no": proxied["no_proxy"]}
    assert proxied["NO_PROXY"] == proxied["no_proxy"]
    assert proxy_bypass_environment("127.0.0.1", proxies)
    assert proxy_bypass_environment("localhost", proxies)
    assert not proxy_bypass_environment("elsewhere.org", proxies)
    if "NO_PROXY" in before:
        assert proxy_bypass_environment("b.org", proxies)


def test_the_locale_is_one_that_holds_every_name_and_a_home_is_set():
    variables = host_environment({"LANG": "C", "LC_ALL": "C"})
    assert variables["LC_ALL"] == "C.UTF-8"
    assert variables["HOME"]
    assert "HOME" not in host_environment({"HOME": "/home/me"})


def test_a_process_makes_files_that_others_cannot_use(tmp_path):
    code = "from dustjacket.storage.host import prepare_process as p; p(); open('f', 'w'); "
    code += "import os; os.mkdir('d')"
    command = [sys.executable, "-c", code]
    subprocess.run(command, cwd=tmp_path, check=True, umask=0)
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "d").stat().st_mode) == 0o700


def test_a_folder_that_others_can_enter_becomes_private(tmp_path):
    (tmp_path / "open").mkdir(mode=0o777)
    (tmp_path / "open").chmod(0o777)
    for name in ("open", "new/inner"):
        folder = private_folder(tmp_path / name)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_link_a_file_and_a_folder_of_another_account_are_refused(tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "file").write_text("")
    (tmp_path / "theirs").mkdir()
    for name in ("link", "file", "file/below"):
        with pytest.raises(DustjacketError, match=name) as refused:
            private_folder(tmp_path / name)
        assert "DUSTJACKET_HOME" in str(refused.value)
        assert "\n" not in str(refused.value)
    us = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: us + 1)
    with pytest.raises(DustjacketError, match=f"another account .uid {us}."):
        private_folder(tmp_path / "theirs")


def test_what_others_could_use_becomes_private_and_links_are_not_followed(tmp_path):
    below, outside = tmp_path / "below", tmp_path / "outside"
    (below / "folder").mkdir(parents=True)
    (below / "folder").chmod(0o755)
    (below / "folder" / "program").write_text("")
    (below / "folder" / "program").chmod(0o775)
    outside.write_text("")
    outside.chmod(0o644)
    (below / "link").symlink_to(outside)
    assert make_private(below) == 2
    assert make_private(below) == 0
    assert stat.S_IMODE((below / "folder" / "program").stat().st_mode) == 0o700
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644


@pytest.mark.parametrize(("free", "noted"), [(3 * 2**20, True), (2**40, False)])
def test_a_failure_names_a_disk_that_is_almost_full(tmp_path, monkeypatch, free, noted):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    note = disk_note(tmp_path)
    assert bool(note) == noted
    if noted:
        assert note == f"; the disk of {tmp_path} has only 3 MiB left: free some space"


def test_a_folder_that_is_not_there_has_no_note(tmp_path):
    assert disk_note(tmp_path / "missing") == ""
