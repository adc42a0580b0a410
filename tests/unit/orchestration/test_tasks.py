"""The tasks of the DAGs, called as Airflow calls them, over a store in memory."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from dustjacket.orchestration import tasks, waiting
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import TeamDefaults
from tests.support.bucket import store_in_memory
from tests.support.chain_in_memory import run_dag
from tests.support.facts import least_facts

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Airflow:
    """What a task sees of Airflow: the active runs, and when it was first rescheduled."""

    def __init__(self):
        self.active, self.first_date = [], None
        self.run_type, self.params = "manual", {}
        self.announced = {}

    def context(self):
        run = SimpleNamespace(run_after=NOW, run_id="run", run_type=self.run_type)
        return {"dag_run": run, "params": self.params, "ti": self}

    def get_dr_count(self, dag_id, states):
        assert states == ["queued", "running"]
        return self.active.count(dag_id)

    def get_task_states(self, dag_id, task_ids, run_ids):
        (task_id,), (run_id,) = task_ids, run_ids
        state = self.announced.get((dag_id, run_id))
        return {run_id: {task_id: state}} if state else {}

    def get_first_reschedule_date(self, _):
        return self.first_date


@pytest.fixture
def store(monkeypatch):
    store = store_in_memory()
    monkeypatch.setattr("dustjacket.storage.store.Store", lambda _: store)
    monkeypatch.setattr(tasks, "task_settings", lambda: store.settings)
    monkeypatch.setattr(tasks, "team_defaults", TeamDefaults)
    return store


@pytest.fixture
def airflow(monkeypatch):
    airflow = Airflow()
    for module in (tasks, waiting):
        monkeypatch.setattr(module, "get_current_context", airflow.context)
    monkeypatch.setattr(waiting.time, "sleep", lambda _: None)
    return airflow


def plan(step):
    return tasks.plan_run.function(step)


@pytest.fixture
def inputs(store):
    for kind in STEPS["label_covers"].reads:
        store.draft(kind, "v1").publish(facts=least_facts(kind))


def test_a_plan_waits_while_a_step_before_it_is_at_work_and_logs_why(
    store, airflow, inputs, caplog
):
    airflow.active = ["select_classifier"]
    caplog.set_level("INFO")
    assert not plan("label_covers")
    assert "label_covers waits: select_classifier is at work" in caplog.text
    airflow.active = []
    store.draft("genre_classifier", "v2").publish(facts=least_facts("genre_classifier"))
    planned = plan("label_covers")
    assert planned
    assert planned.xcom_value["plan"]["inputs"]["genre_classifier"] == "v2"


def test_a_plan_waits_for_six_hours_at_most(store, airflow, inputs, caplog):
    airflow.active = ["select_classifier"]
    airflow.first_date = datetime.now(UTC) - timedelta(hours=5, minutes=59)
    assert not plan("label_covers")
    airflow.first_date -= timedelta(minutes=2)
    assert plan("label_covers")
    assert "label_covers waited for 6:01" in caplog.text


def test_what_is_done_or_cannot_run_yet_does_not_wait(store, airflow, inputs):
    airflow.active = ["select_classifier", "label_covers", "ingest_covers"]
    run_dag(store, "label_covers", TeamDefaults(), NOW)
    done = plan("label_covers").xcom_value
    assert done["published"] == done["held"] == store.newest("labelled_covers").version
    with pytest.raises(AirflowSkipException, match="no version of clip_candidate"):
        plan("evaluate_clip")


def test_a_run_for_named_versions_does_not_wait(store, airflow, inputs):
    airflow.active = ["select_classifier", "ingest_catalog"]
    airflow.params = {"genre_classifier_version": "v1", "covers_version": None}
    assert plan("label_covers")
    airflow.active = ["ingest_covers"]
    assert not plan("label_covers")


def test_an_earlier_version_is_brought_back_by_the_plan_and_announced_by_its_new_name(
    store, airflow, inputs
):
    run_dag(store, "label_covers", TeamDefaults(), NOW - timedelta(days=2))
    run_dag(store, "label_covers", TeamDefaults(), NOW - timedelta(days=1), {"top": 5})
    first = store.manifest("labelled_covers", store.versions("labelled_covers")[0])
    planned = plan("label_covers").xcom_value
    assert store.newest("labelled_covers") == first
    assert planned["published"] == store.newest_named("labelled_covers")[0] != first.version
    assert store.manifest("labelled_covers", planned["published"]) == first
    assert plan("label_covers").xcom_value["published"] == planned["published"]


def test_a_version_that_is_named_and_not_there_is_not_tried_again(store, airflow, inputs):
    airflow.params = {"covers_version": "20260101T000000000000Z-000000000000"}
    with pytest.raises(AirflowFailException, match="0000 is not published: name a version that is"):
        plan("label_covers")


def test_only_a_scheduled_run_is_skipped_without_a_source(store, airflow):
    with pytest.raises(AirflowFailException, match="has no source: set the parameter 'source'"):
        plan("ingest_catalog")
    airflow.run_type = "scheduled"
    for step in ("ingest_catalog", "ingest_covers"):
        with pytest.raises(AirflowSkipException, match=f"{step} has no source yet"):
            plan(step)


class Outlet:
    def __init__(self):
        self.extra, self.partitions = {}, []

    def add_partitions(self, version):
        self.partitions.append(version)


class Outlets:
    """The outlet events of a task that has one Asset."""

    def __init__(self):
        self.outlet = Outlet()

    def __getitem__(self, _):
        return self.outlet


@pytest.mark.parametrize(
    ("publisher", "state", "announces"),
    [
        ("run", None, True),
        ("earlier", "success", False),
        ("earlier", "failed", True),
        ("earlier", None, True),
        (None, None, True),
    ],
)
def test_a_version_is_announced_unless_the_run_that_published_it_did(
    store, airflow, publisher, state, announces
):
    store.draft("covers", "v1").publish(dag_run_id=publisher)
    airflow.announced = {("ingest_covers", publisher): state}
    asset = SimpleNamespace(name="covers")
    outlets = Outlets()
    if announces:
        tasks.emit(asset, "v1", ["ingest_covers"], outlets)
        assert outlets.outlet.partitions == ["v1"]
        assert outlets.outlet.extra == {"version": "v1"}
    else:
        with pytest.raises(AirflowSkipException, match="covers/v1 was announced before"):
            tasks.emit(asset, "v1", ["ingest_covers"], outlets)


def test_a_version_that_came_back_is_announced_as_often_as_it_comes_back(store, airflow):
    store.draft("covers", "v1").publish(dag_run_id="first")
    store.refer("covers", "v2", "v1", "second")
    airflow.announced = {("ingest_covers", "first"): "success"}
    outlets = Outlets()
    tasks.emit(SimpleNamespace(name="covers"), "v2", ["ingest_covers"], outlets)
    assert outlets.outlet.partitions == ["v2"]
    airflow.announced["ingest_covers", "second"] = "success"
    with pytest.raises(AirflowSkipException):
        tasks.emit(SimpleNamespace(name="covers"), "v2", ["ingest_covers"], outlets)


def test_an_event_says_what_was_published(store):
    evaluation = SimpleNamespace(
        rows={"accepted": 2917}, facts={"verdict": "promoted", "reason": "why", "curve": [1]}
    )
    assert tasks.readable(evaluation) == {
        "accepted": 2917, "verdict": "promoted", "reason": "why",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("run_type", "genres", "rests"),
    [
        ("asset_triggered", {"Art": 500, "Law": 510}, True),
        ("operator_triggered", {"Art": 500, "Law": 510}, True),
        ("asset_triggered", {"Art": 500, "Law": 500, "Poetry": 500}, False),
        ("manual", {"Art": 500, "Law": 510}, False),
    ],
)
def test_with_retrain_on_drift_a_run_rests_until_covers_have_drifted_or_a_person_starts_it(
    store, airflow, monkeypatch, run_type, genres, rests
):
    defaults = TeamDefaults(finetune_clip={"retrain_on": "drift", "cooldown_days": 0})
    monkeypatch.setattr(tasks, "team_defaults", lambda: defaults)
    first = {"labelled": 1000, "genres": {"Art": 500, "Law": 500}}
    store.draft("labelled_covers", "v1").publish(facts=first)
    store.draft("clip_candidate", "c1").publish(parents={"labelled_covers": "v1"})
    for version in ("v2", "v3"):
        facts = {"labelled": sum(genres.values()), "genres": genres}
        store.draft("labelled_covers", version).publish(facts=facts)
    airflow.run_type = run_type
    if rests:
        with pytest.raises(AirflowSkipException, match="finetune_clip rests: 0 of the last 2"):
            plan("finetune_clip")
    else:
        assert plan("finetune_clip").xcom_value["plan"]["inputs"] == {"labelled_covers": "v3"}
