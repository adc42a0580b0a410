"""A fitted classifier without the engine that fitted it: arrays, a vocabulary and arithmetic."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol

import numpy as np
from safetensors.numpy import load_file, save_file

from dustjacket.genres.terms import book_terms

DESCRIPTION, WEIGHTS = "scorer.json", "model.safetensors"
_CHUNK = 1024

Row = tuple[np.ndarray, np.ndarray]
"""One book as features: the indices of its terms, and their values."""


class Model(Protocol):
    """What turns features into probabilities."""

    def probabilities(self, rows: Sequence[Row]) -> np.ndarray:
        """Return (rows, genres), each row summing to 1."""
        ...


@dataclass(frozen=True)
class LinearModel:
    """Naive Bayes or logistic regression: the softmax of a weighted sum.

    Attributes:
        weights: (terms, genres); for naive Bayes the log-likelihood of each term.
        bias: (genres,); for naive Bayes the log-prior of each genre.
    """

    weights: np.ndarray
    bias: np.ndarray

    def probabilities(self, rows: Sequence[Row]) -> np.ndarray:
        """Return (rows, genres)."""
        scores = np.stack([values @ self.weights[index] for index, values in rows]) + self.bias
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class ForestModel:
    """A random forest: the mean of what the trees' leaves hold, each summing to 1.

    Nodes of all trees lie in one table; a leaf is its own child on both sides.

    Attributes:
        selected: (columns,) the terms that trees look at.
        roots: (trees,) the node that each tree begins with.
        column: (nodes,) which of ``selected`` a node looks at.
        threshold: (nodes,) at most this goes left.
        left: (nodes,) child.
        right: (nodes,) child.
        leaf: (nodes, genres) the shares of genres where a node is a leaf.
        depth: (1,) steps from a root to the deepest leaf.
    """

    selected: np.ndarray
    roots: np.ndarray
    column: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    leaf: np.ndarray
    depth: np.ndarray

    def probabilities(self, rows: Sequence[Row]) -> np.ndarray:
        """Return (rows, genres)."""
        column_of = {int(term): column for column, term in enumerate(self.selected)}
        table = np.zeros((len(rows), len(self.selected)))
        for number, (index, values) in enumerate(rows):
            for term, value in zip(index, values, strict=True):
                if (column := column_of.get(int(term))) is not None:
                    table[number, column] = value
        at = np.tile(self.roots, (len(rows), 1))
        every = np.arange(len(rows))[:, None]
        for _ in range(int(self.depth[0])):
            goes_left = table[every, self.column[at]] <= self.threshold[at]
            at = np.where(goes_left, self.left[at], self.right[at])
        return np.asarray(self.leaf[at].mean(axis=1))


MODELS: dict[str, type[LinearModel | ForestModel]] = {"linear": LinearModel, "forest": ForestModel}


@dataclass(frozen=True)
class Scorer:
    """Genres' probabilities for titles and authors.

    Attributes:
        name: the candidate that was selected.
        genres: the genres, in the order of the probabilities.
        vocabulary: the index of each term that is counted.
        idf: (terms,) the inverse document frequency of each term.
        model: its weights.
    """

    name: str
    genres: list[str]
    vocabulary: dict[str, int]
    idf: np.ndarray
    model: LinearModel | ForestModel

    def features(self, title: str, author: str | None) -> Row:
        """Return the counts of a book's known terms times their IDF, scaled to unit length."""
        terms = book_terms(title, author)
        counts = Counter(self.vocabulary[term] for term in terms if term in self.vocabulary)
        index = np.fromiter(counts, dtype=np.int64, count=len(counts))
        values = np.fromiter(counts.values(), dtype=float, count=len(counts)) * self.idf[index]
        length = np.sqrt(values @ values)
        return index, values / length if length else values

    def probabilities(self, titles: Sequence[str], authors: Sequence[str | None]) -> np.ndarray:
        """Return (books, genres), each row summing to 1; no author is None."""
        rows = [self.features(*book) for book in zip(titles, authors, strict=True)]
        parts = [
            self.model.probabilities(rows[start : start + _CHUNK])
            for start in range(0, len(rows), _CHUNK)
        ]
        return np.concatenate(parts) if parts else np.empty((0, len(self.genres)))

    def save(self, folder: Path) -> None:
        """Write the scorer's two files into ``folder``."""
        kind = next(kind for kind, model in MODELS.items() if isinstance(self.model, model))
        described = {
            "format": 1,
            "name": self.name,
            "model": kind,
            "genres": self.genres,
            "terms": sorted(self.vocabulary, key=self.vocabulary.__getitem__),
        }
        arrays = {field.name: getattr(self.model, field.name) for field in fields(self.model)}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / DESCRIPTION).write_text(json.dumps(described, ensure_ascii=False))
        save_file(
            {name: np.ascontiguousarray(array) for name, array in arrays.items()}
            | {"idf": self.idf},
            folder / WEIGHTS,
        )

    @classmethod
    def load(cls, folder: Path) -> "Scorer":
        """Return the scorer that :meth:`save` wrote into ``folder``."""
        described = json.loads((folder / DESCRIPTION).read_text())
        arrays = load_file(folder / WEIGHTS)
        idf = arrays.pop("idf")
        return cls(
            name=described["name"],
            genres=described["genres"],
            vocabulary={term: index for index, term in enumerate(described["terms"])},
            idf=idf,
            model=MODELS[described["model"]](**arrays),
        )


def predict_genre(scorer: Scorer, title: str, author: str | None) -> list[tuple[str, float]]:
    """Return every genre with its probability, likeliest first."""
    found = scorer.probabilities([title], [author])[0]
    order = np.argsort(-found, kind="stable")
    return [(scorer.genres[at], float(found[at])) for at in order]
