from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest

from dustjacket.clip.prompts import (
    AUTHOR_SHARE,
    prompt,
    prompt_variants,
    query_prompts,
    sampled_variants,
)
from dustjacket.studio.handlers import search_responses
from dustjacket.studio.schemas import CoverQuery

BOOKS = pd.DataFrame(
    {
        "title": ["Dracula", "Emma"] * 200,
        "author": ["Bram Stoker", None] * 200,
        "genre": ["Horror", "Romance"] * 200,
        "probability": [0.9, 0.9] * 200,
    }
)


def test_a_prompt_has_what_is_known():
    assert prompt("Emma") == "Emma"
    assert prompt("Emma", "Jane Austen") == "Emma by Jane Austen"
    assert prompt("Emma", None, "Romance") == "Emma, Romance"


def test_an_evaluation_embeds_what_a_search_for_the_same_book_embeds():
    index = Mock(by=[])
    index.embed_texts.side_effect = lambda texts: [None] * len(texts)
    index.index.search.return_value = []
    queries = [
        CoverQuery(title=book.title, author=book.author or "", genre=genre)
        for book in BOOKS.head(2).itertuples()
        for genre in ("", book.genre)
    ]
    search_responses(index, queries)
    (served,) = index.embed_texts.call_args.args
    assert served[::2] == served[1::2] == query_prompts(BOOKS.head(2))
    assert served[::2] == ["Dracula by Bram Stoker", "Emma"]


def test_a_genre_below_the_minimum_confidence_is_left_out():
    books = BOOKS.head(2).assign(probability=[0.31, 0.29])
    assert prompt_variants(books, genre=True, min_confidence=0.3)[3] == [
        "Dracula by Bram Stoker, Horror",
        "Emma",
    ]


def test_training_prompts_have_four_variants():
    variants = prompt_variants(BOOKS.head(2), genre=True)
    assert variants == [
        ["Dracula", "Emma"],
        ["Dracula by Bram Stoker", "Emma"],
        ["Dracula, Horror", "Emma, Romance"],
        ["Dracula by Bram Stoker, Horror", "Emma, Romance"],
    ]
    nameless = prompt_variants(BOOKS, genre=False)
    assert not [text for texts in nameless for text in texts if "Horror" in text]


def test_a_genre_is_named_in_training_with_its_probability():
    books = BOOKS.assign(probability=0.9)
    once, again = (sampled_variants(books, np.random.default_rng(1)) for _ in range(2))
    assert once.tolist() == again.tolist()
    assert set(once) == {0, 1, 2, 3}
    assert (once >= 2).mean() == pytest.approx(0.9, abs=0.05)
    assert (once % 2).mean() == pytest.approx(AUTHOR_SHARE, abs=0.1)
