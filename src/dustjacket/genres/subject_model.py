"""Several subjects a book: a linear model for each subject, without Spark and scikit-learn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dustjacket.genres.hashed_ngrams import TfidfWeights, count_ngrams

_CHUNK = 1024
_ARRAYS = ("starts", "columns", "values", "bias", "thresholds")


@dataclass(frozen=True)
class SubjectModel:
    """Assigns any number of subjects to a book, also none.

    Attributes:
        subjects: names, in the order of all columns.
        weights: of n-grams.
        starts, columns, values: (n-grams, subjects) weights as a sparse matrix by rows (CSR).
        bias: (subjects,).
        thresholds: (subjects,) the least probability at which a subject is assigned.
        slope, offset: of the sigmoid that makes probabilities of margins (Platt 1999).
    """

    subjects: Sequence[str]
    weights: TfidfWeights
    starts: np.ndarray
    columns: np.ndarray
    values: np.ndarray
    bias: np.ndarray
    thresholds: np.ndarray
    slope: float
    offset: float

    def probabilities(
        self,
        titles: Sequence[str],
        authors: Sequence[str | None],
        descriptions: Sequence[str | None] | None = None,
    ) -> np.ndarray:
        """Return (books, subjects), each from 0 to 1 by itself."""
        parts = [np.empty((0, len(self.subjects)))]
        for start in range(0, len(titles), _CHUNK):
            part = slice(start, start + _CHUNK)
            counts = count_ngrams(
                titles[part], authors[part], None if descriptions is None else descriptions[part]
            )
            margins = self._margins(*self.weights.vectors(counts))
            parts.append(sigmoid(self.slope * margins + self.offset))
        return np.concatenate(parts)

    def assigned(self, probabilities: np.ndarray) -> list[tuple[tuple[str, float], ...]]:
        """Return each book's subjects with their probabilities, likeliest first."""
        found = []
        for row in probabilities:
            columns = np.flatnonzero(row >= self.thresholds)
            ranked = columns[np.argsort(-row[columns], kind="stable")]
            found.append(tuple((self.subjects[at], float(row[at])) for at in ranked))
        return found

    def _margins(self, starts: np.ndarray, ngrams: np.ndarray, values: np.ndarray) -> np.ndarray:
        sizes = self.starts[ngrams + 1] - self.starts[ngrams]
        ends = np.cumsum(sizes)
        index = np.arange(ends[-1] if len(ends) else 0)
        index += np.repeat(self.starts[ngrams] - (ends - sizes), sizes)
        book = np.repeat(np.repeat(np.arange(len(starts) - 1), np.diff(starts)), sizes)
        cells = book * len(self.subjects) + self.columns[index]
        sums = np.bincount(
            cells,
            self.values[index] * np.repeat(values, sizes),
            minlength=(len(starts) - 1) * len(self.subjects),
        )
        return np.asarray(sums.reshape(-1, len(self.subjects)) + self.bias)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all arrays, by the names in the saved file."""
        own = {name: getattr(self, name) for name in _ARRAYS}
        return {**own, "buckets": self.weights.buckets, "idf": self.weights.idf}

    def description(self) -> dict[str, Any]:
        """Return everything but the arrays, as JSON."""
        return {"subjects": [*self.subjects], "slope": self.slope, "offset": self.offset}

    @classmethod
    def restore(cls, description: dict[str, Any], arrays: dict[str, np.ndarray]) -> "SubjectModel":
        """Return the model that :meth:`description` and :meth:`arrays` came from."""
        own: dict[str, Any] = {name: arrays[name] for name in _ARRAYS}
        return cls(weights=TfidfWeights(arrays["buckets"], arrays["idf"]), **own, **description)


def sigmoid(scores: np.ndarray) -> np.ndarray:
    """Return probabilities of logarithms of odds."""
    return np.asarray(np.exp(-np.logaddexp(0, -scores)))
