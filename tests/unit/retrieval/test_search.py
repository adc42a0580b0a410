import random
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.clip.prompts import prompt
from dustjacket.errors import BadInputError
from dustjacket.identity.titles import title_key
from dustjacket.retrieval.search import HIT_COLUMNS, MAX_RESULTS, CoverIndex
from dustjacket.sample.grammar import MOTIFS, make_book

NO_COMMON_WORDS = "zyxwv"


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def drawn(count, dimensions=32, seed=13):
    return unit(np.random.default_rng(seed).normal(size=(count, dimensions)))


def index(vectors, titles=None, **columns):
    """Return an index of covers with the keys 0, 1, … and the given columns."""
    count = len(vectors)
    rows = {name: [None] * count for name in HIT_COLUMNS}
    rows |= {"key": [str(at) for at in range(count)], "look": np.arange(count)}
    rows |= {"title": titles or [f"book{at}" for at in range(count)], **columns}
    texts = ("author", "category", "genre")
    return CoverIndex(vectors, pa.table({k: pa.array(v, pa.string() if k in texts else None)
                                         for k, v in rows.items()}))  # fmt: skip


def keys(hits):
    return [int(hit.key) for hit in hits]


@pytest.fixture(scope="module")
def library():
    """Return 400 sample books; each cover's vector is near that of the motif in its title."""
    rng = random.Random(13)
    books = [make_book(rng) for _ in range(400)]
    things = dict(zip(MOTIFS, drawn(len(MOTIFS), 64), strict=True))
    of_book = [next(m for m in MOTIFS if m in book.title) for book in books]
    vectors = unit(np.stack([things[m] for m in of_book]) + 0.9 * drawn(len(books), 64, seed=14))
    found = index(vectors, [b.title for b in books], author=[b.author for b in books])
    return books, of_book, things, found


@given(st.integers(0, 2**32 - 1), st.integers(1, MAX_RESULTS))
@settings(max_examples=20, deadline=None)
def test_without_common_words_search_is_exact_by_cosine(seed, top):
    vectors, query = drawn(1000, seed=seed), drawn(1, seed=seed + 1)[0]
    found = index(vectors).search(query, NO_COMMON_WORDS, top)
    exact = vectors @ query
    assert keys(found) == list(np.argsort(-exact)[:top])
    assert [hit.score for hit in found] == pytest.approx(np.sort(exact)[::-1][:top])
    assert {hit.words for hit in found} == {0.0}


def test_covers_are_ordered_by_one_figure_of_match(library):
    books, _, _, found = library
    for text in (books[3].title, f"{books[5].title} and more", NO_COMMON_WORDS):
        hits = found.search(found.vectors[9], text, 30)
        matches = [hit.match for hit in hits]
        assert matches == sorted(matches, reverse=True)
        assert 0 <= matches[-1] < matches[0] <= 1
    assert found.search(found.vectors[9], books[3].title)[0].match == 1, "it is named exactly"
    (nearest, *_) = found.search(found.vectors[9], NO_COMMON_WORDS)
    assert nearest.match == pytest.approx(0.5), "no word speaks for it"
    (same, *_) = found.search(found.vectors[9])
    assert same.match == same.score == pytest.approx(1), "of a picture, the cosine"


def test_similar_covers_are_the_nearest_without_the_cover_itself():
    vectors = drawn(200)
    found = index(vectors).similar("7", 5)
    assert keys(found) == list(np.argsort(-(vectors @ vectors[7]))[1:6])
    with pytest.raises(BadInputError, match="no cover of the index has the key 'x'"):
        index(vectors).similar("x")


@pytest.mark.parametrize("with_author", [False, True])
def test_a_book_named_exactly_comes_first_whatever_its_cover(library, with_author):
    books, _, _, found = library
    for at, book in enumerate(books):
        text = prompt(book.title, book.author if with_author else None)
        first = found.search(-found.vectors[at], text.upper())[0]
        assert title_key(first.title) == title_key(book.title)
        assert first.words == pytest.approx(1, abs=1e-3)
        if with_author:
            assert first.author == book.author


def test_of_books_with_the_same_words_the_one_in_the_same_order_comes_first():
    vectors = drawn(3)
    found = index(vectors, ["Dog Man", "Man Dog", "Cat Man"])
    assert keys(found.search(vectors[2], "man dog!"))[0] == 1


def test_the_edition_is_ignored():
    found = index(drawn(3), ["Emma (Penguin Classics)", "Emma Brown", "Persuasion"])
    assert keys(found.search(found.vectors[1], "Emma"))[0] == 0


def test_words_improve_hits_for_a_text_that_names_no_book(library):
    _, of_book, things, found = library
    rng = np.random.default_rng(15)
    hits = {"vector": [], "both": []}
    for thing, vector in things.items():
        near = unit(vector + 0.2 * rng.normal(size=64))
        for name, text in (("vector", ""), ("both", f"the story of a {thing} and its silver sun")):
            matches = found.search(near, text, 10)
            hits[name].append(np.mean([of_book[at] == thing for at in keys(matches)]))
    assert np.mean(hits["both"]) > np.mean(hits["vector"])


def test_near_duplicates_of_better_covers_are_replaced_by_others():
    vectors = drawn(300)
    vectors[:100] = unit(vectors[0] + 0.01 * vectors[:100])  # near-copies of one cover
    look = np.arange(300)
    look[200:] = 200  # one group of near-duplicates
    query = unit(vectors[0] + 0.5 * vectors[250])
    found = keys(index(vectors, look=look).search(query, top=90))
    assert len(found) == 90
    assert sum(at < 100 for at in found) == 1
    assert sum(at >= 200 for at in found) == 1
    scores = vectors @ query
    assert found[0] == np.argmax(scores)


def test_fewer_than_top_are_returned_only_if_there_are_no_more():
    vectors = np.repeat(drawn(2), 50, axis=0)
    assert len(index(vectors).search(vectors[0], top=10)) == 2


def test_vectors_that_are_all_close_are_not_near_duplicates():
    vectors = unit(np.ones(32) + 0.05 * drawn(200))
    assert (vectors @ vectors[0]).min() > 0.99
    assert len(index(vectors).search(vectors[0], top=50)) == 50


def test_a_genre_filters_by_category_or_prediction_in_any_case():
    vectors = drawn(6)
    found = index(
        vectors,
        category=["Horror", "Art", None, None, "horror", "Art"],
        genre=["Art", "Horror", "Horror", None, None, "Art"],
    )
    assert found.genres == ["Art", "Horror"]
    assert sorted(keys(found.search(vectors[5], genre="HORROR"))) == [0, 1, 2, 4]
    assert sorted(keys(found.search(vectors[5], "book5", genre="horror", top=3))) != [5]


def test_an_invalid_search_is_refused_with_the_valid_values():
    vectors = drawn(4)
    found = index(vectors, category=["Science Fiction", "Cooking", None, "Romance"])
    for top in (0, -1, MAX_RESULTS + 1):
        with pytest.raises(BadInputError, match=f"take 1 to {MAX_RESULTS}"):
            found.search(vectors[0], top=top)
    with pytest.raises(BadInputError, match="Science Fiction"):
        found.search(vectors[0], genre="sciense fiction")
    with pytest.raises(BadInputError, match="Cooking, Romance, Science Fiction"):
        found.search(vectors[0], genre="qqq")
    found.check_genre("science fiction")
    with pytest.raises(BadInputError, match="try Cooking, Romance, Science Fiction"):
        found.check_genre("qqq")
    with pytest.raises(BadInputError, match="without a genre"):
        index(vectors).search(vectors[0], genre="Cooking")
    with pytest.raises(BadInputError, match=r"shape \(31,\)"):
        found.search(vectors[0][:31])
    with pytest.raises(BadInputError, match="no covers"):
        index(vectors[:0])


def test_of_a_genre_of_five_covers_five_are_found_in_the_order_of_brute_force():
    vectors, query = drawn(60), drawn(1, seed=14)[0]
    places = [3, 17, 20, 41, 59]
    found = index(vectors, genre=["Art" if at in places else "Law" for at in range(60)])
    by_cosine = sorted(places, key=lambda at: -float(vectors[at] @ query))
    assert keys(found.search(query, NO_COMMON_WORDS, 12, "Art")) == by_cosine


@pytest.mark.parametrize(
    ("title", "query"),
    [
        ("Café Müller", unicodedata.normalize("NFD", "Café Müller")),
        (unicodedata.normalize("NFD", "Café Müller"), "CAFÉ MÜLLER"),
        ("Don't Look Now", "DON\u2019T LOOK NOW"),
        ("Don\u2019t Look Now", "dont look now"),
        ("三体", "三体"),
        ("Война и мир", "ВОЙНА И МИР"),
        ("Emma", "Emma (Paperback)"),
    ],
)
def test_a_book_is_found_first_however_its_title_is_typed(title, query):
    titles = ["Müller", "Cafe", "Look at Me Now", "三", "Война", "Emma Brown", title]
    found = index(drawn(7), titles)
    assert keys(found.search(found.vectors[0], query, 1)) == [6]


def test_a_cover_is_found_by_its_key():
    covers = index(drawn(4), key=["a", "b", "c", "d"])
    assert covers.cover("c").key == "c"
    assert covers.cover("3") is None
    assert len(covers) == 4


def test_a_genre_is_one_whatever_its_apostrophes():
    found = index(drawn(3), genre=["Children's Books"] * 3, category=["Childrens Books"] * 3)
    assert found.genres == ["Children's Books"]
    for spelling in ("Childrens Books", "Children\u2019s Books"):
        hits = found.search(drawn(1)[0], top=3, genre=spelling)
        assert len(hits) == 3
        assert {hit.category for hit in hits} == {"Children's Books"}


def test_a_genre_is_one_with_an_ampersand_or_a_word_for_it():
    found = index(
        drawn(2), genre=["Computers & Technology"] * 2, category=["computers and technology", None]
    )
    assert found.genres == ["Computers & Technology"]
    assert found.cover("0").category == "Computers & Technology"
