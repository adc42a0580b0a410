"""Tombstones: what was erased is recognised in any spelling, and not named."""

import pytest

from dustjacket.records.erased import (
    NOTHING,
    Erased,
    bury,
    discard_sources,
    erased_key,
    read_erased,
)
from dustjacket.sources.files import stage
from dustjacket.sources.find import stage_tables
from dustjacket.sources.roots import allow
from dustjacket.splits import strict_key
from tests.support.bucket import store_in_memory


@pytest.fixture
def store():
    return store_in_memory()


def test_nothing_is_erased_before_any_request(store):
    assert read_erased(store) == NOTHING
    assert not NOTHING.has_book("Emma", "Jane Austen", "9780141439587")
    erased_key(store)
    assert read_erased(store) == NOTHING


def test_tombstones_are_read_back_and_hold_no_name(store):
    made = Erased(erased_key(store))
    bury(store, [made.name("author", "jane austen"), made.name("isbn", "9780141439587")], "ada")
    erased = read_erased(store)
    assert len(erased.names) == 2
    assert erased.has_book("Emma", "Austen, Jane", None)
    assert erased.has_book("Any", None, "9780141439587")
    assert erased.has_book("Tales", "Ed Hall", None, ["Jane Austen"])
    assert not erased.has_book("Emma", "Jane Doe", None)
    stored = repr(store.client.objects).lower()
    assert not [text for text in ("austen", "9780141439587") if text in stored]


def test_a_book_is_recognised_in_all_its_editions(store):
    made = Erased(erased_key(store))
    bury(store, [made.name("book", strict_key("Emma", "Jane Austen"))], "ada")
    erased = read_erased(store)
    assert erased.has_book("EMMA (Large Print)", "Austen, Jane", None)
    assert not erased.has_book("Persuasion", "Jane Austen", None)


def test_hashes_of_two_buckets_have_nothing_in_common(store):
    here, there = Erased(erased_key(store)), Erased(erased_key(store_in_memory()))
    assert erased_key(store) == here.key
    assert here.name("isbn", "1") != there.name("isbn", "1")


@pytest.mark.parametrize("erased", [False, True])
def test_copies_of_what_was_read_go_if_anything_is_erased(tmp_path, monkeypatch, erased):
    monkeypatch.setenv("DUSTJACKET_HOME", str(tmp_path / "home"))
    store, folder, more = store_in_memory(), tmp_path / "source", tmp_path / "more"
    for each in (store.settings.home, folder, more):
        each.mkdir()
        (each / "books.csv").write_text(f"title,author\n{each.name},Jane Austen\n")
        (each / "other.pdf").write_bytes(b"%PDF")
        allow(str(each), store.settings)
    if erased:
        bury(store, [Erased(erased_key(store)).name("isbn", "9780141439587")], "ada")
    staged = stage(str(folder), store, lambda _: True)
    stage_tables(str(more), store)
    discard_sources(staged, ["", str(more)], store)
    assert len(list(store.keys("sources/"))) == (0 if erased else 3)


def test_the_digest_changes_with_each_tombstone(store):
    made = Erased(erased_key(store))
    digests = {read_erased(store).digest}
    for person in ("ann lee", "bo lee"):
        bury(store, [made.name("author", person)], "ada")
        digests.add(read_erased(store).digest)
    assert len(digests) == 3
