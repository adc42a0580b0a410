"""The restore drill: back up a platform at work, destroy it, restore it elsewhere, and go on.

The loss of a database alone is in ``tests/integration/upkeep/test_repair.py``.
"""

import shutil
from pathlib import Path

import mlflow
import pytest

from dustjacket.cli.airflow_api import AirflowApi
from dustjacket.cli.follow import wait_for_dags, wait_for_run
from dustjacket.cli.upkeep import Backup, Restore
from dustjacket.platform import down, up
from dustjacket.settings import load_settings
from dustjacket.sources.s3_objects import s3_objects
from dustjacket.storage.store import Store
from dustjacket.tracking import runs as tracking
from tests.conftest import ROOT, job_folder, running_platform
from tests.support.accounts import add_people
from tests.support.library import Library

pytestmark = [pytest.mark.faults, pytest.mark.release]


class EmbeddedLibrary(Library):
    """The embedded MLflow refuses models that are not among the artifacts of a run."""

    def register(self, client, tags):
        tracking.use_experiment("drill")
        with mlflow.start_run() as run:
            mlflow.log_text("none", "model.txt")
        client.create_model_version(
            self.family.registered, run.info.artifact_uri, run_id=run.info.run_id, tags=tags
        )


def contents(store):
    keys = [key for key, _ in store.keys("") if not key.startswith("running/")]
    return {key: store.get(key) for key in keys}


def move_in(home, monkeypatch):
    """Make another state folder the present one; it shares its jars."""
    jars = (load_settings().home / "jars").resolve()
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    (home / "jars").symlink_to(jars)
    monkeypatch.setenv("DUSTJACKET_HOME", str(home))
    load_settings.cache_clear()


def empty(home):
    for path in home.iterdir():
        if path.name != "jars":
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def work(source):
    """Do what a person has done before the backup; return the run and the promotion."""
    api = AirflowApi(load_settings())
    wait_for_dags(api, print)
    add_people(load_settings().home)
    promoted = EmbeddedLibrary(load_settings(), load_settings().bucket).promote("a")
    finished = api.trigger("ingest_catalog", {"source": source})
    wait_for_run(api, finished)
    api.trigger("retention")  # is at work during the backup
    return finished, promoted


def goes_on(source, finished, promoted, before, etags):
    """Check that the platform has all that it had, and that its next run finds its work done."""
    store, api = Store(load_settings()), AirflowApi(load_settings())
    found = contents(store)
    assert {name: found.get(name) for name in before} == before
    assert list(s3_objects(f"s3://{store.bucket}/cover_clip", store.settings)) == etags
    wait_for_dags(api, print)
    assert api.run(finished.dag_id, finished.dag_run_id).state == "success"
    assert (load_settings().home / "users.json").exists()
    assert store.newest("cover_clip").version == promoted.to.partition("/")[2]
    wait_for_run(api, api.trigger("ingest_catalog", {"source": source}))
    assert len(store.versions("catalog")) == 1, "nothing was to be done"


@pytest.mark.timeout(1200)
def test_a_platform_that_is_destroyed_goes_on_at_another_place(tmp_path, monkeypatch):
    jobs = job_folder(tmp_path, ROOT / "tests/support/light_job.py")
    source, target, key = (str(tmp_path / name) for name in ("books.csv", "backup", "key"))
    Path(source).write_text("title,author,genre\nA,B,C\n")
    with running_platform("drill", DUSTJACKET_JOBS=jobs) as settings:
        old, new = settings.home, settings.home.with_name("test-drill-restored")
        finished, promoted = work(source)
        before = contents(Store(settings))
        etags = list(s3_objects(f"s3://{settings.bucket}/cover_clip", settings))
        Backup(target=Path(target), key=Path(key)).cli_cmd()
        Backup(target=Path(target), key=Path(key), check=True).cli_cmd()
        down()
        move_in(new, monkeypatch)
        empty(old)
        try:
            Restore(target=Path(target), key=Path(key)).cli_cmd()
            assert up().home == new
            goes_on(source, finished, promoted, before, etags)
        finally:
            down()
            shutil.rmtree(new, ignore_errors=True)
            monkeypatch.setenv("DUSTJACKET_HOME", str(old))
            load_settings.cache_clear()
