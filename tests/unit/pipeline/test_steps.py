"""The chain is the design's, and a plan's digest stands for inputs, parameters and code."""

from datetime import UTC, datetime

import pytest

from dustjacket.errors import BadInputError
from dustjacket.pipeline.steps import IN_USE, STEPS, code_digest, in_use, plan_step, published
from dustjacket.pipeline.team_defaults import Profile
from dustjacket.storage.manifest import digest_of, version_name
from tests.support.bucket import store_in_memory


def test_every_input_is_published_by_a_step():
    published = {step.publishes for step in STEPS.values()} | {"cover_clip"}
    assert {
        kind for step in STEPS.values() for kind in step.reads + step.reads_if_there
    } <= published


def test_every_step_names_code_that_is_there():
    digests = {step.packages: code_digest(step.packages) for step in STEPS.values()}
    assert len(set(digests.values())) == len(digests)
    assert code_digest(()) not in digests.values()


def test_version_names_sort_by_time_whatever_the_digest():
    early = version_name(datetime(2026, 1, 2, 3, 4, 5, 6, UTC), "ffffffffffff")
    late = version_name(datetime(2026, 1, 2, 3, 4, 5, 7, UTC), "000000000000")
    assert early == "20260102T030405000006Z-ffffffffffff"
    assert early < late


def test_a_digest_does_not_depend_on_the_order_of_keys():
    assert digest_of({"a": 1, "b": [2]}) == digest_of({"b": [2], "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})


def test_covers_are_labelled_by_the_champion_until_a_classifier_beats_it():
    store = store_in_memory()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    store.draft("covers", "v1").publish()
    store.draft("genre_classifier", "v1").publish(facts={IN_USE: "v1"})
    store.draft("genre_classifier", "v2").publish(facts={IN_USE: "v1"})
    plan = plan_step(STEPS["label_covers"], store, Profile(), now)
    assert plan.inputs == {"covers": "v1", "genre_classifier": "v1"}
    store.draft("genre_classifier", "v3").publish(facts={IN_USE: "v3"})
    assert in_use(store, "genre_classifier").version == "v3"
    asked = {"genre_classifier_version": "v2"}
    plan = plan_step(STEPS["label_covers"], store, Profile(), now, asked)
    assert plan.inputs["genre_classifier"] == "v2"


def test_a_training_is_the_same_work_however_it_is_run():
    store, now = store_in_memory(), datetime(2026, 1, 1, tzinfo=UTC)
    store.draft("labelled_covers", "v1").publish()

    def planned(**given):
        return plan_step(STEPS["finetune_clip"], store, Profile(), now, given)

    how = {"processes": 4, "micro_batch": 8, "checkpoint_steps": 3, "keep_checkpoints": 9}
    assert planned(**how).digest == planned().digest
    assert planned(epochs=3).digest != planned().digest
    with pytest.raises(BadInputError, match="batch_size=128 is no multiple of processes=3"):
        planned(processes=3)


def test_a_training_from_the_champion_is_other_work_with_another_champion(tmp_path):
    store, now = store_in_memory(), datetime(2026, 1, 1, tzinfo=UTC)
    store.draft("labelled_covers", "v1").publish()

    def planned(model, **given):
        given = {"model": model, **given}
        return plan_step(STEPS["finetune_clip"], store, Profile(), now, given)

    first = planned("champion")
    assert first.inputs == {"labelled_covers": "v1"}, "there is none yet"
    store.draft("cover_clip", "v7").publish(parents={"clip_candidate": "c1"})
    second = planned("champion")
    assert second.inputs["cover_clip"] == "v7"
    assert second.digest != first.digest
    made = {"parameters": second.parameters, "parents": first.inputs}
    store.draft("clip_candidate", "c1").publish(**made)
    assert published(second, store).version == "c1", "a promotion calls for no other training"
    assert published(planned("champion", epochs=3), store) is None
    (tmp_path / "weights").write_text("one")
    before = planned(str(tmp_path)).digest
    (tmp_path / "weights").write_text("two")
    assert planned(str(tmp_path)).digest != before
