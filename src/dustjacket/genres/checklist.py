"""Behavioural tests of a classifier: what a change to a title must, and must not, change.

In the manner of CheckList (Ribeiro, Wu, Guestrin and Singh, Beyond Accuracy: Behavioral Testing of
NLP Models with CheckList, ACL 2020): tests of invariance, and of the direction of a change.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer

from dustjacket.splits import normalise

Predict = Callable[[Sequence[str], Sequence[str | None]], np.ndarray]
"""From n titles and n authors (None where there is none) to probabilities, (n, genres)."""

_SAME = "the same genre"
_REWRITES: Mapping[str, Callable[[str], str]] = {
    "upper case": str.upper,
    "lower case": str.lower,
    "punctuation added": lambda title: f'"{title}!"',
    "blanks doubled": lambda title: title.replace(" ", "  "),
}
_WRITER = "Unknown Writer"


class _Book(NamedTuple):
    title: str
    author: str | None

    def __str__(self) -> str:
        return f"{self.title} by {self.author}" if self.author else self.title


class _Case(NamedTuple):
    """A book before and after a change; ``rises`` is the genre that should, if one should."""

    before: _Book
    after: _Book
    rises: int | None = None


def behaviours(
    predict: Predict,
    books: pd.DataFrame,
    genres: Sequence[str],
    keywords: Mapping[str, str],
    *,
    seed: int = 13,
    most: int = 500,
) -> pd.DataFrame:
    """Return how often a classifier does what is expected of it when a title or author changes.

    Args:
        predict: the classifier.
        books: rows of title, author (None or empty where there is none) and genre.
        genres: in the order of the probabilities.
        keywords: for each of some genres, a normalised word that speaks for it; none is put into a
            title for a genre that is not among ``genres``.
        most: books to try a behaviour on, drawn at random from those that it changes.

    Returns:
        behaviour, expectation, books (tried), share_held (NaN where no book could be tried) and
        example: a book that fails before and after the change, with its prediction, or "".
    """
    rng = np.random.default_rng(seed)
    known = list(map(_Book, books["title"], [name or None for name in books["author"].fillna("")]))
    rewritten = {
        name: [_Case(book, _Book(rewrite(book.title), book.author)) for book in known]
        for name, rewrite in _REWRITES.items()
    }
    authored = [_Case(book, _Book(book.title, _WRITER)) for book in known if not book.author]
    tests = [
        *((name, _SAME, cases) for name, cases in rewritten.items()),
        ("author added", "mostly the same genre", authored),
        (
            "keyword swapped",
            "the other keyword's genre gains probability",
            _swaps(known, list(books["genre"]), genres, keywords, rng),
        ),
    ]
    rows = []
    for name, expectation, cases in tests:
        changed = [case for case in cases if case.before != case.after]
        drawn = [changed[at] for at in rng.permutation(len(changed))[:most]]
        row = {"behaviour": name, "expectation": expectation, **_try(predict, drawn, genres)}
        rows.append(row)
    return pd.DataFrame(rows)


def _swaps(
    books: Sequence[_Book],
    given: Sequence[str],
    genres: Sequence[str],
    keywords: Mapping[str, str],
    rng: np.random.Generator,
) -> list[_Case]:
    """Put another genre's keyword for that of the book's own, in titles that have it.

    Titles are normalised both before and after: the keyword is all that changes.
    """
    cases = []
    for book, genre in zip(books, given, strict=True):
        own = keywords.get(genre)
        words = normalise(book.title).split()
        others = [other for other in genres if keywords.get(other, own) != own]
        if own in words and others:
            other = others[rng.integers(len(others))]
            swapped = [keywords[other] if word == own else word for word in words]
            cases.append(
                _Case(
                    _Book(" ".join(words), book.author),
                    _Book(" ".join(swapped), book.author),
                    genres.index(other),
                )
            )
    return cases


def _try(predict: Predict, cases: Sequence[_Case], genres: Sequence[str]) -> dict[str, Any]:
    if not cases:
        return {"books": 0, "share_held": np.nan, "example": ""}
    before, after = (
        predict([book.title for book in books], [book.author for book in books])
        for books in ([case.before for case in cases], [case.after for case in cases])
    )
    rises = np.array([-1 if case.rises is None else case.rises for case in cases])
    was, is_ = (np.where(rises < 0, found.argmax(axis=1), rises) for found in (before, after))
    rows = np.arange(len(cases))
    held = np.where(rises < 0, was == is_, after[rows, is_] > before[rows, was])
    example = ""
    if not held.all():
        at = int(held.argmin())
        example = (
            f"{cases[at].before}: {genres[was[at]]} {before[at, was[at]]:.2f} -> "
            f"{cases[at].after}: {genres[is_[at]]} {after[at, is_[at]]:.2f}"
        )
    return {"books": len(cases), "share_held": float(held.mean()), "example": example}


def keywords(books: pd.DataFrame, *, least: int = 5) -> dict[str, str]:
    """Return the title word that speaks most for each genre; a genre that has none is left out.

    It is the word of highest log-odds in the genre's titles against those in all other titles,
    half a title added to each count (Haldane 1956; Anscombe 1956), so that no odds are infinite.

    Args:
        books: rows of title and genre.
        least: how many of the genre's titles must have the word.

    Raises:
        ValueError: no title has a word.
    """
    counter = CountVectorizer(
        preprocessor=normalise, tokenizer=str.split, token_pattern=None, binary=True
    )
    has = counter.fit_transform(books["title"])
    words = counter.get_feature_names_out()
    found = {}
    for genre in sorted(set(books["genre"])):
        own = (books["genre"] == genre).to_numpy()
        log_odds = _log_odds(has[own]) - _log_odds(has[~own])
        often = np.flatnonzero(_titles(has[own]) >= least)
        if often.size:
            found[genre] = str(words[often[log_odds[often].argmax()]])
    return found


def _log_odds(has: Any) -> np.ndarray:
    """Return of each word (words,) the log-odds that a title has it; ``has`` is sparse."""
    having = _titles(has)
    return np.asarray(np.log((having + 0.5) / (has.shape[0] - having + 0.5)))


def _titles(has: Any) -> np.ndarray:
    """Return how many titles have each word."""
    return np.asarray(has.sum(axis=0)).ravel()
