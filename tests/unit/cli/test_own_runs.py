"""Of all runs on a shared platform, a command follows its own alone."""

from datetime import UTC, datetime, timedelta

import pytest

from dustjacket.cli.airflow_api import DagRun
from dustjacket.cli.own_runs import OwnRuns
from tests.support.bucket import store_in_memory

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


class Api:
    """Runs as Airflow lists them: newest first, at most ``limit``."""

    def __init__(self):
        self.all, self.limit = [], 100

    def runs(self, since):
        recent = [run for run in self.all if run.run_after >= since]
        return sorted(recent, key=lambda run: run.run_after, reverse=True)[: self.limit]

    def run(self, dag_id, dag_run_id):
        return next(r for r in self.all if (r.dag_id, r.dag_run_id) == (dag_id, dag_run_id))

    def start(self, dag_id, minute, key=None, state="running"):
        run = DagRun(
            dag_id=dag_id, dag_run_id=f"{dag_id} {minute}", state=state, partition_key=key,
            run_after=SINCE + timedelta(minutes=minute),
        )  # fmt: skip
        self.all.append(run)
        return run

    def end(self, run, state="success"):
        self.all.remove(run)
        self.all.append(run.model_copy(update={"state": state}))


@pytest.fixture
def store():
    return store_in_memory()


@pytest.fixture
def api():
    return Api()


@pytest.fixture
def own(api, store):
    return OwnRuns(api, store, SINCE)


def names(own):
    return {name: run.dag_run_id for name, run in own.latest().items()}


def test_what_own_data_caused_is_followed_and_what_others_do_is_not(api, store, own):
    mine = api.start("ingest_covers", 1)
    own.add(mine)
    api.start("finetune_clip", 2, key="theirs", state="failed")
    api.start("ingest_catalog", 2, state="failed")
    assert names(own) == {"ingest_covers": "ingest_covers 1"}
    store.draft("covers", "c1").publish(dag_run_id=mine.dag_run_id)
    labels = api.start("label_covers", 3, key="c1")
    assert names(own) == {"ingest_covers": "ingest_covers 1"}, "it has not ended"
    api.end(mine)
    store.draft("labelled_covers", "l1").publish(dag_run_id=labels.dag_run_id)
    api.end(labels)
    api.start("finetune_clip", 4, key="l1")
    assert names(own) == {
        "ingest_covers": "ingest_covers 1",
        "label_covers": "label_covers 3",
        "finetune_clip": "finetune_clip 4",
    }


def test_what_an_earlier_run_published_of_the_same_source_is_followed(api, store, own):
    store.draft("covers", "c1").publish(dag_run_id="another")
    own.add(api.start("ingest_covers", 1, state="success"))
    api.start("label_covers", 2, key="c1")
    assert "label_covers" in names(own)


def test_only_an_own_promotion_leads_to_its_index(api, store, own):
    store.draft("cover_clip", "m1").publish(dag_run_id="another")
    own.add(evaluation := api.start("evaluate_clip", 1, state="success"))
    api.start("index_covers", 2, key="m1")
    assert "index_covers" not in names(own)
    second = OwnRuns(api, store, SINCE)
    store.draft("cover_clip", "m2").publish(dag_run_id=evaluation.dag_run_id)
    second.add(evaluation)
    api.start("index_covers", 3, key="m2")
    assert names(second)["index_covers"] == "index_covers 3"


def test_a_long_run_is_followed_though_many_runs_of_others_are_newer(api, own):
    mine = api.start("finetune_clip", 1)
    own.add(mine)
    api.limit = 2
    for minute in range(2, 9):
        api.start("ingest_catalog", minute)
    api.end(mine, "failed")
    assert own.latest()["finetune_clip"].state == "failed"


def test_an_active_run_goes_before_one_that_was_triggered_later(api, own):
    own.add(api.start("label_covers", 1))
    own.add(api.start("label_covers", 2, state="success"))
    assert names(own) == {"label_covers": "label_covers 1"}
    own.add(queued := api.start("label_covers", 3, state="queued"))
    assert names(own) == {"label_covers": "label_covers 1"}, "it runs before the queued one"
    api.end(queued, "running")
    assert names(own) == {"label_covers": "label_covers 3"}
