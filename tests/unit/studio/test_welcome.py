"""What the page shows first."""

from datetime import UTC, datetime

import pytest

from dustjacket.pipeline.kinds import Kind
from dustjacket.studio.welcome import examples, trained_on
from tests.support.bucket import store_in_memory
from tests.support.facts import least_facts
from tests.support.studio_case import loaded_classifier, loaded_index


@pytest.fixture
def store():
    return store_in_memory()


def published(store, source):
    catalog, _ = store.draft(Kind.CATALOG, "c").publish(
        facts=least_facts(Kind.CATALOG), source=source
    )
    classifier, _ = store.draft(Kind.GENRE_CLASSIFIER, "g").publish(
        facts=least_facts(Kind.GENRE_CLASSIFIER, genres=["a", "b"]),
        parents={Kind.CATALOG: catalog.version},
        rows={"train": 2050},
    )
    return classifier


def test_the_line_names_books_file_genres_and_day(store):
    line = trained_on(store, published(store, "s3://library/lists/books.csv"))
    today = datetime.now(UTC).strftime("%d %B %Y")
    assert line.startswith(
        f"The genre classifier learnt from 2,050 books of books.csv, in 2 genres, on {today}."
    )


def test_the_line_does_without_a_catalogue_that_is_gone(store):
    classifier = published(store, "books.csv")
    store.client.objects = {
        key: o for key, o in store.client.objects.items() if "catalog/" not in key
    }
    assert "from 2,050 books, in 2 genres" in trained_on(store, classifier)


def test_examples_are_books_that_the_classifier_gets_right_one_of_a_genre(monkeypatch):
    index = loaded_index().index
    books = [
        ("Rice", "Ann Lee", "Cooking"),
        ("Rice again", None, "cooking"),
        ("Paris", "King", "Travel, Trips"),
        ("Rice in disguise", None, "Travel & Trips"),
    ]
    monkeypatch.setattr(type(index), "categorised", lambda *_: books)
    found = examples(loaded_classifier(), loaded_index())
    assert {(book.title, book.author) for book in found} <= {
        ("Rice", "Ann Lee"), ("Rice again", None), ("Paris", "King"),
    }  # fmt: skip
    assert len(found) == 2


def test_without_a_classifier_or_covers_there_are_none():
    assert examples(None, loaded_index()) == examples(loaded_classifier(), None) == []


def test_covers_with_a_category_are_taken_from_all_over_the_index():
    assert len(loaded_index().index.categorised(7)) == 7
    title, _, category = loaded_index().index.categorised(1000)[0]
    assert title
    assert category
