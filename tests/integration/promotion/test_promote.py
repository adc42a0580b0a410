"""Promotions, refusals and rollbacks in real S3 and MLflow: concurrent, interrupted, resumed."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import mlflow
import pytest

from dustjacket.cli import history as commands
from dustjacket.errors import BadInputError, CorruptVersionError, DustjacketError, NotReadyError
from dustjacket.pipeline.families import CLIP, GENERATOR
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.plan import plan_step, work_of
from dustjacket.pipeline.step import Status
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.promotion import promote as promoting
from dustjacket.promotion.ledger import Ledger
from dustjacket.promotion.promote import ApprovalResponse, promote, rollback
from dustjacket.storage.manifest import digest_of, version_name
from dustjacket.tracking import runs as tracking
from tests.support.library import BETTER, WORSE, Library

pytestmark = pytest.mark.integration


@pytest.fixture
def library(store, request):
    return Library(store.settings, f"test-{digest_of({'test': request.node.name})}")


def test_a_promotion_is_in_the_ledger_and_serves_and_shows_in_mlflow(library):
    evaluation = library.evaluation("a")
    record = promote(library.store, evaluation, "a run")
    assert (record.number, record.action, record.who) == (1, "promoted", "a run")
    assert record.from_ == f"starting_clip/{library.starting.version}"
    assert record.to == library.serves()
    assert library.weights() == "a"
    ledger = Ledger(library.store)
    assert ledger.champion(CLIP).comparison["gain_interval"] == list(BETTER.gain_interval)
    assert ledger.test_sides(CLIP) == [list(BETTER.test_side)]
    assert library.store.newest(Kind.COVER_CLIP).parents == {
        "clip_candidate": evaluation.parents["clip_candidate"]
    }
    model, tags = library.alias()
    assert model == record.model
    assert (tags["verdict"], tags["reason"]) == ("promoted", record.why)
    assert tags["ledger_record"] == "1"


@pytest.mark.parametrize(
    ("found", "decision"), [(BETTER, "promoted"), (WORSE, "not promoted: not_better")]
)
def test_the_run_that_trained_a_candidate_is_named_by_the_decision_on_it(library, found, decision):
    tracking.use_experiment("cover-clip", "What the runs are")
    with mlflow.start_run(run_name="finetune clip: lora") as run:
        pass
    evaluation = library.evaluation("a", found, run_id=run.info.run_id)
    for _ in range(2):  # a second call changes nothing
        promote(library.store, evaluation, "a run")
    assert mlflow.get_run(run.info.run_id).info.run_name == f"finetune clip: lora → {decision}"
    assert mlflow.get_experiment_by_name("cover-clip").tags[tracking.NOTE] == "What the runs are"


def test_a_candidate_is_no_challenger_once_it_is_champion(library):
    evaluation = library.evaluation("a")
    version = {"kind": CLIP.candidate, "version": evaluation.parents[CLIP.candidate]}
    challenger = tracking.registered(CLIP.registered, **version)
    tracking.point_alias(challenger, tracking.CHALLENGER)
    promote(library.store, evaluation, "a run")
    assert tracking.with_alias(CLIP.registered, tracking.CHALLENGER) is None
    assert library.alias()[0] == f"{CLIP.candidate}/{version['version']}"


def test_a_generator_is_promoted_and_rolled_back_in_the_ledger_of_the_search_s_model(library):
    generators = Library(library.store.settings, library.store.bucket, GENERATOR)
    clip = library.promote("a")
    first, second = generators.promote("g"), generators.promote("h")
    assert [record.number for record in (clip, first, second)] == [1, 2, 3]
    assert (first.from_, second.from_) == (None, first.to)
    assert first.to.startswith("cover_generator/")
    assert generators.alias()[0] == second.model
    with pytest.raises(BadInputError, match="never served"):
        rollback(library.store, GENERATOR, clip.to, who="ann")
    rollback(library.store, GENERATOR, who="ann")
    assert generators.weights() == "g"
    assert generators.alias()[0] == first.model
    assert (library.weights(), library.alias()[0]) == ("a", clip.model)
    with pytest.raises(BadInputError, match="nothing served before"):
        rollback(library.store, GENERATOR, who="ann")


def test_a_refusal_is_recorded_once_however_often_it_is_retried(library):
    evaluation = library.evaluation("a", WORSE)
    records = {promote(library.store, evaluation, "a run").number for _ in range(3)}
    assert records == {1}
    assert library.actions() == [("refused", "not_better")]
    assert library.serves() is None
    mirror = tracking.registered(
        CLIP.registered, kind="clip_candidate", version=evaluation.parents["clip_candidate"]
    )
    assert mirror.tags["verdict"] == "not_better"
    assert not Ledger(library.store).of(evaluation).superseded


def test_of_two_promotions_at_once_exactly_one_wins(library, monkeypatch):
    evaluations = [library.evaluation("a"), library.evaluation("b")]
    both_have_looked, append, waited = threading.Barrier(2), Ledger.append, threading.local()

    def append_together(self, *given):
        if not hasattr(waited, "once"):
            waited.once = True
            both_have_looked.wait(timeout=30)
        return append(self, *given)

    monkeypatch.setattr(Ledger, "append", append_together)
    with ThreadPoolExecutor(2) as pool:
        records = list(pool.map(lambda one: promote(library.store, one, "a run"), evaluations))
    won, lost = sorted(records, key=lambda record: record.number)
    assert (won.action, lost.action, lost.verdict) == ("promoted", "refused", "stale")
    assert "champion changed meanwhile, evaluate again" in lost.why
    assert library.serves() == won.to
    assert library.alias()[0] == won.model
    assert len(library.store.versions(Kind.COVER_CLIP)) == 1
    assert lost.superseded, "what was refused for that alone is evaluated again"


@pytest.mark.parametrize("step", ["_publish", "_mirror"])
def test_an_interrupted_promotion_is_completed_by_a_retry(library, monkeypatch, step):
    library.promote("a")
    evaluation = library.evaluation("b")
    with monkeypatch.context() as broken:
        whole = getattr(promoting, step)

        def breaks(store, record):
            if record.evaluation == evaluation.version:
                raise ConnectionError("gone")
            whole(store, record)

        broken.setattr(promoting, step, breaks)
        with pytest.raises(ConnectionError):
            promote(library.store, evaluation, "a run")
    assert library.alias()[1]["ledger_record"] == "1", "still the one before"
    record = promote(library.store, evaluation, "a run")
    assert library.actions() == [("promoted", "promoted")] * 2
    assert record.number == 2
    assert library.weights() == "b"
    assert library.alias()[1]["ledger_record"] == "2"


def test_the_next_promotion_completes_an_interrupted_one_first(library, monkeypatch):
    first, next_one = library.evaluation("a"), library.evaluation("b")
    with monkeypatch.context() as broken:
        broken.setattr(promoting, "_publish", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            promote(library.store, first, "a run")
    assert library.serves() is None
    assert promote(library.store, next_one, "a run").verdict == "stale"
    assert library.weights() == "a"


def test_a_candidate_that_cannot_be_published_is_not_promised(library):
    evaluation = library.evaluation("a")
    candidate = library.store.manifest("clip_candidate", evaluation.parents["clip_candidate"])
    key = f"{candidate.prefix}model/weights.safetensors"
    library.store.client.put_object(Bucket=library.store.bucket, Key=key, Body=b"other")
    with pytest.raises(CorruptVersionError, match="does not match"):
        promote(library.store, evaluation, "a run")
    assert library.actions() == []
    assert library.promote("b").action == "promoted"


def test_a_lost_reply_does_not_make_a_writer_lose_against_itself(library, monkeypatch):
    evaluation = library.evaluation("a")
    put = library.store.client.put_object

    def put_twice(**what):  # as boto does where the reply to the first was lost
        if "IfNoneMatch" in what:
            put(**what)
        return put(**what)

    monkeypatch.setattr(library.store.client, "put_object", put_twice)
    assert promote(library.store, evaluation, "a run").action == "promoted"
    record = rollback(library.store, CLIP, who="ann", comment="it was slow")
    assert record.action == "rolled_back"
    assert record.why.endswith(": it was slow")
    assert library.actions() == [("promoted", "promoted"), ("rolled_back", "restored")]


def test_a_rollback_brings_the_weights_before_back_as_the_newest_version(library):
    first = library.promote("a")
    second = library.promote("b")
    record = rollback(library.store, CLIP, who="ann")
    assert (record.action, record.who) == ("rolled_back", "ann")
    assert (record.from_, record.model) == (second.to, first.to)
    newest = library.store.newest(Kind.COVER_CLIP)
    assert f"{Kind.COVER_CLIP}/{newest.version}" == record.to
    assert newest.facts["rolled_back_to"] == first.to
    assert library.weights() == "a"
    assert library.alias()[0] == first.model
    assert library.alias()[1]["ledger_record"] == "3"

    rollback(library.store, CLIP, who="ann")
    assert library.weights() == "the starting weights"
    with pytest.raises(BadInputError, match="nothing served before"):
        rollback(library.store, CLIP, who="ann")

    forth = rollback(library.store, CLIP, second.to.partition("/")[2], who="ann")
    assert library.weights() == "b"
    assert forth.model == second.to
    with pytest.raises(BadInputError, match="serves already"):
        rollback(library.store, CLIP, second.to, who="ann")
    with pytest.raises(BadInputError, match="never served"):
        rollback(library.store, CLIP, version_name(datetime.now(UTC), "0" * 12), who="ann")


def test_nothing_can_be_rolled_back_before_anything_was_promoted(library):
    library.promote("a", WORSE)
    with pytest.raises(BadInputError, match="nothing was ever promoted"):
        rollback(library.store, CLIP, who="ann")


def test_a_rollback_that_is_retried_goes_back_once(library, monkeypatch):
    library.promote("a")
    library.promote("b")
    with monkeypatch.context() as broken:
        whole = promoting._mirror

        def breaks(store, record):
            if record.action == "rolled_back":
                raise DustjacketError("MLflow is gone")
            whole(store, record)

        broken.setattr(promoting, "_mirror", breaks)
        with pytest.raises(DustjacketError):
            rollback(library.store, CLIP, who="ann", dag_run_id="run 7")
    record = rollback(library.store, CLIP, who="ann", dag_run_id="run 7")
    assert record.number == 3
    assert library.weights() == "a"
    assert library.alias()[1]["ledger_record"] == "3"


def test_of_two_rollbacks_at_once_one_goes_back_and_the_other_says_why_not(library, monkeypatch):
    library.promote("a")
    library.promote("b")
    append = Ledger.append

    def append_after_another(self, *given):
        monkeypatch.setattr(Ledger, "append", append)
        rollback(library.store, CLIP, who="bob")
        return append(self, *given)

    monkeypatch.setattr(Ledger, "append", append_after_another)
    with pytest.raises(NotReadyError, match="changed meanwhile"):
        rollback(library.store, CLIP, who="ann")
    assert library.weights() == "a", "one step back, not two"


def test_an_alias_that_was_set_too_late_is_set_right(library, monkeypatch):
    first = library.promote("a")
    mirror = promoting._mirror

    def mirror_late(store, record):
        if record.number == 2:
            monkeypatch.setattr(promoting, "_mirror", mirror)
            rollback(library.store, CLIP, who="ann")
        mirror(store, record)

    monkeypatch.setattr(promoting, "_mirror", mirror_late)
    library.promote("b")
    assert library.weights() == "a"
    assert library.alias()[0] == first.model


def test_a_promotion_after_a_rollback_is_newer_than_all_before(library):
    library.promote("a")
    library.promote("b")
    rollback(library.store, CLIP, who="ann")
    record = library.promote("c")
    assert record.to == library.serves()
    assert library.weights() == "c"


@pytest.mark.parametrize(
    ("answer", "verdict", "who", "why"),
    [
        (
            ApprovalResponse(True, "ann", "looks right"),
            "promoted",
            "ann",
            "approved by ann: looks right",
        ),
        (ApprovalResponse(False, "ann", "ugly"), "rejected", "ann", "rejected by ann: ugly"),
        (ApprovalResponse(False, None), "unanswered", "a run", "nobody answered in time"),
    ],
)
def test_the_ledger_names_who_approved_or_rejected(library, answer, verdict, who, why):
    evaluation = library.evaluation("a")
    record = promote(library.store, evaluation, "a run", answer)
    assert (record.verdict, record.who) == (verdict, who)
    assert why in record.why
    assert (library.weights() == "a") == answer.approved
    assert record.superseded == (verdict == "unanswered")


def test_a_chain_is_behind_until_the_ledger_has_heard_of_its_evaluation(library, tmp_path):
    (tmp_path / "some.csv").write_text("a source")
    source = {"source": str(tmp_path / "some.csv")}
    defaults = TeamDefaults(ingest_catalog=source, ingest_covers=source)
    step = STEPS["evaluate_clip"]
    library.evaluation("a")
    plan = plan_step(step, library.store, defaults, datetime.now(UTC))
    judged = library.store.newest("evaluation")
    again = library.store.draft("evaluation", plan.version)
    evaluation, _ = again.publish(parents=judged.parents, facts=judged.facts)

    work = work_of(step, library.store, defaults)
    assert (work.status, work.needs_job) == (Status.UNDECIDED, False)
    promote(library.store, evaluation, "a run")
    work = work_of(step, library.store, defaults)
    assert (work.status, work.version) == (Status.PUBLISHED, evaluation)


def test_a_modified_ledger_is_an_error(library):
    library.promote("a")
    put = library.store.client.put_object
    put(Bucket=library.store.bucket, Key="ledger/00000003.json", Body=b"{}")
    with pytest.raises(CorruptVersionError, match="00000002"):
        Ledger(library.store).records()
    put(Bucket=library.store.bucket, Key="ledger/00000002.json", Body=b"{}")
    with pytest.raises(CorruptVersionError, match="no record"):
        Ledger(library.store).records()


@pytest.fixture
def show_history(library, monkeypatch, capsys):
    """Return the output of ``dustjacket history`` on the library."""
    monkeypatch.setattr(commands, "open_store", lambda: library.store)

    def history(**flags):
        commands.ShowHistory.model_validate(flags).cli_cmd()
        return capsys.readouterr().out

    return history


def test_history_shows_every_record_and_what_served_when(library, show_history):
    assert "nothing was promoted yet" in show_history()
    first = library.promote("a")
    library.promote("b", WORSE)
    back = rollback(library.store, CLIP, who="[/ann]")

    records = json.loads(show_history(json=True))
    assert [one["action"] for one in records] == ["promoted", "refused", "rolled_back"]
    assert records[2]["from"] == first.to
    assert records[1]["comparison"]["candidate"] == WORSE.candidate
    assert records[2]["who"] == "[/ann]"
    lines = show_history().splitlines()
    assert [line.split()[0] for line in lines[::3]] == ["1", "2", "3"]
    assert lines[3].startswith("2  refused  20")
    assert "3  rolled back ←" in lines[6]
    assert lines[6].endswith("by [/ann]"), "a name is shown as it is"
    assert lines[7].split() == [back.model, "serves", "as", back.to]

    def serves(at):
        return json.loads(show_history(at=at, json=True))["serves"]

    starting = f"starting_clip/{library.starting.version}"
    assert serves(first.at - timedelta(seconds=1)) == starting
    assert serves(first.at) == first.to
    assert serves(back.at.replace(tzinfo=None)) == back.to, "UTC where it does not say"
    assert show_history(at=first.at).startswith(first.to)
