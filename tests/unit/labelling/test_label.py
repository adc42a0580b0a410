import numpy as np

from dustjacket.genres.answers import GenreAnswer
from dustjacket.genres.scorer import Scorer
from dustjacket.labelling.label import Label, Labeller
from dustjacket.records.record import CANONICAL, record_of
from tests.support.classifiers import random_hashed


def test_batches_of_a_published_classifier_are_answered_in_order():
    scorer = Scorer("x", ["a", "b", "c"], random_hashed())
    labeller = Labeller.of(scorer, "v1")
    books = [record_of({"title": f"Rice and {n}"}, CANONICAL) for n in range(9000)]
    items = [(n, book if n % 7 else "no_title", 10_000) for n, book in enumerate(books)]
    labelled = list(labeller.labelled(iter(items)))
    assert [n for n, _ in labelled] == list(range(9000))
    titles = [book.title for book in books]
    expected = scorer.probabilities(titles, [None] * 9000)
    for n, label in labelled:
        if n % 7:
            assert label.answer.genre == "abc"[int(np.argmax(expected[n]))]
            assert len(label.answer.alternatives) == 2
        else:
            assert (label.answer, label.reason) == (None, "no_title")


def test_memory_is_bounded_by_bytes_too():
    asked = []

    def predict(books):
        asked.append(len(books))
        return [GenreAnswer("a", 1.0, (), True) for _ in books]

    book = record_of({"title": "Rice"}, CANONICAL)
    items = ((None, book, 4 << 20) for _ in range(10))
    assert len(list(Labeller(predict, "v1", ["a"]).labelled(items))) == 10
    assert asked == [4, 4, 2]


def test_where_it_is_not_sure_the_guess_is_an_alternative_only():
    answer = GenreAnswer("a", 0.4123456, (("b", 0.3), ("c", 0.2)), sure=False)
    assert Label(answer, "v1").cells == ("", "", "a 0.41; b 0.30", "yes", "v1", "")
    assert Label(answer, "v1").subject == ""
    sure = GenreAnswer("a", 0.4123456, (("b", 0.3), ("c", 0.2)), sure=True)
    assert Label(sure, "v1").cells == ("a", 0.4123, "b 0.30; c 0.20", "no", "v1", "")
