"""The state of the work: what serves and why, what runs, what failed, what waits, the disk."""

from datetime import UTC, datetime, timedelta

import pytest

from dustjacket.pipeline.families import CLIP
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.leases import lease
from dustjacket.pipeline.plan import Plan
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import TeamDefaults, keep_copy
from dustjacket.promotion.ledger import Ledger, LedgerEntry, next_timestamp
from dustjacket.upkeep.operations import RUNS, RunEnd, keep_end, operations
from tests.support.bucket import store_in_memory
from tests.support.facts import least_facts

NOW = datetime(2026, 5, 1, tzinfo=UTC)
PLAN = Plan(step="label_covers", version="v", digest="d", inputs={}, parameters={}, code="")


@pytest.fixture
def store():
    return store_in_memory()


def publish(store, kind, version, **fields):
    facts = least_facts(kind, **fields.pop("facts", {}))
    return store.draft(kind, version).publish(facts=facts, **fields)[0]


def ended(store, dag, state, hour, **fields):
    end = RunEnd(dag=dag, run="r", state=state, at=NOW + timedelta(hours=hour), **fields)
    keep_end(store, end)


def found(store, tmp_path):
    return operations(store, tmp_path)


def test_of_an_empty_platform_nothing_serves_and_nothing_is_missing(store, tmp_path):
    work = found(store, tmp_path)
    assert work.serving == work.running == work.failed == work.waiting == work.disk == []
    assert work.missing == []
    assert 0 < work.free_bytes <= work.total_bytes


def test_starting_weights_serve_until_a_promotion_and_then_the_ledger_has_the_reason(
    store, tmp_path
):
    publish(store, Kind.STARTING_CLIP, "20260101T000000000000Z-s", facts={"model": "lite0"})
    (serving,) = found(store, tmp_path).serving
    assert (serving.kind, serving.why) == ("starting_clip", "no candidate was promoted yet")
    publish(
        store, Kind.COVER_CLIP, "20260102T000000000000Z-c",
        facts={"starting_clip": "s", "recipe": "lora", "model": "lite0"},
    )  # fmt: skip
    entry = LedgerEntry.model_validate(
        {"action": "promoted", "verdict": "promoted", "who": "a run", "why": "it is better",
         "from": None, "to": "cover_clip/20260102T000000000000Z-c", "model": "clip_candidate/c"}
    )  # fmt: skip
    record = Ledger(store).append(entry, [], next_timestamp([]))
    (serving,) = found(store, tmp_path).serving
    assert (serving.kind, serving.why) == ("cover_clip", "it is better")
    assert (serving.since, serving.result) == (record.at, "lora lite0")


def test_the_classifier_in_use_serves_with_its_figure(store, tmp_path):
    row = {"name": "naive_bayes", "cv_mean": 0.8, "cv_std": 0.1, "seconds": 1}
    publish(
        store, Kind.GENRE_CLASSIFIER, "20260101T000000000000Z-g",
        facts={"candidates": [row]}, parameters={"metric": "accuracy"},
    )  # fmt: skip
    (serving,) = found(store, tmp_path).serving
    assert serving.result == "naive_bayes 0.800 accuracy → promoted"
    assert serving.why == "it is the first"


def test_a_candidate_that_passed_the_gate_waits_until_the_ledger_has_it(store, tmp_path):
    version = "20260101T000000000000Z-e"
    publish(store, CLIP.evaluation, version, parents={CLIP.candidate: "c"})
    (waiting,) = found(store, tmp_path).waiting
    assert waiting.version == "clip_candidate/c"
    assert "evaluate_clip" in waiting.cure
    entry = LedgerEntry.model_validate(
        {"action": "refused", "verdict": "rejected", "who": "ann", "why": "no", "from": None,
         "model": "clip_candidate/c", "evaluation": version}
    )  # fmt: skip
    Ledger(store).append(entry, [], next_timestamp([]))
    assert found(store, tmp_path).waiting == []


def test_a_candidate_that_did_not_pass_waits_for_nobody(store, tmp_path):
    publish(store, CLIP.evaluation, "20260101T000000000000Z-e", facts={"promoted": False})
    assert found(store, tmp_path).waiting == []


def test_only_dags_whose_last_run_failed_are_shown_the_newest_first(store, tmp_path):
    ended(store, "ingest_covers", "failed", 1, reason="no file", cure="name one")
    ended(store, "ingest_catalog", "failed", 2, reason="held back")
    ended(store, "finetune_clip", "failed", 3)
    ended(store, "finetune_clip", "success", 4)
    store.client.objects[f"{RUNS}other.json"] = b"{}"
    failed = found(store, tmp_path).failed
    assert [each.dag for each in failed] == ["ingest_catalog", "ingest_covers"]
    assert (failed[1].reason, failed[1].cure) == ("no file", "name one")


def test_a_job_at_work_is_shown_with_its_begin(store, tmp_path):
    with lease(store, PLAN, "attempt"):
        (running,) = found(store, tmp_path).running
    assert (running.step, running.version) == ("label_covers", "v")
    assert running.since <= datetime.now(UTC)


def test_the_disk_tells_old_bytes_from_those_of_the_last_week(store, tmp_path):
    old = publish(store, Kind.CATALOG, "a")
    for key in list(store.client.objects):
        store.client.modified[key] = NOW - timedelta(days=30)
    publish(store, Kind.CATALOG, "b")
    (use,) = operations(store, tmp_path).disk
    assert (use.kind, use.versions) == (old.kind, 2)
    assert 0 < use.bytes_of_last_week < use.bytes


def test_what_cannot_be_read_is_named_and_the_rest_is_shown(store, tmp_path):
    store.client.objects["ledger/00000002.json"] = b"{}"
    publish(store, Kind.COVER_INDEX, "20260101T000000000000Z-i", facts={"embedded": 3})
    work = found(store, tmp_path)
    assert "the ledger has" in work.missing[0]
    assert [each.result for each in work.serving] == ["3 covers embedded, 0 reused"]


def test_the_team_defaults_that_differ_from_the_shipped_ones_are_shown(store, tmp_path):
    assert found(store, tmp_path).defaults == []
    keep_copy(store, TeamDefaults(finetune_clip={"epochs": 3}).to_json())
    (default,) = found(store, tmp_path).defaults
    assert (default.step, default.parameter, default.value) == ("finetune_clip", "epochs", 3)
    assert default.shipped == STEPS["finetune_clip"].parameters().epochs


def test_team_defaults_that_cannot_be_read_are_named(store, tmp_path):
    keep_copy(store, '{"finetune_clip": {"epochs": "many"}}')
    work = found(store, tmp_path)
    assert work.defaults == []
    assert "finetune_clip.epochs" in work.missing[0]
