"""The DAGs in real Airflow: each newest version is processed, once."""

import re
import time
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from dustjacket.cli.airflow_api import ACTIVE
from dustjacket.cli.run import store_defaults
from dustjacket.errors import BadInputError
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.platform import supervision
from dustjacket.tracking.links import TRAINING_VIEW, rest_client

pytestmark = pytest.mark.integration
QUIET_S = 4


@pytest.fixture(scope="module", autouse=True)
def sources(airflow, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    (folder / "listing.csv").write_text("a listing")
    (folder / "covers.csv").write_text("covers")
    store_defaults(
        airflow,
        {
            "ingest_catalog": {"source": str(folder / "listing.csv")},
            "ingest_covers": {"source": str(folder / "covers.csv")},
        },
    )
    return folder


def wait_until_quiet(airflow, timeout_s=600):
    """Wait until no run has been active for a while, and return all runs' states by DAG."""
    quiet_since, deadline = time.monotonic(), time.monotonic() + timeout_s
    while time.monotonic() - quiet_since < QUIET_S:
        assert time.monotonic() < deadline, airflow.runs()
        if any(run.state in ACTIVE for run in airflow.runs()):
            quiet_since = time.monotonic()
        time.sleep(1)


def manifests(store, kind):
    return [store.manifest(kind, version) for version in store.versions(kind)]


def test_of_four_versions_in_a_row_the_newest_is_always_worked_on(airflow, store):
    earlier = {(run.dag_id, run.dag_run_id) for run in airflow.runs()}
    airflow.trigger("ingest_covers")
    for longest in (100, 200, 300, 400):
        airflow.trigger("ingest_catalog", {"max_title_length": longest})
    wait_until_quiet(airflow)

    catalogs = manifests(store, "catalog")
    assert [one.parameters["max_title_length"] for one in catalogs] == [100, 200, 300, 400]
    worked_on = [one.parents["catalog"] for one in manifests(store, "genre_classifier")]
    assert worked_on == sorted(set(worked_on)), "none twice, none older than the one before"
    assert worked_on[-1] == catalogs[-1].version
    for one in manifests(store, "genre_classifier"):
        began = datetime.strptime(one.version[:21], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
        out = [each.version for each in catalogs if each.published_at < began]
        assert one.parents["catalog"] >= max(out, default="")
    runs = [run for run in airflow.runs() if (run.dag_id, run.dag_run_id) not in earlier]
    assert {run.state for run in runs} == {"success"}

    # Covers were ready first, but their labels waited for the classifier of the last catalog.
    for kind in ("labelled_covers", "clip_candidate", "evaluation"):
        assert len(manifests(store, kind)) == 1, kind
    labels = store.newest("labelled_covers")
    assert labels.parents["genre_classifier"] == store.newest("genre_classifier").version


def test_label_covers_runs_when_either_input_changes_once_a_pair(airflow, store):
    def pairs():
        found = [one.parents for one in manifests(store, "labelled_covers")]
        return [(one["covers"], one["genre_classifier"]) for one in found]

    before = pairs()
    airflow.trigger("ingest_covers", {"short_side": 200})
    deadline = time.monotonic() + 120
    while len(pairs()) == len(before):
        assert time.monotonic() < deadline, airflow.runs()
        time.sleep(0.5)
    airflow.trigger("ingest_catalog", {"max_title_length": 500})
    wait_until_quiet(airflow)

    after = pairs()
    assert len(after) == len(before) + 2
    assert len(set(after)) == len(after)
    newest = store.newest("covers").version, store.newest("genre_classifier").version
    assert after[-1] == newest


def test_the_whole_chain_stands_on_the_newest_of_everything(store):
    for step in STEPS.values():
        newest = store.newest(step.publishes)
        for kind in step.reads:
            assert newest.parents[kind] == store.newest(kind).version


def test_an_unchanged_source_publishes_nothing_and_the_chain_rests(airflow, store):
    kinds = [step.publishes for step in STEPS.values()]
    before = {kind: store.versions(kind) for kind in kinds}
    since = datetime.now(UTC)
    airflow.trigger("ingest_catalog", {"max_title_length": 500})
    airflow.trigger("ingest_covers", {"short_side": 200})
    wait_until_quiet(airflow)
    assert {kind: store.versions(kind) for kind in kinds} == before
    assert {run.dag_id for run in airflow.runs(since=since)} == {"ingest_catalog", "ingest_covers"}


def runs_since(airflow, since, dag_id):
    return [run for run in airflow.runs(dag_id, since) if run.state == "success"]


def test_what_a_paused_dag_missed_is_started_once_by_the_daily_dag(airflow, store):
    airflow._call("PATCH", "/dags/finetune_clip", json={"is_paused": True})
    since = datetime.now(UTC)
    for top in (4, 5):
        airflow.trigger("label_covers", {"top": top})
    wait_until_quiet(airflow)
    airflow.unpause("finetune_clip")
    wait_until_quiet(airflow)
    assert runs_since(airflow, since, "finetune_clip") == [], "Airflow has dropped the events"
    for _ in range(2):
        airflow.trigger("catch_up")
        wait_until_quiet(airflow)
    assert len(runs_since(airflow, since, "catch_up")) == 2
    assert len(runs_since(airflow, since, "finetune_clip")) == 1
    labels = store.newest("labelled_covers")
    assert labels.parameters["top"] == 5
    assert store.newest("clip_candidate").parents["labelled_covers"] == labels.version


def test_going_back_starts_the_steps_that_follow_and_computes_nothing_again(airflow, store):
    kinds = ("labelled_covers", "clip_candidate")
    before = {kind: manifests(store, kind) for kind in kinds}
    airflow.trigger("label_covers")
    wait_until_quiet(airflow)
    assert {kind: manifests(store, kind) for kind in kinds} == before
    labels = store.newest("labelled_covers")
    assert labels.parameters["top"] == 3
    candidate = store.newest("clip_candidate")
    assert candidate.parents["labelled_covers"] == labels.version
    # It had served before, but another model does now.
    assert store.newest("evaluation").parents["clip_candidate"] == candidate.version


@pytest.mark.release
def test_versions_that_are_announced_while_the_scheduler_is_down_are_worked_on(airflow, platform):
    control = supervision.control(platform.home)
    control.stopProcess("airflow-scheduler")
    try:
        assets = airflow._call("GET", "/assets", params={"name_pattern": "catalog"})["assets"]
        (catalog,) = [asset["id"] for asset in assets if asset["name"] == "catalog"]
        keys = {"first", "second"}
        for key in keys:
            body = {"asset_id": catalog, "partition_key": key, "extra": {"version": key}}
            airflow._call("POST", "/assets/events", json=body)
    finally:
        control.startProcess("airflow-scheduler")
    deadline = time.monotonic() + 120
    while {run.partition_key for run in airflow.runs("select_classifier")} & keys != keys:
        assert time.monotonic() < deadline, airflow.runs("select_classifier")
        time.sleep(1)
    wait_until_quiet(airflow)


def links(airflow, run, task):
    """Return the links of a run's task once they are there, which is after the task's own end."""
    path = f"/dags/{run.dag_id}/dagRuns/{run.dag_run_id}/taskInstances/{task}/links"
    deadline = time.monotonic() + 30
    while True:
        found = airflow._call("GET", path)["extra_links"]
        if all(found.values()) or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def version_of_page(platform, page):
    """Return the version that the run shown at an address of MLflow's has worked on."""
    address = rf"{platform.mlflow_uri}/#/experiments/\d+/runs/([0-9a-f]{{32}})"
    run_id = re.fullmatch(address + re.escape(TRAINING_VIEW), page)[1]
    with rest_client(platform, timeout=30) as mlflow:
        run = mlflow.get("/runs/get", params={"run_id": run_id}).raise_for_status().json()["run"]
    return {tag["key"]: tag["value"] for tag in run["data"]["tags"]}["version"]


def test_a_task_links_to_the_mlflow_run_that_made_its_version(airflow, store, platform):
    runs = [run for run in airflow.runs("ingest_catalog") if run.state == "success"]
    states = {task.task_id: task.state for task in airflow.tasks(runs[0])}
    assert states["clean"] == "skipped", "the newest run found its work published"
    newest = store.newest("catalog").version
    for run in runs[:2]:
        page = links(airflow, run, "clean")
        assert set(page) == {"MLflow run"}
        assert version_of_page(platform, page["MLflow run"]) == newest


def test_a_run_has_a_note_with_what_it_made(airflow):
    for dag, words in (("ingest_catalog", "rows accepted"), ("evaluate_clip", "clip_candidate/")):
        run = next(run for run in airflow.runs(dag) if run.state == "success")
        path = f"/dags/{dag}/dagRuns/{quote(run.dag_run_id)}"
        assert words in (airflow._call("GET", path)["note"] or ""), dag


def test_an_evaluation_links_to_its_report_and_what_makes_no_run_to_nothing(
    airflow, store, platform
):
    evaluated = airflow.runs("evaluate_clip")[0]
    found = links(airflow, evaluated, "evaluate")
    assert set(found) == {"MLflow run", "Report"}
    run = found["MLflow run"].removesuffix(TRAINING_VIEW)
    assert found["Report"] == f"{run}/artifacts/report.html{TRAINING_VIEW}"
    assert version_of_page(platform, found["MLflow run"]) == store.newest("evaluation").version
    assert links(airflow, airflow.runs("index_covers")[0], "embed") == {}


@pytest.mark.parametrize(
    "conf", [{"max_title_length": 5}, {"max_title_length": "long"}, {"catalog_version": "newest"}]
)
def test_a_wrong_parameter_is_refused_at_the_trigger(airflow, conf):
    dag = "select_classifier" if "catalog_version" in conf else "ingest_catalog"
    with pytest.raises(BadInputError):
        airflow.trigger(dag, conf)


def test_what_is_named_and_not_there_fails_at_once_with_one_line(airflow, tmp_path):
    version = "20200101T000000000000Z-000000000000"
    named = {
        "ingest_catalog": ({"source": str(tmp_path / "nowhere.csv")}, "nowhere.csv"),
        "ingest_covers": ({"source": "s3://nobucket/x.csv"}, "bucket 'nobucket' of source"),
        "label_covers": ({"covers_version": version}, f"covers/{version} is not published"),
    }
    runs = {dag: airflow.trigger(dag, conf) for dag, (conf, _) in named.items()}
    deadline = time.monotonic() + 90
    for dag, run in runs.items():
        while (state := airflow.run(run.dag_id, run.dag_run_id).state) in ACTIVE:
            assert time.monotonic() < deadline
            time.sleep(1)
        assert state == "failed"
        assert named[dag][1] in airflow.failure(run)
        assert [task.try_number for task in airflow.tasks(run) if task.state == "failed"] == [1]


def test_a_run_without_parameters_uses_the_team_defaults(airflow):
    stored = store_defaults(airflow, {})
    sources = {name: stored.of(step).source for name, step in STEPS.items() if step.has_source}
    assert all(sources.values())
    assert stored == TeamDefaults(**{name: {"source": one} for name, one in sources.items()})
