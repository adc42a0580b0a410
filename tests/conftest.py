"""A platform of the tests' own: real servers with fresh state, apart from a developer's."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import settings as hypothesis_settings
from rich.console import Console

from dustjacket.platform import down, up
from dustjacket.platform.environments import PLATFORM_MARK
from dustjacket.platform.jars import s3a_jars, s3proxy_jars
from dustjacket.platform.java import use_java
from dustjacket.platform.ports import DEFAULT_PORTS, is_free
from dustjacket.platform.process_guard import processes_with
from dustjacket.platform.spark_files import make_class_archive
from dustjacket.settings import Settings, load_settings
from tests.support.groups import GroupScheduling, order_of

ROOT = Path(__file__).parents[1]
STATE = ROOT / ".dustjacket"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")  # empty where tests run in one process
# A change is judged by the same few examples each time; HYPOTHESIS_PROFILE=explore looks for new
# ones, and for more.
hypothesis_settings.register_profile("same", deadline=None, derandomize=True, max_examples=40)
hypothesis_settings.register_profile("explore", deadline=None, max_examples=200)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
PREFIXES = ("DUSTJACKET_", "AIRFLOW", "MLFLOW_", "SPARK_", "AWS_")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that processes side by side end at about the same time."""
    items.sort(key=lambda item: order_of(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling:
    config.option.loadscopereorder = False
    return GroupScheduling(config, log)


@pytest.fixture(scope="session", autouse=True)
def own_environment() -> Iterator[None]:
    """No server or setting of the shell that runs the tests is seen by them."""
    with pytest.MonkeyPatch.context() as patch:
        forget_settings(patch)
        load_settings.cache_clear()
        yield
    load_settings.cache_clear()


def forget_settings(patch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIXES)]:
        patch.delenv(name)
    patch.setenv("DUSTJACKET_SOURCE_ROOTS", "/")  # sources of tests are in temporary folders


def without_settings() -> dict[str, str]:
    """Return the environment without what sets a server or a platform."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIXES)}


def fetch_jars() -> None:
    """Fetch what servers and Spark need, once, while other processes of the tests wait for it."""
    (STATE / "jars").mkdir(parents=True, exist_ok=True)
    with (STATE / "jars.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        use_java(Console())
        for fetch in (s3proxy_jars, s3a_jars):
            fetch(STATE / "jars", Console())
        make_class_archive(STATE / "jars", STATE)


def fresh_home(name: str) -> Path:
    """Return an empty state folder that shares its jars with all others.

    Platforms that run at once would look for free ports at once: each has its own, below those that
    the system gives to connections.
    """
    home = STATE / f"test-{name}"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    fetch_jars()
    (home / "jars").symlink_to(STATE / "jars")
    first = 20_000 + 10 * (crc32(name.encode()) % 1000)
    ports = {server: first + place for place, server in enumerate(DEFAULT_PORTS)}
    (home / "ports.json").write_text(json.dumps(ports))
    return home


@contextmanager
def running_platform(name: str, **variables: object) -> Iterator[Settings]:
    """Run a platform for a block; its settings are those that ``load_settings`` gives in it.

    Of another platform of the tests, which may run meanwhile, it takes none.
    """
    home = fresh_home(name)
    with pytest.MonkeyPatch.context() as patch:
        forget_settings(patch)
        for variable, value in {"DUSTJACKET_HOME": home, **variables}.items():
            patch.setenv(variable, str(value))
        patch.setenv("SPARK_CONF_DIR", str(home / "spark-conf"))
        # Jobs of the tests import what tests share.
        patch.setenv(
            "PYTHONPATH", os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        )
        load_settings.cache_clear()
        try:
            yield up()
        finally:
            down()
            load_settings.cache_clear()
    assert_nothing_is_left(home)


def assert_nothing_is_left(home: Path) -> None:
    """No process of a stopped platform runs, and each of its ports is free."""
    assert processes_with(PLATFORM_MARK, str(home)) == []
    kept = home / "ports.json"
    ports = json.loads(kept.read_text()) if kept.exists() else {}
    assert {server: port for server, port in ports.items() if not is_free(port)} == {}


def job_folder(folder: Path, job: Path) -> Path:
    """Return a folder in which the job of every step is the file ``job``."""
    shutil.copy(job, folder / "run_step.py")
    return folder
