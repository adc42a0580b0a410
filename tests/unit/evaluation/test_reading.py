import numpy as np
import pytest

from dustjacket.evaluation.reading import bm25_vectors


def test_products_of_the_vectors_are_the_scores_of_bm25():
    queries, texts = bm25_vectors(["Réd tower", "blue"], ["RED red tower", "blue sea", "", "a b c"])
    scores = queries @ texts.T
    average = (3 + 2 + 0 + 3) / 4
    idf = np.log1p((4 - 1 + 0.5) / (1 + 0.5))  # of a word in one of four texts

    def saturated(count, length):
        return count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length / average))

    assert scores[0, 0] == pytest.approx(idf * (saturated(2, 3) + saturated(1, 3)))
    assert scores[1, 1] == pytest.approx(idf * saturated(1, 2))
    assert np.count_nonzero(scores) == 2


def test_texts_without_words_have_no_score():
    queries, texts = bm25_vectors(["a title"], ["", "..."])
    assert (queries @ texts.T == 0).all()
