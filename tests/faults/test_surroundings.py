"""What surrounds the commands: proxies, locale, umask, accounts without a home, odd folders."""

import io
import json
import subprocess

import pytest
from PIL import Image

from tests.conftest import fresh_home
from tests.e2e.conftest import DUSTJACKET, environment
from tests.support.recording_proxy import recording_proxy

pytestmark = pytest.mark.faults


def cover(colour):
    image = io.BytesIO()
    Image.effect_noise((200, 300), colour).convert("RGB").save(image, "JPEG")
    return image.getvalue()


@pytest.fixture
def hostile(tmp_path):
    """Variables of a shell in which much is wrong, and the requests that its proxy received."""
    (tmp_path / "temporary").mkdir()
    with recording_proxy() as (proxies, requests):
        variables = {"LANG": "C", "LC_ALL": "C", "TMPDIR": str(tmp_path / "temporary"), **proxies}
        yield variables, requests


def open_to_others(folder):
    """Return what below ``folder`` other accounts could use."""
    return [
        file
        for file in [folder, *folder.rglob("*")]
        if not file.is_symlink() and file.lstat().st_mode & 0o077
    ]


def test_covers_with_any_names_are_ingested_whatever_surrounds_the_command(tmp_path, hostile):
    variables, requests = hostile
    home = fresh_home("bücher")
    covers, out = tmp_path / "Bücher", tmp_path / "Öffentlich" / "neu"
    covers.mkdir()
    for number, name in enumerate(("Der Prozeß - Kafka.jpg", "Été - Camus.jpg", "本 - 村上.jpg")):
        (covers / name).write_bytes(cover(80 + number))
    shell = environment(home, **variables)
    del shell["HOME"]
    done = subprocess.run(
        [DUSTJACKET, "ingest", "covers", covers, "--out", out],
        env=shell, umask=0, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["facts"]["accepted"] == 3, manifest["facts"]
    assert requests == []
    assert open_to_others(out) == []
    assert list((tmp_path / "temporary").iterdir()) == []
