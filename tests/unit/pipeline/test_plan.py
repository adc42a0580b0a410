"""Whether a step's work is done has one answer, with a reason, for DAGs and command line alike."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.cli.follow import _needs_trigger
from dustjacket.errors import BadInputError
from dustjacket.pipeline.plan import changes_since, plan_step, work_of
from dustjacket.pipeline.step import Status
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.storage.manifest import version_name
from tests.support.bucket import store_in_memory
from tests.support.chain_in_memory import decide, publish, run_dag
from tests.support.facts import least_facts

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 8, tzinfo=UTC)


@pytest.fixture
def store():
    return store_in_memory()


@pytest.fixture
def defaults(tmp_path):
    source = tmp_path / "source.csv"
    source.write_text("a source")
    named = {"source": str(source)}
    return TeamDefaults(ingest_catalog=named, ingest_covers=named)


def input_of(store, *kinds):
    for kind in kinds:
        store.draft(kind, "v1").publish(facts=least_facts(kind))


def work(store, name, defaults=None, run_after=LATER, **overrides):
    return work_of(STEPS[name], store, defaults or TeamDefaults(), run_after, overrides)


CASES = {
    "an input is missing": (
        "label_covers",
        "nothing",
        Status.MISSING_INPUT,
        "no version of covers",
    ),
    "nothing is published": (
        "finetune_clip",
        "inputs",
        Status.TO_DO,
        "no version of clip_candidate",
    ),
    "the work is published": ("finetune_clip", "published", Status.PUBLISHED, "holds this work"),
    "an input is newer": ("finetune_clip", "newer", Status.TO_DO, "input labelled_covers is v2"),
    "rows could not be fetched": ("ingest_covers", "retriable", Status.RETRIABLE, "lacks 2 covers"),
    "all rows were fetched": ("ingest_covers", "published", Status.PUBLISHED, "holds this work"),
    "no decision yet": ("evaluate_clip", "published", Status.UNDECIDED, "no decision on it"),
    "decided": ("evaluate_clip", "decided", Status.PUBLISHED, "holds this work"),
    "decided for nothing": ("evaluate_clip", "stale", Status.SUPERSEDED, "does not count"),
}


@pytest.mark.parametrize("case", CASES)
def test_each_case_has_its_status_and_a_reason(store, defaults, case):
    name, state, status, reason = CASES[case]
    if state != "nothing":
        input_of(store, *STEPS[name].reads)
    if state not in ("nothing", "inputs"):
        plan = plan_step(STEPS[name], store, defaults, NOW)
        version = publish(store, plan, **({"retriable": 2} if state == "retriable" else {}))
        if state in ("decided", "stale"):
            decide(store, version, "stale" if state == "stale" else "not_better")
    if state == "newer":
        store.draft(STEPS[name].reads[0], "v2").publish(facts=least_facts(STEPS[name].reads[0]))
    result = work(store, name, defaults)
    assert result.status is status
    assert reason in result.reason
    assert result.needs_job == (status in (Status.TO_DO, Status.RETRIABLE, Status.SUPERSEDED))
    assert result.is_current == (status is Status.PUBLISHED)
    assert (result.plan is None) == (status is Status.MISSING_INPUT)
    assert (result.version is None) == (status in (Status.MISSING_INPUT, Status.TO_DO))


STATES = st.dictionaries(
    st.sampled_from(list(STEPS)),
    st.sampled_from(["published", "retriable", "old inputs", "stale", "decided"]),
)


@settings(max_examples=25, deadline=None)
@given(states=STATES)
def test_the_command_line_calls_a_chain_current_when_no_dag_run_would_change_it(
    states, tmp_path_factory
):
    store = store_in_memory()
    source = tmp_path_factory.getbasetemp() / "listing.csv"
    source.write_text("a source")
    named = {name: {"source": str(source)} for name in ("ingest_catalog", "ingest_covers")}
    defaults = TeamDefaults(**named)
    for name, state in states.items():
        plan = plan_step(STEPS[name], store, defaults, NOW)
        if not hasattr(plan, "inputs"):
            continue
        version = publish(store, plan, **({"retriable": 1} if state == "retriable" else {}))
        if STEPS[name].promotes_to and state in ("stale", "decided"):
            decide(store, version, "stale" if state == "stale" else "not_better")
        if state == "old inputs":
            input_of(store, *(kind for kind in STEPS[name].reads if store.newest(kind) is None))
    triggered = []
    for minute in range(1, 3 * len(STEPS)):
        behind = [
            n
            for n in STEPS
            if _needs_trigger(work(store, n, defaults), n in triggered, n in triggered)
        ]
        if not behind:
            break
        before = set(store.client.objects)
        run_dag(store, behind[0], defaults, LATER.replace(minute=minute))
        assert set(store.client.objects) != before, "a run that is triggered changes something"
        triggered.append(behind[0])
    assert behind == [], "each step is triggered until its work is done"
    before = set(store.client.objects)
    for name in STEPS:
        run_dag(store, name, defaults, LATER.replace(hour=1))
    assert set(store.client.objects) == before, "and then no DAG run has anything to do"


def test_a_version_that_is_named_is_read_instead_of_the_one_in_use(store):
    input_of(store, "covers")
    for version in ("v1", "v2"):
        facts = least_facts("genre_classifier", champion="v1")
        store.draft("genre_classifier", version).publish(facts=facts)
    assert work(store, "label_covers").plan.inputs["genre_classifier"] == "v1"
    named = work(store, "label_covers", genre_classifier_version="v2")
    assert named.plan.inputs["genre_classifier"] == "v2"
    with pytest.raises(BadInputError, match="genre_classifier/v9 is not published"):
        work(store, "label_covers", genre_classifier_version="v9")


def test_a_step_without_its_source_says_which_parameter_to_set(store):
    with pytest.raises(BadInputError, match="ingest_catalog has no source: set the parameter"):
        work(store, "ingest_catalog")


def test_a_training_is_the_same_work_however_it_is_run(store):
    input_of(store, "labelled_covers")
    operational = {"processes": 4, "micro_batch": 8, "checkpoint_steps": 3, "keep_checkpoints": 9}
    plain = work(store, "finetune_clip").plan
    assert work(store, "finetune_clip", **operational).plan.digest == plain.digest
    assert work(store, "finetune_clip", epochs=3).plan.digest != plain.digest


def test_a_training_from_the_champion_is_new_work_unless_it_made_that_champion(store):
    input_of(store, "labelled_covers")
    first = work(store, "finetune_clip", model="champion").plan
    assert first.inputs == {"labelled_covers": "v1"}, "there is none yet"
    candidate = publish(store, first)
    store.draft("cover_clip", "v7").publish(parents={"clip_candidate": candidate.version})
    promoted = work(store, "finetune_clip", model="champion")
    assert promoted.plan.inputs["cover_clip"] == "v7"
    assert promoted.plan.digest != first.digest
    assert (promoted.status, promoted.version) == (Status.PUBLISHED, candidate)
    assert work(store, "finetune_clip", model="champion", epochs=3).status is Status.TO_DO


def test_files_that_a_parameter_names_are_part_of_the_work(store, tmp_path):
    input_of(store, "labelled_covers")
    weights = tmp_path / "weights"
    weights.write_text("one")
    publish(store, before := work(store, "finetune_clip", model=str(weights)).plan)
    weights.write_text("two")
    changed = work(store, "finetune_clip", model=str(weights))
    assert changed.plan.digest != before.digest
    assert f"content of '{weights}' changed" in changed.reason


def test_all_that_made_work_new_is_named(store):
    input_of(store, "labelled_covers")
    plan = work(store, "finetune_clip").plan
    other = {"epochs": 99, "processes": 9}
    plan_before = plan.model_copy(
        update={
            "version": version_name(NOW, "f" * 12),
            "parameters": plan.parameters | other,
            "code": "another",
            "modules": plan.modules | {"dustjacket.clip.train": "another", "dustjacket.gone": "x"},
            "inputs": {"labelled_covers": "v0"},
        }
    )
    before = publish(store, plan_before)
    assert changes_since(plan, before) == [
        "input labelled_covers is v1, was v0",
        "parameter epochs is 10, was 99",
        "code of dustjacket.clip.train changed",
        "code of dustjacket.gone changed",
    ]
    reason = work(store, "finetune_clip").reason
    assert reason.startswith(f"since {before.version}: input labelled_covers is v1")
    assert reason.endswith("; and 1 more")


def test_parameters_that_have_gone_make_no_work_new(store):
    input_of(store, "clip_candidate")
    plan = work(store, "evaluate_clip").plan
    gone = plan.parameters | {"match_cover": "", "match_prompts": []}
    before = publish(store, plan.model_copy(update={"parameters": gone}))
    assert changes_since(plan, before) == []
