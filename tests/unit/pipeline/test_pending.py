"""Work that events do not start is found, and a step waits for inputs that are being made."""

from datetime import UTC, datetime, timedelta

import pytest

from dustjacket.genres.step import SelectClassifier
from dustjacket.pipeline.pending import (
    SETTLED_S,
    is_pending,
    reason_to_wait,
    steps_to_start,
    work_on_newest,
)
from dustjacket.pipeline.plan import work_of
from dustjacket.pipeline.step import Status
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import TeamDefaults
from tests.support.bucket import store_in_memory
from tests.support.chain_in_memory import decide, publish, run_dag

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LABEL_READS = STEPS["label_covers"].reads


@pytest.fixture
def defaults(tmp_path):
    source = tmp_path / "source.csv"
    source.write_text("A")
    named = {"source": str(source)}
    return TeamDefaults(ingest_catalog=named, ingest_covers=named)


@pytest.fixture
def run(defaults):
    """Run a DAG over a store in which every step has run once."""
    store, minutes = store_in_memory(), iter(range(1, 99))

    def run(name, **overrides):
        moment = NOW + timedelta(minutes=next(minutes))
        return run_dag(store, name, defaults, moment, overrides)

    for name in STEPS:
        run(name)
    run.store = store
    return run


def none(_):
    return False


def to_start(run, defaults, active=(), paused=()):
    found = steps_to_start(run.store, defaults, active.__contains__, paused.__contains__)
    return list(found)


def test_nothing_is_started_while_all_work_is_done(run, defaults):
    assert to_start(run, defaults) == []


def test_nothing_is_started_on_a_new_platform(defaults):
    assert steps_to_start(store_in_memory(), defaults, none, none) == {}


def test_of_two_versions_that_a_paused_dag_missed_it_is_started_once_on_the_newest(run, defaults):
    run("label_covers", top=4)
    run("label_covers", top=5)
    assert to_start(run, defaults, paused=["finetune_clip", "train_generator"]) == []
    assert to_start(run, defaults) == ["finetune_clip"], "not label_covers, with the default top"
    run("finetune_clip")
    newest = run.store.newest("clip_candidate")
    assert newest.parents["labelled_covers"] == run.store.newest("labelled_covers").version
    assert to_start(run, defaults) == ["evaluate_clip"]
    run("evaluate_clip")
    assert to_start(run, defaults) == ["train_generator"]
    run("train_generator")
    assert to_start(run, defaults) == ["evaluate_generator"]
    run("evaluate_generator")
    assert to_start(run, defaults) == []


def test_only_the_first_of_several_is_started_for_its_event_starts_the_others(run, defaults):
    run("ingest_catalog", max_title_length=99)
    run("label_covers", top=5)
    assert is_pending(STEPS["finetune_clip"], run.store)
    assert to_start(run, defaults) == ["select_classifier"]
    assert to_start(run, defaults, active=["select_classifier"]) == []
    assert to_start(run, defaults, active=["ingest_catalog"]) == []
    others = ["label_catalog", "finetune_clip"]
    assert to_start(run, defaults, paused=["select_classifier"]) == others


def test_what_came_back_is_started_again_downstream(run, defaults, monkeypatch):
    monkeypatch.setattr(SelectClassifier, "before_reuse", lambda *_: None)
    run("ingest_catalog", max_title_length=99)
    run("select_classifier")
    run("label_covers")
    run("ingest_catalog")
    assert to_start(run, defaults) == ["select_classifier"]
    run("select_classifier")
    assert to_start(run, defaults) == ["label_covers"]


def test_a_decision_that_nobody_made_in_time_is_not_asked_for_again_every_day(run, defaults):
    evaluate = STEPS["evaluate_clip"]
    plan = work_of(evaluate, run.store, defaults, NOW, {"bootstrap": 100}).plan
    evaluation = publish(run.store, plan)
    assert to_start(run, defaults) == ["evaluate_clip"], "no decision was carried out"
    decide(run.store, evaluation, "unanswered")
    assert work_on_newest(evaluate, run.store).status is Status.SUPERSEDED
    assert to_start(run, defaults) == []


@pytest.mark.parametrize("active", ["ingest_catalog", "ingest_covers", "select_classifier"])
def test_a_step_waits_while_what_it_reads_is_being_made(run, active):
    reason = reason_to_wait(LABEL_READS, run.store, active.__eq__, 9e9)
    assert reason == f"{active} is at work, and what it publishes is read here"


@pytest.mark.parametrize("active", ["label_covers", "finetune_clip", "evaluate_clip"])
def test_a_step_does_not_wait_for_itself_or_for_what_follows(run, active):
    assert reason_to_wait(LABEL_READS, run.store, active.__eq__, 0) is None


def test_with_only_covers_new_nothing_waits(run):
    run("ingest_covers", short_side=99)
    assert reason_to_wait(LABEL_READS, run.store, none, 0) is None


def test_between_two_runs_a_step_waits_for_the_event_to_start_the_second(run):
    run("ingest_catalog", max_title_length=99)
    reason = reason_to_wait(LABEL_READS, run.store, none, 0)
    assert reason == "select_classifier has newer inputs, and its run may be about to start"
    assert reason_to_wait(LABEL_READS, run.store, none, SETTLED_S) is None, (
        "it is paused, or failed"
    )


def test_an_input_whose_version_is_named_is_not_waited_for(run):
    assert reason_to_wait(["covers"], run.store, "select_classifier".__eq__, 0) is None


def test_a_step_waits_for_those_that_decide_on_what_it_reads(run, defaults):
    run("label_covers", top=5)
    train = STEPS["train_generator"]
    kinds = train.reads + train.optional_inputs + train.follows
    for active in ("finetune_clip", "evaluate_clip"):
        reason = reason_to_wait(kinds, run.store, lambda name, at=active: name == at, 1e9)
        assert active in reason
    assert reason_to_wait(kinds, run.store, lambda _: False, 1e9) is None
