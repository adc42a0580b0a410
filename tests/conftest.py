"""A platform of the tests' own: real servers with fresh state, apart from a developer's."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dustjacket.platform import down, up
from dustjacket.platform.ports import is_free
from dustjacket.platform.process_guard import processes_with
from dustjacket.platform.servers import PLATFORM_MARK
from dustjacket.settings import Settings, load_settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROOT = Path(__file__).parents[1]
STATE = ROOT / ".dustjacket"
PREFIXES = ("DUSTJACKET_", "AIRFLOW", "MLFLOW_", "SPARK_", "AWS_")


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


def without_settings() -> dict[str, str]:
    """Return the environment without what sets a server or a platform."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIXES)}


def fresh_home(name: str) -> Path:
    """Return an empty state folder; the jars, fetched once, are those of all other runs."""
    home = STATE / f"test-{name}"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (STATE / "jars").mkdir(exist_ok=True)
    (home / "jars").symlink_to(STATE / "jars")
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


def interpret(spark: "SparkSession") -> None:
    """Have Spark compile no query: it takes longer than the small tables of tests do."""
    spark.conf.set("spark.sql.codegen.wholeStage", "false")
    spark.conf.set("spark.sql.codegen.factoryMode", "NO_CODEGEN")


def job_folder(folder: Path, job: Path) -> Path:
    """Return a folder in which the job of every step is the file ``job``."""
    shutil.copy(job, folder / "run_step.py")
    return folder
