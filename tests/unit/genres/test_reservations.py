"""Books whose rights holder reserves text and data mining are known by ISBN, title and author."""

import io

import pandas as pd
import pytest

from dustjacket.errors import MissingVersionError
from dustjacket.genres.reservations import may_train, reserved_books
from dustjacket.pipeline.kinds import Kind
from dustjacket.splits import book_group
from tests.support.bucket import store_in_memory
from tests.support.facts import least_facts
from tests.support.listings import ingest, store_in

CATALOG = "20260101T000000Z-0123456789ab"
CLASSIFIER = "20260102T000000Z-0123456789ab"
BOOKS = pd.DataFrame(
    {
        "title": ["Emma", "Dune", "Ubik"],
        "author": ["Jane Austen", "Frank Herbert", None],
        "isbn13": ["9780141439587", "9780441013593", None],
        "training": [False, True, False],
    }
)


@pytest.fixture
def store():
    return store_in_memory()


def published(store, books):
    draft = store.draft(Kind.CATALOG, CATALOG)
    table = io.BytesIO()
    books.to_parquet(table, index=False)
    draft.put("books/part.parquet", table.getvalue())
    draft.publish(schema=dict.fromkeys(books.columns, "?"), facts=least_facts(Kind.CATALOG))
    return classifier(store, {Kind.CATALOG: CATALOG})


def classifier(store, parents):
    draft = store.draft(Kind.GENRE_CLASSIFIER, CLASSIFIER)
    return draft.publish(parents=parents, facts=least_facts(Kind.GENRE_CLASSIFIER))[0]


def test_the_reserved_books_of_a_listing(store):
    assert reserved_books(store, published(store, BOOKS)) == {
        "9780141439587", book_group("Emma", "Jane Austen"), book_group("Ubik", None),
    }  # fmt: skip


def test_a_listing_of_an_earlier_release_reserves_nothing(store):
    old = BOOKS[["title", "author"]]
    assert reserved_books(store, published(store, old)) == frozenset()


def test_a_listing_that_is_gone_is_no_permission(store):
    with pytest.raises(MissingVersionError):
        reserved_books(store, classifier(store, {Kind.CATALOG: CATALOG}))


def test_a_cover_is_reserved_by_its_own_row_its_isbn_or_its_title_and_author():
    covers = pd.DataFrame(
        {
            "title": ["EMMA", "Emma: Deluxe", "Dune", "Ubik"],
            "author": ["Austen, Jane", "J. Austen", "Frank Herbert", "Philip K. Dick"],
            "isbn13": [None, "9780141439587", None, None],
            "training": [True, True, True, False],
        }
    )
    reserved = frozenset({"9780141439587", book_group("Emma", "Jane Austen")})
    assert list(may_train(covers, reserved)) == [False, False, True, False]
    assert list(may_train(covers)) == [True, True, True, False]


def test_rows_of_earlier_releases_may_be_trained_on():
    covers = pd.DataFrame({"title": ["Emma"], "author": ["Jane Austen"]})
    assert list(may_train(covers)) == [True]
    assert list(may_train(covers.assign(training=None))) == [True]


def test_a_reservation_in_a_listing_keeps_a_cover_from_elsewhere_from_training(tmp_path):
    listing = tmp_path / "l.csv"
    listing.write_text(
        "title,author,genre,isbn,tdm_reservation\n"
        "Emma,Jane Austen,Fiction,9780141439587,1\n"
        "Dune,Frank Herbert,Fiction,9780441013593,0\n"
        "Ubik,Philip K. Dick,Fiction,,1\n"
    )
    store = store_in(tmp_path)
    covers = pd.DataFrame(
        {
            "title": ["Emma", "Dune", "UBIK", "Valis"],
            "author": ["Jane Austen", "Frank Herbert", "Dick, Philip K.", None],
            "isbn13": ["9780141439587", None, None, None],
            "training": True,
        }
    )

    def allowed(**parameters):
        published = ingest(listing, store, **parameters)
        assert len(published.books) == 3
        parents = {Kind.CATALOG: published.manifest.version}
        facts = least_facts(Kind.GENRE_CLASSIFIER)
        draft = store.draft(Kind.GENRE_CLASSIFIER, published.manifest.version)
        reserved = reserved_books(store, draft.publish(parents=parents, facts=facts)[0])
        return published.manifest, list(may_train(covers, reserved))

    manifest, found = allowed()
    assert found == [False, True, False, True]
    assert manifest.facts["profile"]["reserved"] == 2
    manifest, found = allowed(ignore_reservation_reason="licence of May")
    assert found == [True] * 4
    assert manifest.parameters["ignore_reservation_reason"] == "licence of May"
    assert allowed(rights_holder="own")[1] == [True] * 4
