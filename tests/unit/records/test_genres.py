"""Genres are compared by a key, and read from single values, lists and paths."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.records.genres import (
    GenreColumn,
    genre_column,
    genre_key,
    own_genres,
    published_spellings,
)

COMMAS, SLASHES = GenreColumn(commas=True), GenreColumn(slashes=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Science Fiction", "SCIENCE  FICTION "),
        ("Science-Fiction", "science fiction"),
        ("Poésie", "Poe\u0301sie"),
        ("Children's Books", "Childrens Books"),
        ("Children\u2019s Books", "Children's Books"),
        ("Mystery, Thriller & Suspense", "Mystery Thriller and Suspense"),
        ("Literature &Fiction", "Literature & Fiction"),
        ("Fan\u00adtasy\u200b", "Fantasy"),
        ("Ｆａｎｔａｓｙ", "Fantasy"),  # noqa: RUF001
    ],
)
def test_spellings_of_one_genre_have_one_key(one, other):
    assert genre_key(one) == genre_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("C", "C++"), ("C", "C#"), ("+", "-"), ("Art", "Arts"), ("ガラス", "カラス")]
)
def test_other_genres_have_other_keys(one, other):
    assert genre_key(one) != genre_key(other)


@settings(deadline=None)
@given(st.text(min_size=1))
def test_a_key_is_its_own_key_and_no_visible_name_is_without_one(name):
    assert genre_key(genre_key(name)) == genre_key(name)
    assert genre_key(name.upper().lower()) == genre_key(name.upper().lower().casefold())


def test_the_most_frequent_spelling_is_published():
    spellings = published_spellings({"poetry": 1, "Poetry": 2, "Art": 1, "ART": 1})
    assert spellings == {"poetry": "Poetry", "Poetry": "Poetry", "Art": "ART", "ART": "ART"}


@pytest.mark.parametrize(
    ("value", "column", "genres"),
    [
        ("Mystery, Thriller & Suspense", GenreColumn(), ("Mystery, Thriller & Suspense",)),
        ("['Comics & Graphic Novels']", GenreColumn(), ("Comics & Graphic Novels",)),
        ('["Fantasy", "Humor", "fantasy"]', GenreColumn(), ("Fantasy", "Humor")),
        ("Fantasy; Humor|Satire", GenreColumn(), ("Fantasy", "Humor", "Satire")),
        ("Arts &amp; Crafts; Humor", GenreColumn(), ("Arts & Crafts", "Humor")),
        ("Fantasy, Humor", GenreColumn(), ("Fantasy, Humor",)),
        ("Fantasy, Humor", COMMAS, ("Fantasy", "Humor")),
        ("[]", GenreColumn(), ()),
        ([], GenreColumn(), ()),
        ({"name": "Fantasy", "id": 3}, GenreColumn(), ("Fantasy",)),
        ({"id": 3, "x": {}}, GenreColumn(), ()),
        ({"fantasy": 3, "romance": 9}, GenreColumn(), ("romance", "fantasy")),
        (["Books", "Science Fiction & Fantasy", "Science Fiction"], GenreColumn(),
         ("Science Fiction & Fantasy", "Science Fiction")),
        ([["Books", "Literature & Fiction", "Poetry"]], GenreColumn(), ("Literature & Fiction",)),
        ("Books > Science Fiction > Cyberpunk", GenreColumn(), ("Science Fiction",)),
        ("Science Fiction / Fantasy", GenreColumn(), ("Science Fiction / Fantasy",)),
        ("FICTION / Romance / Historical", SLASHES, ("FICTION",)),
        ("to-read, fantasy, favorites", GenreColumn(commas=True, shelves=True), ("fantasy",)),
        ("to-read", GenreColumn(commas=True, shelves=True), ()),
        ("Books", GenreColumn(), ("Books",)),
    ],
)  # fmt: skip
def test_the_genres_of_a_value(value, column, genres):
    assert own_genres(value, column) == genres


def test_a_path_gives_its_first_levels():
    assert own_genres("FICTION / Romance / Historical", SLASHES, 2) == ("FICTION / Romance",)


@pytest.mark.parametrize(
    ("values", "commas"),
    [
        (["Fantasy, Humor", "Fantasy, Horror", "Humor"], True),
        (
            ["Mystery, Thriller & Suspense", "Crafts, Hobbies & Home", "Health, Fitness & Dieting"],
            False,
        ),
        (["Mystery, Thriller & Suspense", "Mystery, Crime and Suspense", "Mystery"], False),
        (["Biography, Memoir", "Fiction", "Poetry"], False),
        (["Biography, Memoir", "Health, Fitness", "Law"], False),
        ([None, 3, ["Fantasy"], "['a', 'b']"], False),
    ],
)
def test_commas_separate_genres_that_stand_elsewhere_too(values, commas):
    assert genre_column(values, is_plural=False, shelves=False).commas == commas


@pytest.mark.parametrize(
    ("values", "lists"),
    [
        (["a; b", "c"], True),
        (["['a', 'b']"], True),
        ([["a", "b"]], True),
        (["a", "b & c", None], False),
    ],
)
def test_a_column_that_holds_lists_is_known(values, lists):
    assert genre_column(values, is_plural=False, shelves=False).lists == lists


def test_tags_are_separated_by_commas_whatever_they_are():
    assert genre_column(["a, b"], is_plural=True, shelves=True).commas


@pytest.mark.parametrize(
    ("values", "slashes"),
    [
        (["Fiction / Romance", "Fiction / Horror", "Poetry / American"], True),
        (["FICTION / General", "POETRY / American"], True),
        (["Science Fiction / Fantasy", "Health / Fitness"], False),
        (["Poetry"], False),
    ],
)
def test_slashes_separate_levels_that_paths_share(values, slashes):
    assert genre_column(values, is_plural=False, shelves=False).slashes == slashes


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(st.text()), st.dictionaries(st.text(), st.integers())))
def test_any_value_gives_clean_genres(value):
    for column in (GenreColumn(), COMMAS, SLASHES):
        genres = own_genres(value, column)
        assert all(genre and genre == " ".join(genre.split()) for genre in genres)
        assert len(set(map(genre_key, genres))) == len(genres)
