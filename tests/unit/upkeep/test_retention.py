"""Nothing that is needed is removed, nothing is half removed, and the bucket stays small."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.pipeline.kinds import Kind
from dustjacket.upkeep.inventory import pin, unpin
from dustjacket.upkeep.retention import plan_retention, remove
from tests.support.histories import History

KEEP = 2


def collect(history, keep=KEEP):
    plan = plan_retention(history.store, keep, history.now)
    remove(history.store, plan.removals, lambda _: None)
    return plan


def names(plan):
    return {removal.what for removal in plan.removals}


def newest(history):
    return {kind: history.store.newest_named(kind) for kind in Kind}


def test_the_newest_of_each_kind_and_what_they_were_made_of_stay():
    history = History()
    for _ in range(6):
        history.week()
    before, served = history.whole(), newest(history)
    plan = collect(history)
    assert newest(history) == served
    left = history.whole()
    assert left < before
    assert {kind for kind, _ in left} == {kind for kind, _ in before}
    for kind in ("catalog", "covers", "labelled_covers", "clip_candidate", "cover_index"):
        assert len([name for name in left if name[0] == kind]) == KEEP
    assert plan.removed_bytes == sum(removal.size for removal in plan.removals) > 0


def test_a_second_removal_finds_nothing():
    history = History()
    for _ in range(5):
        history.week()
    collect(history)
    assert plan_retention(history.store, KEEP, history.now).removals == []


def test_a_dry_plan_changes_nothing_and_knows_what_would_stay():
    history = History()
    for _ in range(5):
        history.week()
    before = history.keys
    plan = plan_retention(history.store, KEEP, history.now)
    assert history.keys == before
    remove(history.store, plan.removals, lambda _: None)
    assert plan.kept_bytes == sum(map(len, history.bucket.objects.values()))


def test_a_champion_serves_when_its_candidate_is_gone():
    history = History()
    history.week()
    champion = history.store.newest(Kind.COVER_CLIP)
    for _ in range(8):
        history.week(promoted=False)
    collect(history)
    kept = history.whole()
    assert ("cover_clip", champion.version) in kept
    assert ("clip_candidate", champion.parents["clip_candidate"]) not in kept
    assert history.store.newest(Kind.COVER_CLIP) == champion
    assert ("labelled_covers", champion.parents["labelled_covers"]) in kept, "its leaks are found"


def test_what_training_started_from_stays_though_only_facts_name_it():
    history = History()
    history.week()
    champion = history.store.newest(Kind.COVER_CLIP)
    for _ in range(8):
        history.week(promoted=False)
    collect(history)
    assert ("starting_clip", champion.facts["starting_clip"]) in history.whole()


def test_an_earlier_champion_that_training_started_from_keeps_its_weights_alone():
    history = History()
    data = history.publish("labelled_covers")
    first = history.publish("cover_clip", {"labelled_covers": data})
    history.decide("c", "e", first)
    for _ in range(6):
        history.wait(days=7)
        newer = history.publish("labelled_covers")
        candidate = history.publish(
            "clip_candidate", {"cover_clip": first, "labelled_covers": newer}
        )
        history.decide(candidate, history.publish("evaluation"), history.publish("cover_clip"))
    history.wait(days=30)
    collect(history)
    assert ("cover_clip", first) in history.whole()
    assert ("labelled_covers", data) not in history.whole()


def test_a_version_that_is_back_in_use_stays_with_what_it_was_made_of():
    history = History()
    history.week()
    old = history.store.newest(Kind.LABELLED_COVERS)
    for _ in range(4):
        history.week()
    history.refer("labelled_covers", old.version)
    history.wait(days=30)
    collect(history)
    assert history.store.newest(Kind.LABELLED_COVERS) == old
    assert ("covers", old.parents["covers"]) in history.whole()


def test_what_is_pinned_read_by_a_job_or_waits_for_a_decision_stays():
    history = History()
    versions = [history.publish("covers") for _ in range(9)]
    labels = history.publish("labelled_covers", {"covers": versions[2]})
    waiting = history.publish("evaluation", {"labelled_covers": labels})
    for _ in range(4):
        history.publish("labelled_covers")
    history.wait(days=30)
    pin(history.store, "covers", versions[0], "ann")
    history.lease({"covers": versions[1]})
    collect(history)
    kept = {version for kind, version in history.whole() if kind == "covers"}
    assert kept == {*versions[:3], *versions[-2:]}
    assert ("evaluation", waiting) in history.whole()
    unpin(history.store, "covers", versions[0])
    history.wait(days=8)
    assert names(collect(history)) >= {f"covers/{versions[0]}", f"covers/{versions[1]}"}


def test_an_attempt_that_was_killed_goes_after_a_week_and_a_running_one_is_not_touched():
    history = History()
    version = history.publish("covers")
    history.put(f"covers/{version}/attempt-2/lost")
    history.put("covers/20260104T000000000000Z-000000000000/attempt-3/part-0")
    history.put("scratch/covers/v/attempt-3/table")
    history.wait(days=7, hours=1)
    history.put("covers/20260104T000000000000Z-000000000000/attempt-3/part-1")
    history.put("scratch/covers/v/attempt-3/table-2")
    assert names(collect(history)) == {f"covers/{version}/attempt-2"}
    history.wait(days=8)
    assert names(collect(history)) == {
        "covers/20260104T000000000000Z-000000000000/attempt-3",
        "scratch/covers/v/attempt-3",
    }
    assert history.whole() == {("covers", version)}


def test_checkpoints_go_after_a_week_unless_their_training_runs():
    history = History()
    for digest in ("aaaaaaaaaaaa", "bbbbbbbbbbbb"):
        key = f"clip_checkpoint/{digest}-000000010"
        version = history.publish("clip_checkpoint")
        for name in [key for key in history.keys if version in key]:
            body = history.bucket.objects.pop(name).replace(version.encode(), key[16:].encode())
            history.bucket.objects[name.replace(version, key[16:])] = body
    history.wait(days=8)
    history.lease({}, "bbbbbbbbbbbb")
    assert names(collect(history)) == {"clip_checkpoint/aaaaaaaaaaaa-000000010"}


def test_copies_of_sources_go_and_fetched_covers_of_a_source_in_use_stay():
    from dustjacket.covers.source import cache_prefix

    history = History()
    url, other = "https://a.example/covers.csv", "https://b.example/covers.csv"
    history.publish("covers", source=url)
    for address in (url, other):
        history.put(f"{cache_prefix(address)}originals/1.tar")
    history.put("sources/0123456789abcdef/file")
    history.wait(days=8)
    assert names(collect(history)) == {
        cache_prefix(other).rstrip("/"), "sources/0123456789abcdef"
    }  # fmt: skip


def test_a_version_whose_manifest_cannot_be_read_is_left_to_a_person():
    history = History()
    for version in [history.publish("covers") for _ in range(4)][:1]:
        history.bucket.objects[f"covers/{version}/manifest.json"] = b"{"
    history.wait(days=30)
    collect(history)
    assert f"covers/{version}/attempt-1/data" in history.keys


class CrashError(Exception):
    pass


@pytest.mark.parametrize("after", range(0, 60, 4))
def test_a_crash_leaves_no_version_half_removed_and_the_next_removal_ends_the_work(after):
    history = History()
    for _ in range(6):
        history.week()
    served = newest(history)
    plan = plan_retention(history.store, KEEP, history.now)
    delete, left = history.bucket.delete_object, after

    def interrupted(**call):
        nonlocal left
        if left == 0:
            raise CrashError
        left -= 1
        delete(**call)

    history.bucket.delete_object = interrupted
    with pytest.raises(CrashError):
        remove(history.store, plan.removals, lambda _: None)
    history.bucket.delete_object = delete
    history.whole()
    assert newest(history) == served
    collect(history)
    expected = History()
    for _ in range(6):
        expected.week()
    collect(expected)
    assert history.whole() == expected.whole()
    assert history.size == expected.size


KINDS = ("catalog", "covers", "labelled_covers", "clip_candidate", "evaluation", "cover_clip")
EVENTS = st.one_of(
    st.tuples(st.just("publish"), st.sampled_from(KINDS), st.integers(0, 9)),
    st.tuples(st.just("refer"), st.sampled_from(KINDS), st.integers(0, 9)),
    st.tuples(st.just("promote"), st.just("cover_clip"), st.integers(0, 9)),
    st.tuples(st.just("lease"), st.sampled_from(KINDS), st.integers(0, 9)),
    st.tuples(st.just("wait"), st.just(""), st.integers(0, 9)),
)


def play(history, events):
    """Play events; return the versions that jobs read at the end."""
    made = {kind: [] for kind in KINDS}
    leased = []
    for what, kind, which in events:
        others = {k: made[k][which % len(made[k])] for k in KINDS if k != kind and made[k]}
        if what == "publish":
            parents = {k: v for place, (k, v) in enumerate(others.items()) if which >> place & 1}
            made[kind].append(history.publish(kind, parents))
        elif what == "wait":
            history.wait(days=which)
        elif made[kind] and what == "refer":
            history.refer(kind, made[kind][which % len(made[kind])])
        elif made[kind] and what == "lease":
            version = made[kind][which % len(made[kind])]
            history.lease({kind: version})
            leased.append((kind, version, history.now))
        elif what == "promote" and made["clip_candidate"]:
            candidate = made["clip_candidate"][which % len(made["clip_candidate"])]
            champion = history.publish("cover_clip", {"clip_candidate": candidate})
            made["cover_clip"].append(champion)
            history.decide(candidate, "none", champion)
    return {(kind, v) for kind, v, at in leased if history.now - at <= timedelta(days=7)}


@settings(max_examples=40)
@given(st.lists(EVENTS, max_size=40), st.integers(1, 3))
def test_nothing_that_is_reached_is_ever_removed(events, keep):
    history = History()
    needed = {name for name in play(history, events) if name in history.whole()}
    before, served = history.whole(), newest(history)
    for kind, found in served.items():
        if found:
            needed.add((kind, found[1].version))
    queue = list(needed)
    while queue:  # all that they were made of, but what only an earlier champion was made of
        kind, version = queue.pop()
        if kind == "cover_clip" and version != served["cover_clip"][1].version:
            continue
        for parent in history.store.manifest(kind, version).parents.items():
            skipped = kind == "cover_clip" and parent[0] == "clip_candidate"
            if parent in before and parent not in needed and not skipped:
                needed.add(parent)
                queue.append(parent)
    collect(history, keep)
    assert needed <= history.whole()
    assert newest(history) == served


def test_three_years_of_weekly_runs_stay_below_seven_gigabytes():
    """In megabytes; to save time, the removal is every fourth week, which leaves more."""
    history, sizes, added = History(), [], 0
    for week in range(156):
        before = history.size
        history.week(promoted=week % 4 == 0)
        added += history.size - before
        if week % 4 == 3:
            sizes.append(history.size)
            collect(history, keep=8)
    assert added > 56_000
    assert max(sizes) < 7_000
    assert max(sizes[len(sizes) // 2 :]) <= max(sizes[: len(sizes) // 2]), "it levels off"
