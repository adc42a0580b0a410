"""Models on counts of terms, fitted by Spark, in numpy and without Spark."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from dustjacket.genres.scores import logarithms, softmax
from dustjacket.genres.terms import book_terms

_CHUNK = 1024

SparseRow = tuple[np.ndarray, np.ndarray]
"""One book as features: the indices of its terms, and their values."""


@dataclass(frozen=True)
class LinearModel:
    """Naive Bayes or logistic regression: the softmax of a weighted sum.

    Attributes:
        weights: (terms, genres); for naive Bayes the log-likelihood of each term.
        bias: (genres,); for naive Bayes the log-prior of each genre.
    """

    weights: np.ndarray
    bias: np.ndarray

    def probabilities(self, rows: Sequence[SparseRow]) -> np.ndarray:
        """Return (rows, genres)."""
        scores = np.stack([values @ self.weights[index] for index, values in rows]) + self.bias
        return softmax(scores)


@dataclass(frozen=True)
class ForestModel:
    """A random forest: the mean of the class distributions in its trees' leaves.

    The nodes of all trees are in one table; both children of a leaf are the leaf itself.

    Attributes:
        selected: (columns,) the indices of the terms that the trees use.
        roots: (trees,) the root node of each tree.
        column: (nodes,) the index in ``selected`` that a node tests.
        threshold: (nodes,) values up to this go left.
        left: (nodes,) child.
        right: (nodes,) child.
        leaf: (nodes, genres) the class distribution of a leaf.
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

    def probabilities(self, rows: Sequence[SparseRow]) -> np.ndarray:
        """Return (rows, genres)."""
        column_of = {int(term): column for column, term in enumerate(self.selected)}
        table = np.zeros((len(rows), len(self.selected)))
        for number, (index, values) in enumerate(rows):
            for term, value in zip(index, values, strict=True):
                if (column := column_of.get(int(term))) is not None:
                    table[number, column] = value
        nodes = np.tile(self.roots, (len(rows), 1))
        numbers = np.arange(len(rows))[:, None]
        for _ in range(int(self.depth[0])):
            goes_left = table[numbers, self.column[nodes]] <= self.threshold[nodes]
            nodes = np.where(goes_left, self.left[nodes], self.right[nodes])
        return np.asarray(self.leaf[nodes].mean(axis=1))


_HEADS: dict[str, type[LinearModel | ForestModel]] = {"linear": LinearModel, "forest": ForestModel}


@dataclass(frozen=True)
class BagOfWords:
    """A model on counts of the terms of a vocabulary.

    Attributes:
        vocabulary: the index of each term.
        idf: (terms,) the inverse document frequency of each term, or 1.
        head: maps features to probabilities.
    """

    KIND: ClassVar[str] = "counted"
    encoder: ClassVar[None] = None
    use_descriptions: ClassVar[bool] = False

    vocabulary: dict[str, int]
    idf: np.ndarray
    head: LinearModel | ForestModel

    def features(self, title: str, author: str | None) -> SparseRow:
        """Return the counts of a book's terms times their IDF, scaled to unit length."""
        terms = book_terms(title, author)
        counts = Counter(self.vocabulary[term] for term in terms if term in self.vocabulary)
        index = np.fromiter(counts, dtype=np.int64, count=len(counts))
        values = np.fromiter(counts.values(), dtype=float, count=len(counts)) * self.idf[index]
        length = np.sqrt(values @ values)
        return index, values / length if length else values

    def scores(
        self,
        titles: Sequence[str],
        authors: Sequence[str | None],
        *,
        descriptions: Sequence[str | None] | None = None,  # noqa: ARG002  # terms are never theirs
        sentences: np.ndarray | None = None,  # noqa: ARG002
    ) -> np.ndarray:
        """Return (books, genres): logarithms of probabilities."""
        rows = [self.features(*book) for book in zip(titles, authors, strict=True)]
        parts = [
            self.head.probabilities(rows[start : start + _CHUNK])
            for start in range(0, len(rows), _CHUNK)
        ]
        return logarithms(np.concatenate(parts))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all arrays, by the names in the saved file."""
        return {"idf": self.idf} | {
            field.name: getattr(self.head, field.name) for field in fields(self.head)
        }

    def description(self) -> dict[str, Any]:
        """Return everything but the arrays, as JSON."""
        return {
            "head": next(name for name, head in _HEADS.items() if isinstance(self.head, head)),
            "terms": sorted(self.vocabulary, key=self.vocabulary.__getitem__),
        }

    @classmethod
    def restore(cls, description: dict[str, Any], arrays: dict[str, np.ndarray]) -> "BagOfWords":
        """Return the model that :meth:`description` and :meth:`arrays` came from."""
        head = {name: array for name, array in arrays.items() if name != "idf"}
        vocabulary = {term: index for index, term in enumerate(description["terms"])}
        return cls(vocabulary, arrays["idf"], _HEADS[description["head"]](**head))
