import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dustjacket.errors import BadInputError
from dustjacket.typesetting.book import Book, checked_book, clean_text


def test_texts_are_normalised_and_isbns_converted():
    book = Book("  The\u00a0 Moon\n\tPool ", author="Cafe\u0301", isbn="0-552-13106-7")
    assert (book.title, book.author, book.isbn) == ("The Moon Pool", "Caf\u00e9", "9780552131063")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"title": ""}, "title: it should have at least 1 character"),
        ({"title": "x" * 500}, "title: it should have at most 200 characters"),
        ({"title": "a\x07b"}, "title: character U+0007 cannot be typeset"),
        ({"title": "a\u202eb"}, "title: character U+202E cannot be typeset"),
        ({"title": "a", "author": "\ud800"}, "author: "),
        ({"title": "a", "isbn": "9780552131060"}, "isbn: no valid ISBN"),
        ({"title": "   "}, "title: it has no text"),
    ],
)
def test_a_text_that_cannot_be_set_is_named_in_one_line(texts, message):
    with pytest.raises(BadInputError) as error:
        checked_book(**texts)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@given(st.text(max_size=220))
def test_whatever_is_accepted_is_a_fixed_point(title):
    try:
        book = Book(title)
    except ValidationError:
        return
    assert 1 <= len(book.title) <= 200
    assert clean_text(book.title) == book.title
