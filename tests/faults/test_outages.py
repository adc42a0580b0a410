"""Outages of servers, and recovery from them."""

import psutil
import pytest

from dustjacket.cli.airflow_api import ACTIVE
from dustjacket.platform import status, supervision, up
from tests.support.commands import until

pytestmark = pytest.mark.faults


def state_of(airflow, run, task):
    return next(one for one in airflow.tasks(run) if one.task_id == task)


def test_s3_away_at_publish_the_task_retries_and_nothing_is_half_published(
    airflow, platform, stage, store, tmp_path
):
    (tmp_path / "covers.csv").write_text("name,image\n")
    before = store.versions("covers")
    for name in ("attempts", "go-on"):
        (stage / name).unlink(missing_ok=True)
    control = supervision.control(platform.home)
    run = airflow.trigger("ingest_covers", {"source": str(tmp_path)})
    until((stage / "attempts").exists, 90, "the job has not begun")
    control.stopProcess("s3")
    (stage / "go-on").touch()
    try:
        until(
            lambda: state_of(airflow, run, "normalise").state == "up_for_retry",
            120,
            "the task did not fail when S3 was away",
        )
    finally:
        control.startProcess("s3")
    until(lambda: platform_is_well(platform), 60, "S3 did not come back")
    assert store.versions("covers") == before

    until(lambda: airflow.run(run.dag_id, run.dag_run_id).state not in ACTIVE, 180, "still running")
    assert airflow.run(run.dag_id, run.dag_run_id).state == "success"
    first, *others = (stage / "attempts").read_text().split()
    manifest = store.newest("covers")
    assert set(store.versions("covers")) == {*before, manifest.version}
    assert manifest.attempt in others
    assert manifest.attempt != first
    assert {entry.path for entry in manifest.files} == {"half.txt", "rest.txt"}


def platform_is_well(platform):
    return all(server.healthy for server in status(platform))


@pytest.mark.parametrize("name", ["s3", "mlflow", "airflow-api", "airflow-scheduler"])
def test_a_server_that_crashes_is_started_again(platform, name):
    before = {server.name: server.pid for server in status(platform)}
    psutil.Process(before[name]).kill()
    until(
        lambda: next(s.pid for s in status(platform) if s.name == name) not in (0, before[name]),
        60,
        f"{name} was not started again",
    )
    until(lambda: platform_is_well(platform), 120, f"{name} did not get well")
    after = {server.name: server.pid for server in status(platform)}
    assert {other for other in before if before[other] != after[other]} == {name}


def hang(platform, names):
    """Stop every process of servers, as a deadlock does; return the process ids of the servers."""
    until(
        lambda: min(server.seconds_up for server in status(platform)) > 95, 120, "a server is new"
    )
    before = {server.name: server.pid for server in status(platform) if server.name in names}
    for pid in before.values():
        server = psutil.Process(pid)
        for process in [server, *server.children(recursive=True)]:
            process.suspend()
    return before


def assert_started_again(platform, before, seconds):
    def is_new():
        now = {server.name: server for server in status(platform, timeout_s=3)}
        return all(now[name].healthy and now[name].pid != pid for name, pid in before.items())

    until(is_new, seconds, f"{set(before)} hang")
    until(lambda: platform_is_well(platform), 60, "another server is unhealthy")


BEHIND_AIRFLOWS_API = {"airflow-dag-processor", "airflow-triggerer"}


@pytest.mark.release
def test_parts_of_airflow_that_hang_are_started_again(platform):
    assert_started_again(platform, hang(platform, BEHIND_AIRFLOWS_API), 120)


@pytest.mark.release
def test_up_starts_parts_that_hang_again_without_the_watch(platform):
    control = supervision.control(platform.home)
    control.stopProcess("health")
    before = hang(platform, BEHIND_AIRFLOWS_API)
    until(lambda: not platform_is_well(platform), 60, "nobody notices")
    up()
    assert_started_again(platform, before, 5)
    states = {info["name"]: info["statename"] for info in control.getAllProcessInfo()}
    assert states["health"] in ("STARTING", "RUNNING")


@pytest.mark.release
def test_servers_that_all_hang_are_all_started_again(platform):
    every = {server.name for server in status(platform)}
    assert len(every) == 7
    assert_started_again(platform, hang(platform, every), 240)


def test_a_bad_listing_fails_once_with_a_line_that_names_file_and_cure(airflow, tmp_path, store):
    bad = {
        "empty.csv": (b"", "is empty", "give a table"),
        "binary.csv": (bytes(range(256)) * 100, "is binary", "give a table"),
        "other.csv": (
            b'"title","author"\n"Emma","Jane Austen"\n',
            "no genre column, but 2 columns (title, author)",
            "set genre_column",
        ),
    }
    before = store.versions("catalog")
    for name, (body, defect, cure) in bad.items():
        (tmp_path / name).write_bytes(body)
        run = airflow.trigger("ingest_catalog", {"source": str(tmp_path / name)})
        until(
            lambda run=run: airflow.run(run.dag_id, run.dag_run_id).state not in ACTIVE,
            120,
            "still running",
        )
        reason = airflow.failure(run)
        assert name in reason
        assert defect in reason
        assert cure in reason
        assert "\n" not in reason
        assert [task.try_number for task in airflow.tasks(run) if task.state == "failed"] == [1]
    assert store.versions("catalog") == before
