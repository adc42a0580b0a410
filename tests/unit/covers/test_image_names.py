"""Names of images are titles, or the run says how to name them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.covers.image_names import books_of_names
from dustjacket.errors import BadInputError


@pytest.mark.parametrize(
    ("name", "title", "author"),
    [
        ("Emma - Jane Austen.jpg", "Emma", "Jane Austen"),
        ("1984 \u2013 George Orwell.jpg", "1984", "George Orwell"),
        ("Art/War - Peace - Ann Lee.jpg", "War - Peace", "Ann Lee"),
        ("The_Road_-_Cormac_McCarthy.jpg", "The Road", "Cormac McCarthy"),
        ("Spider-Man.jpg", "Spider-Man", ""),
        ("1984.jpg", "1984", ""),
        ("Verne, Jules/Five Weeks (12)/cover.jpg", "Five Weeks", "Verne, Jules"),
    ],
)
def test_a_name_or_the_folders_of_calibre_give_title_and_author(name, title, author):
    (book,) = books_of_names([name], "set")
    assert (book["title"], book["author"]) == (title, author)


@pytest.mark.parametrize(
    "names",
    [
        ["0.jpg", "1.jpg", "2.jpg"],
        ["a/cover.jpg", "b/cover.jpg", "Emma.jpg"],
        [f"{n}/Untitled.png" for n in range(5)],
        ["d41d8cd98f00b204e9800998ecf8427e.jpg", "e3b0c44298fc1c149afbf4c8.jpg"],
        ["IMG_0001.jpg", "page-2.jpg"],
    ],
)
def test_names_that_are_no_titles_end_the_run_with_the_cure(names):
    with pytest.raises(BadInputError, match=r"are named|names that are no titles.*Title - Author"):
        books_of_names(names, "set")


def test_images_named_by_isbn_need_a_table():
    with pytest.raises(BadInputError, match=r"named by ISBN.*put a table beside them.*isbn"):
        books_of_names(["9780141439587.jpg", "978-0-553-21311-9_FC.jpg"], "set")


def test_a_name_that_is_no_title_among_others_has_none():
    books = books_of_names(["Emma.jpg", "Dune - F H.jpg", "cover.jpg"], "set")
    assert [book["title"] for book in books] == ["Emma", "Dune", ""]


@given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=5))
def test_any_names_give_books_or_one_line(names):
    try:
        books = books_of_names(names, "set")
    except BadInputError:
        return
    assert len(books) == len(names)
