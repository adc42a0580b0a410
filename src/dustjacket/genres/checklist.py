"""Behavioural tests of a classifier: how a change to a title may change the prediction.

Invariance and directional expectation tests as in CheckList (Ribeiro, Wu, Guestrin and Singh,
Beyond Accuracy: Behavioral Testing of NLP Models with CheckList, ACL 2020).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer

from dustjacket.genres.terms import plain_words

Predict = Callable[[Sequence[str], Sequence[str | None]], np.ndarray]
"""Maps n titles and n authors (None if a book has none) to (n, genres) probabilities."""

_SAME_GENRE = "the same genre"
_REWRITES: Mapping[str, Callable[[str], str]] = {
    "upper case": str.upper,
    "lower case": str.lower,
    "punctuation added": lambda title: f'"{title}!"',
    "blanks doubled": lambda title: title.replace(" ", "  "),
}
_UNKNOWN_AUTHOR = "Unknown Writer"


class _TestBook(NamedTuple):
    title: str
    author: str | None

    def __str__(self) -> str:
        return f"{self.title} by {self.author}" if self.author else self.title


class _Case(NamedTuple):
    """A book before and after a change.

    Attributes:
        rises: the label whose probability must rise; None: the predicted genre must stay.
    """

    before: _TestBook
    after: _TestBook
    rises: int | None = None


def run_checklist(
    predict: Predict,
    books: pd.DataFrame,
    genres: Sequence[str],
    keywords: Mapping[str, str],
    *,
    seed: int = 13,
    max_books: int = 500,
) -> pd.DataFrame:
    """Return how often a classifier meets each expectation when a title or an author changes.

    Args:
        predict: the classifier.
        books: rows of title, author (None or empty if a book has none) and genre.
        genres: in the order of the probabilities.
        keywords: a normalised word typical of a genre, for some genres; keywords of genres that are
            not in ``genres`` are never put into a title.
        seed: of the draws.
        max_books: tested for each expectation, drawn at random from those that the change affects.

    Returns:
        behaviour, expectation, books (tested), share_held (NaN if no book could be tested) and
        example: a failing book before and after the change, with its predictions, or "".
    """
    rng = np.random.default_rng(seed)
    authors = [name or None for name in books["author"].fillna("")]
    originals = list(map(_TestBook, books["title"], authors))
    rewritten = {
        name: [_Case(book, _TestBook(rewrite(book.title), book.author)) for book in originals]
        for name, rewrite in _REWRITES.items()
    }
    with_author = [
        _Case(book, _TestBook(book.title, _UNKNOWN_AUTHOR)) for book in originals if not book.author
    ]
    tests = [
        *((name, _SAME_GENRE, cases) for name, cases in rewritten.items()),
        ("author added", "mostly the same genre", with_author),
        (
            "keyword swapped",
            "the other keyword's genre gains probability",
            _swaps(originals, list(books["genre"]), genres, keywords, rng),
        ),
    ]
    rows = []
    for name, expectation, cases in tests:
        changed = [case for case in cases if case.before != case.after]
        drawn = [changed[index] for index in rng.permutation(len(changed))[:max_books]]
        row = {"behaviour": name, "expectation": expectation, **_run_test(predict, drawn, genres)}
        rows.append(row)
    return pd.DataFrame(rows)


def _swaps(
    books: Sequence[_TestBook],
    true_genres: Sequence[str],
    genres: Sequence[str],
    keywords: Mapping[str, str],
    rng: np.random.Generator,
) -> list[_Case]:
    """Replace the keyword of a book's genre by that of another genre, in titles that contain it.

    Titles are normalised before and after, so that only the keyword changes.
    """
    cases = []
    for book, genre in zip(books, true_genres, strict=True):
        own = keywords.get(genre)
        words = plain_words(book.title).split()
        others = [other for other in genres if keywords.get(other, own) != own]
        if own in words and others:
            other = others[rng.integers(len(others))]
            swapped = [keywords[other] if word == own else word for word in words]
            cases.append(
                _Case(
                    _TestBook(" ".join(words), book.author),
                    _TestBook(" ".join(swapped), book.author),
                    genres.index(other),
                )
            )
    return cases


def _run_test(predict: Predict, cases: Sequence[_Case], genres: Sequence[str]) -> dict[str, Any]:
    if not cases:
        return {"books": 0, "share_held": np.nan, "example": ""}
    before, after = (
        predict([book.title for book in books], [book.author for book in books])
        for books in ([case.before for case in cases], [case.after for case in cases])
    )
    rises = np.array([-1 if case.rises is None else case.rises for case in cases])
    labels_before, labels_after = (
        np.where(rises < 0, probabilities.argmax(axis=1), rises)
        for probabilities in (before, after)
    )
    rows = np.arange(len(cases))
    same = labels_before == labels_after
    higher = after[rows, labels_after] > before[rows, labels_before]
    held = np.where(rises < 0, same, higher)
    example = ""
    if not held.all():
        failed = int(held.argmin())
        old, new = labels_before[failed], labels_after[failed]
        example = (
            f"{cases[failed].before}: {genres[old]} {before[failed, old]:.2f} -> "
            f"{cases[failed].after}: {genres[new]} {after[failed, new]:.2f}"
        )
    return {"books": len(cases), "share_held": float(held.mean()), "example": example}


def keywords(books: pd.DataFrame, *, min_titles: int = 5) -> dict[str, str]:
    """Return the most typical title word of each genre that has one.

    It is the word with the highest log odds ratio between the genre's titles and all others. Half a
    title is added to each count, so that all odds are finite (Haldane 1956; Anscombe 1956).

    Args:
        books: rows of title and genre.
        min_titles: the number of the genre's titles that must contain the word.

    Raises:
        ValueError: no title has a word.
    """
    counter = CountVectorizer(
        preprocessor=plain_words, tokenizer=str.split, token_pattern=None, binary=True
    )
    contains = counter.fit_transform(books["title"])
    words = counter.get_feature_names_out()
    typical = {}
    for genre in sorted(set(books["genre"])):
        own = (books["genre"] == genre).to_numpy()
        log_odds = _log_odds(contains[own]) - _log_odds(contains[~own])
        frequent = np.flatnonzero(_titles(contains[own]) >= min_titles)
        if frequent.size:
            typical[genre] = str(words[frequent[log_odds[frequent].argmax()]])
    return typical


def _log_odds(contains: Any) -> np.ndarray:
    """Return (words,) log odds that a title contains the word; ``contains`` is (titles, words)."""
    titles = _titles(contains)
    return np.asarray(np.log((titles + 0.5) / (contains.shape[0] - titles + 0.5)))


def _titles(contains: Any) -> np.ndarray:
    """Return (words,) numbers of titles that contain the word."""
    return np.asarray(contains.sum(axis=0)).ravel()
