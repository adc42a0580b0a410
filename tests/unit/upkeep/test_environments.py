"""What is in use, and what was erased, where versions come from another environment."""

import io

import pandas as pd
import pytest

from dustjacket.errors import BadInputError, CorruptVersionError
from dustjacket.pipeline.kinds import Kind
from dustjacket.promotion.transfers import transfers
from dustjacket.upkeep.environments import send
from dustjacket.upkeep.forget import forget
from tests.support.bucket import store_in_memory
from tests.support.facts import least_facts

BOOKS = pd.DataFrame(
    {
        "title": ["Nightfall", "Emma's Lantern"],
        "author": ["Ada Stern", "Zebulon Quist"],
        "file": "listing.csv",
        "position": [0, 1],
    }
)
NAMES = [f"2026010{day}T000000000000Z-aaaaaaaaaaaa" for day in range(1, 10)]


def environment(name):
    store = store_in_memory()
    store.settings = store.settings.for_environment(name)
    store.bucket = store.settings.bucket
    return store


@pytest.fixture
def staging():
    return environment("staging")


@pytest.fixture
def production():
    return environment("production")


def publish(store, kind, version, parents=(), body=b"x"):
    draft = store.draft(kind, version)
    draft.put("a", body)
    draft.put("books/part-0.parquet", BOOKS.to_parquet())
    named = {parent.kind: parent.version for parent in parents}
    facts = least_facts(kind)
    return draft.publish(facts=facts, parents=named, rows={"accepted": len(BOOKS)})[0]


def catalog_and_labels(store):
    catalog = publish(store, Kind.CATALOG, NAMES[4])
    return catalog, publish(store, Kind.LABELLED_CATALOG, NAMES[5], [catalog])


def erase(store):
    lines = []
    forget(store, "Quist, Zebulon", "ada", lines.append, apply=True)
    return lines


def titles(store, manifest):
    there = store.manifest(manifest.kind, manifest.version)
    table = store.read(there, "books/part-0.parquet")
    return list(pd.read_parquet(io.BytesIO(table))["title"])


def promote(source, target, manifest):
    return send(source, target, manifest.kind, manifest.version, who="ann")


@pytest.mark.parametrize("last", [1, 2, 3])
def test_what_is_in_use_there_stays_so_through_an_interruption_and_a_repeat(
    staging, production, monkeypatch, last
):
    theirs = publish(production, Kind.CATALOG, NAMES[0], body=b"theirs")
    old = publish(production, Kind.LABELLED_CATALOG, NAMES[1], body=b"old")
    _, labels = catalog_and_labels(staging)
    put, seen = production.client.put_object, []

    def interrupted(**call):
        if call["Key"].endswith(".json"):
            seen.append(call["Key"])
            if len(seen) == last + 1:
                raise KeyboardInterrupt
        put(**call)
        assert production.newest(Kind.CATALOG) == theirs, "at every moment"

    monkeypatch.setattr(production.client, "put_object", interrupted)
    with pytest.raises(KeyboardInterrupt):
        promote(staging, production, labels)
    assert production.newest(Kind.LABELLED_CATALOG).version == (
        labels.version if last == 3 else old.version
    )
    promote(staging, production, labels)
    assert production.newest(Kind.CATALOG) == theirs
    assert production.newest(Kind.LABELLED_CATALOG).version == labels.version
    assert len(transfers(production)) == 1
    before = len(production.client.objects)
    promote(staging, production, labels)
    assert len(production.client.objects) == before, "a repeat adds nothing"


def test_what_is_in_use_later_there_stays_at_a_repeat(staging, production):
    publish(production, Kind.CATALOG, NAMES[0])
    _, labels = catalog_and_labels(staging)
    promote(staging, production, labels)
    later = publish(production, Kind.CATALOG, "29990101T000000000000Z-bbbbbbbbbbbb")
    promote(staging, production, labels)
    assert production.newest(Kind.CATALOG) == later


def test_an_erased_book_does_not_come_back_from_another_environment(staging, production):
    catalog, labels = catalog_and_labels(staging)
    promote(staging, production, catalog)
    erase(production)
    held = dict(production.client.objects)
    with pytest.raises(BadInputError, match="1 row of what was erased in environment production"):
        promote(staging, production, labels)
    assert production.client.objects == held, "nothing was copied"
    erase(staging)
    promote(staging, production, labels)
    for manifest in (catalog, labels):
        assert titles(production, manifest) == ["Nightfall"]


def test_what_was_erased_in_both_environments_keeps_its_own_files(staging, production):
    catalog, _ = catalog_and_labels(staging)
    promote(staging, production, catalog)
    erase(production)
    own = production.manifest(Kind.CATALOG, catalog.version)
    erase(staging)
    assert staging.manifest(Kind.CATALOG, catalog.version).attempt != own.attempt
    newer = publish(staging, Kind.LABELLED_CATALOG, NAMES[6], [catalog])
    erase(staging)
    sizes = []
    send(staging, production, newer.kind, newer.version, who="ann",
         progress=lambda _, done, total: sizes.append((done, total)))  # fmt: skip
    assert production.manifest(Kind.CATALOG, catalog.version) == own
    assert production.newest(Kind.LABELLED_CATALOG).version == newer.version
    assert sizes[-1][0] == sizes[-1][1]


def test_what_was_erased_here_only_is_refused_with_the_cure(staging, production):
    catalog, labels = catalog_and_labels(staging)
    promote(staging, production, catalog)
    erase(staging)
    with pytest.raises(CorruptVersionError, match="`dustjacket forget` in environment production"):
        promote(staging, production, labels)
    erase(production)
    promote(staging, production, labels)
    assert titles(production, labels) == titles(production, catalog) == ["Nightfall"]


def test_another_version_of_the_name_is_refused_where_both_environments_erased(staging, production):
    catalog, _ = catalog_and_labels(staging)
    publish(production, Kind.CATALOG, catalog.version, body=b"another")
    erase(staging)
    erase(production)
    with pytest.raises(CorruptVersionError, match=r"has another catalog/.*: nothing is replaced"):
        promote(staging, production, catalog)
