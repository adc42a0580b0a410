"""The champion by the ledger's records, and the target of a rollback."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.errors import BadInputError, CorruptVersionError
from dustjacket.pipeline.families import CLIP, GENERATOR
from dustjacket.promotion.ledger import (
    Ledger,
    LedgerRecord,
    next_timestamp,
    of_family,
    origin,
    previous_champion,
    rollback_target,
    serving,
)
from tests.conftest import ROOT
from tests.support.bucket import store_in_memory

START = datetime(2026, 1, 1, tzinfo=UTC)


def record(number, action, model, came_before, to=None):
    return LedgerRecord(
        number=number,
        at=START + timedelta(days=number),
        attempt="attempt-0",
        action=action,
        verdict=action,
        who="someone",
        why="because",
        from_=came_before,
        to=to,
        model=model,
    )


def promoted(records, model):
    to = f"cover_clip/{len(records) + 1}"
    now = serving(records)
    return [
        *records,
        record(len(records) + 1, "promoted", model, now.to if now else "starting_clip/s", to),
    ]


def generators_promoted(records, count):
    """Return the records, followed by promotions of ``count`` generators."""
    before = None
    for _ in range(count):
        number = len(records) + 1
        to = f"cover_generator/{number}"
        model = f"generator_candidate/{number}"
        records, before = [*records, record(number, "promoted", model, before, to)], to
    return records


def refused(records, model):
    now = serving(records)
    return [*records, record(len(records) + 1, "refused", model, now and now.to)]


def rolled_back(records, model):
    to = f"cover_clip/{len(records) + 1}"
    return [*records, record(len(records) + 1, "rolled_back", model, serving(records).to, to)]


def test_what_served_at_a_time_is_what_was_last_promoted_or_rolled_back_by_then():
    records = rolled_back(
        refused(promoted([], "clip_candidate/a"), "clip_candidate/b"), "starting_clip/s"
    )
    assert serving(records, START) is None
    assert serving(records, records[0].at).to == "cover_clip/1"
    assert serving(records, records[1].at).to == "cover_clip/1", "a refusal changes nothing"
    assert serving(records, records[2].at - timedelta(microseconds=1)).to == "cover_clip/1"
    assert serving(records).to == "cover_clip/3"
    assert serving([]) is None


def test_rolling_back_again_and_again_goes_further_back_and_never_forth():
    records = promoted(
        promoted(promoted([], "clip_candidate/a"), "clip_candidate/b"), "clip_candidate/c"
    )
    gone_back_to = []
    while (model := previous_champion(records)) is not None:
        gone_back_to.append(model)
        records = rolled_back(records, model)
    assert gone_back_to == ["cover_clip/2", "cover_clip/1", "starting_clip/s"]


def test_after_a_rollback_a_promotion_goes_back_to_the_model_that_was_brought_back():
    records = promoted(promoted([], "clip_candidate/a"), "clip_candidate/b")
    records = promoted(rolled_back(records, "cover_clip/1"), "clip_candidate/c")
    assert records[-1].from_ == "cover_clip/3"
    assert previous_champion(records) == origin(records, "cover_clip/3") == "cover_clip/1"


def test_nothing_came_before_the_first():
    assert previous_champion([]) is None
    assert previous_champion(refused([], "clip_candidate/a")) is None


@given(st.lists(st.sampled_from(["promote", "refuse", "back"]), max_size=12))
def test_rolling_back_always_ends_at_the_starting_weights(steps):
    records = []
    for step in steps:
        if step == "promote":
            records = promoted(records, f"clip_candidate/{len(records)}")
        elif step == "refuse":
            records = refused(records, f"clip_candidate/{len(records)}")
        elif model := previous_champion(records):
            records = rolled_back(records, model)
    model = None
    while found := previous_champion(records):
        model = found
        records = rolled_back(records, found)
        assert len(records) < 50
    if model is None:
        assert serving(records) is None or origin(records, serving(records).to) == "starting_clip/s"
    else:
        assert model == "starting_clip/s"


def test_time_never_goes_back_where_a_clock_was_ahead():
    ahead = datetime.now(UTC) + timedelta(hours=1)
    late = [promoted([], "clip_candidate/a")[0].model_copy(update={"at": ahead})]
    assert next_timestamp(late) > ahead
    assert abs(next_timestamp([]) - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_record_of_an_earlier_release_is_read():
    store, name = store_in_memory(), "00000001.json"
    golden = (ROOT / "tests/golden/release-1/ledger" / name).read_bytes()
    store.client.objects[f"ledger/{name}"] = golden
    [record] = Ledger(store).records()
    assert json.loads(record.model_dump_json(by_alias=True)) == json.loads(golden)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b'{"format": 2}', "ledger/00000001.json has format 2, .* reads 1: install the release"),
        (b"[]", "ledger/00000001.json is no JSON object: restore it"),
        (b"{", "ledger/00000001.json is no JSON object: restore it"),
        (b"{}", "ledger/00000001.json is no record of the ledger: Field required; restore it"),
    ],
)
def test_what_is_no_readable_record_is_refused_in_one_line_with_the_cure(text, problem):
    store = store_in_memory()
    store.client.objects["ledger/00000001.json"] = text
    with pytest.raises(CorruptVersionError, match=problem) as caught:
        Ledger(store).records()
    assert "\n" not in str(caught.value)


def test_one_ledger_has_the_decisions_of_each_family_and_none_sees_those_of_another():
    clips = promoted(promoted([], "clip_candidate/a"), "clip_candidate/b")
    records = generators_promoted(clips, 2)
    records = [
        *records,
        record(5, "rolled_back", "starting_clip/s", "cover_clip/2", "cover_clip/5"),
    ]
    generators = of_family(records, GENERATOR)
    assert serving(of_family(records, CLIP)).to == "cover_clip/5"
    assert serving(generators).to == "cover_generator/4"
    assert [one.number for one in generators] == [3, 4]
    assert rollback_target(generators, None) == ("cover_generator/4", "cover_generator/3")
    with pytest.raises(BadInputError, match="nothing served before cover_generator/3"):
        rollback_target(generators[:1], None)
