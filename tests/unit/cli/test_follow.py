"""A run triggers what has work to do, and ends as soon as nothing is left to do."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from rich.console import Console

from dustjacket.cli import follow
from dustjacket.cli.airflow_api import DagRun
from dustjacket.errors import DustjacketError
from dustjacket.pipeline.plan import Work
from dustjacket.pipeline.step import Status
from dustjacket.pipeline.steps import STEPS


class Chain:
    """Steps whose work a run does, and a clock that advances with each wait.

    A step in ``starts`` is started by the end of the run of the step that it names.
    """

    def __init__(self):
        self.status = dict.fromkeys(STEPS, Status.PUBLISHED)
        self.starts, self.helpless = {}, set()
        self.runs, self.triggered, self.clock, self.read = {}, [], 0.0, 0

    def trigger(self, name, overrides=None):
        self.triggered.append((name, overrides))
        return self._start(name)

    def _start(self, name):
        self.runs[name] = DagRun(
            dag_id=name, dag_run_id=name, state="running", run_after=datetime.now(UTC)
        )
        return self.runs[name]

    def tasks(self, _):
        return []

    def sleep(self, seconds):
        self.clock += seconds
        for name in [name for name, run in self.runs.items() if run.state == "running"]:
            self.runs[name] = self.runs[name].model_copy(update={"state": "success"})
            if name not in self.helpless:
                self.status[name] = Status.PUBLISHED
            for next_ in [step for step, before in self.starts.items() if before == name]:
                self._start(next_)

    def work_of(self, step, *_):
        self.read += 1
        return Work(self.status[step.name], "by the test", version=f"version of {step.name}")


@pytest.fixture
def chain(monkeypatch):
    chain = Chain()
    own = SimpleNamespace(add=lambda _: None, latest=lambda: dict(chain.runs), seconds=dict)
    monkeypatch.setattr(follow, "OwnRuns", lambda *_, **__: own)
    monkeypatch.setattr(follow, "work_of", chain.work_of)
    monkeypatch.setattr(
        follow, "time", SimpleNamespace(monotonic=lambda: chain.clock, sleep=chain.sleep)
    )
    return chain


@pytest.fixture
def run(chain):
    store = SimpleNamespace(newest=lambda _: None)

    def run(overrides=None):
        return follow.run_chain(chain, store, None, Console(quiet=True), overrides or {})

    return run


def test_nothing_is_triggered_and_nothing_waited_for_where_all_is_published(run, chain):
    done = run()
    assert done.versions == {name: f"version of {name}" for name in STEPS}
    assert done.seconds == {}
    assert chain.triggered == []
    assert chain.clock == 0


@pytest.mark.parametrize("status", [Status.TO_DO, Status.REPLACED, Status.RETRIABLE])
def test_only_the_source_that_has_work_is_triggered_with_its_overrides(run, chain, status):
    chain.status["ingest_catalog"] = status
    run({"ingest_catalog": {"accept_changes": True}})
    assert chain.triggered == [("ingest_catalog", {"accept_changes": True})]


def test_it_ends_with_the_last_run(run, chain):
    chain.status["ingest_covers"] = chain.status["label_covers"] = Status.TO_DO
    chain.starts["label_covers"] = "ingest_covers"
    run()
    assert chain.triggered == [("ingest_covers", None)]
    assert chain.clock < follow._SETTLED_S


def test_a_step_that_no_event_started_is_triggered_once_it_is_sure(run, chain):
    chain.status["finetune_clip"] = Status.TO_DO
    run()
    assert chain.triggered == [("finetune_clip", None)]
    assert chain.clock > follow._SETTLED_S


def test_sources_are_not_read_at_each_poll(run, chain):
    chain.status["finetune_clip"] = Status.TO_DO
    run()
    sources = sum(step.has_source for step in STEPS.values())
    assert chain.read == sources + 3 * len(STEPS), "at first, once it has settled, and at the end"


def test_rows_that_stay_unfetched_are_tried_once_in_a_run(run, chain):
    chain.status["ingest_covers"] = Status.RETRIABLE
    chain.helpless.add("ingest_covers")
    run()
    assert chain.triggered == [("ingest_covers", None)]


def test_a_step_whose_run_did_not_do_its_work_ends_the_chain(run, chain):
    chain.status["finetune_clip"] = Status.TO_DO
    chain.helpless.add("finetune_clip")
    with pytest.raises(DustjacketError, match="finetune_clip ran, but its work is not done"):
        run()
    assert len(chain.triggered) == 1
