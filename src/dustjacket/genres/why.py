"""Why a classifier answers as it does: words for and against a genre, and similar books."""

import logging
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from dustjacket.genres.bag_of_words import BagOfWords, LinearModel
from dustjacket.genres.hashed_linear import HashedLinear
from dustjacket.genres.hashed_ngrams import MAX_CHARS, NgramCounts, TfidfWeights, count_ngrams
from dustjacket.genres.read import read_training_books
from dustjacket.genres.reasons import GenreReasons, NearBook, WeightedWord
from dustjacket.genres.scorer import Scorer, predict_genre
from dustjacket.genres.scores import logarithms
from dustjacket.genres.terms import plain_words
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.parents import GONE
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)

_LEAST_SIMILARITY = 1e-6
_MAX_WORDS = 200  # of a description; each costs a prediction where weights cannot be read


@dataclass(frozen=True)
class Evidence:
    """What speaks for a genre, and against it.

    Attributes:
        genre: the one that is explained.
        words: with what each adds to the score of the genre beside the mean of all genres; the
            largest first, those against it last. A word of an author or description is written
            ``author: word`` and ``description: word``.
        exact: whether these sum to the score, as those of one linear model do, less what sentence
            embeddings add. Otherwise each is how much the logarithm of the genre's odds falls when
            the word is left out.
    """

    genre: str
    words: tuple[tuple[str, float], ...]
    exact: bool


def explain(
    scorer: Scorer, title: str, author: str | None, description: str | None, genre: str
) -> Evidence:
    """Return what speaks for a genre of a book, and against it.

    Raises:
        ValueError: the classifier has no such genre.
    """
    column = scorer.genres.index(genre)
    read = description if scorer.model.use_descriptions else None
    model = scorer.model
    if isinstance(model, HashedLinear) and len(model.members) == 1:
        found, exact = _of_ngrams(model, title, author, read, column), True
    elif isinstance(model, BagOfWords) and isinstance(model.head, LinearModel):
        found, exact = _of_terms(model, model.head, title, author, column), True
    else:
        found, exact = _by_leaving_out(scorer, title, author, read, column), False
    ranked = sorted(found.items(), key=lambda item: -item[1])
    return Evidence(genre, tuple((word, value) for word, value in ranked if value), exact)


def reasons(
    scorer: Scorer,
    books: "TrainingBooks | None",
    title: str,
    author: str | None,
    description: str | None,
) -> GenreReasons:
    """Return what speaks for the likeliest genre of a book.

    Args:
        books: what the nearest are found among; None: none are known.
    """
    genre = predict_genre(scorer, title, author, description).genre
    evidence = explain(scorer, title, author, description, genre)
    return GenreReasons(
        genre=genre,
        words=[WeightedWord(word=word, weight=weight) for word, weight in evidence.words],
        exact=evidence.exact,
        nearest=books.nearest(title, author) if books else [],
    )


def _of_terms(
    model: BagOfWords, head: LinearModel, title: str, author: str | None, column: int
) -> dict[str, float]:
    terms = list(model.vocabulary)
    index, values = model.features(title, author)
    weights = head.weights[index]
    added = values * (weights[:, column] - weights.mean(axis=1))
    return {terms[at].replace("author=", "author: "): float(value)
            for at, value in zip(index, added, strict=True)}  # fmt: skip


def _of_ngrams(
    model: HashedLinear, title: str, author: str | None, description: str | None, column: int
) -> dict[str, float]:
    """Return each word's share of the score: that of all its n-grams, by their counts in it."""
    (member,) = model.members
    whole = count_ngrams([title], [author], [description])
    _, columns, values = model.weights.vectors(whole)
    weights = member.weights[columns]
    added = values * (weights[:, column] - weights.mean(axis=1))
    of_bucket = dict(zip(model.weights.buckets[columns].tolist(), added.tolist(), strict=True))
    found: dict[str, float] = {}
    totals = dict(zip(whole.buckets.tolist(), whole.counts.tolist(), strict=True))
    for name, counts in _units(title, author, description):
        for bucket, count in zip(counts.buckets.tolist(), counts.counts.tolist(), strict=True):
            share = of_bucket.get(bucket, 0.0) * count / totals[bucket]
            found[name] = found.get(name, 0.0) + share
    return found


def _units(
    title: str, author: str | None, description: str | None
) -> list[tuple[str, NgramCounts]]:
    """Return the distinct words and word pairs of a book, with all their n-grams in it."""
    words = plain_words(title).split()
    units = []
    for word, times in Counter(words).items():
        units.append((word, _times(count_ngrams([word], [None]), times)))
    for (first, second), times in Counter(pairwise(words)).items():
        both = count_ngrams([f"{first} {second}"], [None])
        alone = np.concatenate([count_ngrams([word], [None]).buckets for word in (first, second)])
        kept = ~np.isin(both.buckets, alone)
        pair = NgramCounts(np.array([0, kept.sum()]), both.buckets[kept], both.counts[kept])
        units.append((f"{first} {second}", _times(pair, times)))
    for word, times in Counter(plain_words(author).split()).items():
        units.append((f"author: {word}", _times(count_ngrams([""], [word]), times)))
    for word, times in Counter(plain_words((description or "")[:MAX_CHARS]).split()).items():
        units.append((f"description: {word}", _times(count_ngrams([""], [None], [word]), times)))
    return units


def _times(counts: NgramCounts, times: int) -> NgramCounts:
    return NgramCounts(counts.starts, counts.buckets, counts.counts * times)


def _by_leaving_out(
    scorer: Scorer, title: str, author: str | None, description: str | None, column: int
) -> dict[str, float]:
    fields = {"": title, "author: ": author, "description: ": description}
    names, books = [""], [fields]
    for prefix, text in fields.items():
        for word in dict.fromkeys(plain_words(text).split()[:_MAX_WORDS]):
            rest = " ".join(each for each in plain_words(text).split() if each != word)
            names.append(prefix + word)
            books.append({**fields, prefix: rest})
    titles, authors, descriptions = ([book[prefix] for book in books] for prefix in fields)
    probabilities = scorer.probabilities(
        [text or "" for text in titles], authors, descriptions=descriptions
    )
    odds = logarithms(probabilities[:, column]) - logarithms(1 - probabilities[:, column])
    return dict(zip(names[1:], (odds[0] - odds[1:]).tolist(), strict=True))


def find_training_books(store: Store, classifier: Manifest) -> "TrainingBooks | None":
    """Return the books that a classifier was trained on, or None if their catalog is gone."""
    try:
        return TrainingBooks.of(read_training_books(store, classifier))
    except GONE as error:
        log.warning("no training books of %s: %s", classifier.version, error)
        return None


@dataclass(frozen=True)
class TrainingBooks:
    """The titles of training books, by which similar ones are found.

    Attributes:
        books: title, author and genre.
        weights: TF-IDF of their n-grams.
        vectors: starts, columns and values of their n-grams (CSR).
    """

    books: pd.DataFrame
    weights: TfidfWeights
    vectors: tuple[np.ndarray, np.ndarray, np.ndarray]

    @classmethod
    def of(cls, books: pd.DataFrame) -> "TrainingBooks":
        """Index books with ``title``, ``author`` and ``genre``."""
        counts = count_ngrams(list(books["title"]), list(books["author"]))
        weights = TfidfWeights.fit(counts, 1)
        return cls(books, weights, weights.vectors(counts))

    def nearest(self, title: str, author: str | None, count: int = 5) -> list[NearBook]:
        """Return the most similar books, by the cosine of TF-IDF vectors.

        Books that share no n-gram are left out.
        """
        _, columns, values = self.weights.vectors(count_ngrams([title], [author]))
        query = np.zeros(len(self.weights.buckets), np.float32)
        query[columns] = values
        starts, ngrams, weights = self.vectors
        sums = np.concatenate([[0], np.cumsum(query[ngrams] * weights, dtype=float)])
        products = sums[starts[1:]] - sums[starts[:-1]]
        lengths = self._lengths * max(float(np.sqrt((values**2).sum())), 1.0)
        cosines = products / np.maximum(lengths, 1.0)
        order = np.argsort(-cosines, kind="stable")[:count]
        near = order[cosines[order] > _LEAST_SIMILARITY]
        rows = self.books.iloc[near][["title", "author", "genre"]].to_dict("records")
        return [
            NearBook(**book, similarity=similarity)
            for book, similarity in zip(rows, cosines[near].tolist(), strict=True)
        ]

    @property
    def _lengths(self) -> np.ndarray:
        starts, _, weights = self.vectors
        squares = np.concatenate([[0], np.cumsum(weights.astype(float) ** 2)])
        return np.asarray(np.sqrt(squares[starts[1:]] - squares[starts[:-1]]))
