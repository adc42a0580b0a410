import hashlib

import pytest
from rich.console import Console

from dustjacket.errors import DustjacketError
from dustjacket.platform import jars

BODIES = {"one.jar": b"one", "two.jar": b"two"}


@pytest.fixture
def pins(monkeypatch):
    digests = {name: hashlib.sha256(body).hexdigest() for name, body in BODIES.items()}
    monkeypatch.setattr(jars, "_pins", lambda _: digests)
    return digests


def fetched(folder, bodies=BODIES):
    """Return the folder of jars, fetched from ``bodies``."""

    def fetch(draft):
        source = folder / "downloaded"
        source.mkdir(exist_ok=True)
        for name, body in bodies.items():
            (source / name).write_bytes(body)
        jars._copy(sorted(source.iterdir()), draft, jars._pins("some"))

    return jars._once(folder / "jars", "some", "some jars", fetch, Console(quiet=True))


def test_jars_are_fetched_once_and_only_those_that_are_pinned(tmp_path, pins):
    folder = fetched(tmp_path, BODIES | {"azure.jar": b"not needed"})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == BODIES
    assert fetched(tmp_path, {}) == folder, "nothing is fetched again"


@pytest.mark.parametrize(
    ("bodies", "reason"),
    [
        ({"one.jar": b"one"}, "two.jar is missing"),
        (BODIES | {"two.jar": b"tampered"}, "two.jar is not the jar that"),
    ],
)
def test_a_download_that_differs_is_refused_and_leaves_nothing(tmp_path, pins, bodies, reason):
    with pytest.raises(DustjacketError, match=reason):
        fetched(tmp_path, bodies)
    assert list((tmp_path / "jars").iterdir()) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda folder: (folder / "one.jar").write_bytes(b"onE"), "one.jar is not the jar that"),
        (lambda folder: (folder / "one.jar").unlink(), "one.jar is missing"),
        (lambda folder: (folder / "more.jar").touch(), "more.jar does not belong there"),
    ],
)
def test_a_changed_missing_or_added_jar_is_named_at_each_start(tmp_path, pins, change, reason):
    change(fetched(tmp_path))
    with pytest.raises(DustjacketError, match=f"{reason}.*; delete this folder, and start again"):
        fetched(tmp_path)


def test_other_pins_are_another_folder(tmp_path, pins):
    folder = fetched(tmp_path)
    pins["two.jar"] = hashlib.sha256(b"newer").hexdigest()
    assert fetched(tmp_path, BODIES | {"two.jar": b"newer"}) != folder


@pytest.mark.parametrize(("name", "count"), [("s3proxy", 48), ("s3a", 52)])
def test_each_jar_of_the_servers_is_pinned(name, count):
    pins = jars._pins(name)
    assert len(pins) == count
    assert all(len(digest) == 64 for digest in pins.values())
