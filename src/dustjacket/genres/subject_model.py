"""Several subjects a book: a linear model for each subject, without Spark and scikit-learn."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from dustjacket.errors import CorruptVersionError
from dustjacket.genres.hashed_ngrams import BITS, NgramCounts, TfidfWeights, count_ngrams
from dustjacket.genres.sentences import Encoder

_CHUNK = 1024
_ARRAYS = ("starts", "columns", "values", "sentences", "bias", "thresholds")


@dataclass(frozen=True)
class SubjectTexts:
    """What is read of books.

    Title and description are one text: its words count alike, wherever they stand. Authors are
    apart, so that their few words weigh as much as a long text.

    Attributes:
        ngrams: of title and description: words, pairs and pieces of words.
        authors: of authors; words and pairs are used.
        sentences: (books, dimensions) embeddings of title and description; None without a model.
    """

    ngrams: NgramCounts
    authors: NgramCounts
    sentences: np.ndarray | None

    @classmethod
    def of(
        cls,
        titles: Sequence[str],
        authors: Sequence[str | None],
        descriptions: Sequence[str | None] | None,
        encoder: Encoder | None,
    ) -> "SubjectTexts":
        """Read books; of a text the first 10,000 characters count."""
        read = descriptions or [None] * len(titles)
        texts = [
            f"{title} {more}" if more else title for title, more in zip(titles, read, strict=True)
        ]
        nobody = [None] * len(titles)
        return cls(
            count_ngrams(texts, nobody),
            count_ngrams([author or "" for author in authors], nobody),
            encoder.encode(texts, nobody).astype(np.float32) if encoder and texts else None,
        )


def author_weights(counts: NgramCounts) -> TfidfWeights:
    """Return weights of the words and pairs of authors, without pieces of words."""
    weights = TfidfWeights.fit(counts, 1)
    words = weights.buckets < 1 << BITS
    return TfidfWeights(weights.buckets[words], weights.idf[words])


@dataclass(frozen=True)
class SubjectModel:
    """Assigns any number of subjects to a book, also none.

    Attributes:
        subjects: names, in the order of all columns.
        weights: of n-grams of texts.
        author_weights: of n-grams of authors.
        starts, columns, values: (n-grams of texts, then of authors; subjects) weights as a sparse
            matrix by rows (CSR).
        sentences: (dimensions, subjects) weights of embeddings; no rows without a sentence model.
        bias: (subjects,).
        thresholds: (subjects,) the least probability at which a subject is assigned.
        encoder: the sentence model.
        slope, offset: of the sigmoid that makes probabilities of margins (Platt 1999).
    """

    subjects: Sequence[str]
    weights: TfidfWeights
    author_weights: TfidfWeights
    starts: np.ndarray
    columns: np.ndarray
    values: np.ndarray
    sentences: np.ndarray
    bias: np.ndarray
    thresholds: np.ndarray
    encoder: Encoder | None
    slope: float
    offset: float

    def probabilities(
        self,
        titles: Sequence[str],
        authors: Sequence[str | None],
        descriptions: Sequence[str | None] | None = None,
    ) -> np.ndarray:
        """Return (books, subjects), each from 0 to 1 by itself.

        Raises:
            NotReadyError: the weights of the sentence model are missing.
            CorruptVersionError: they are not those of training.
        """
        parts = [np.empty((0, len(self.subjects)))]
        for start in range(0, len(titles), _CHUNK):
            part = slice(start, start + _CHUNK)
            read = None if descriptions is None else descriptions[part]
            texts = SubjectTexts.of(titles[part], authors[part], read, self.encoder)
            parts.append(sigmoid(self.slope * self.margins(texts) + self.offset))
        return np.concatenate(parts)

    def margins(self, texts: SubjectTexts) -> np.ndarray:
        """Return (books, subjects) margins."""
        found = self._sums(0, *self.weights.vectors(texts.ngrams)) + self.bias
        first = len(self.weights.buckets)
        found += self._sums(first, *self.author_weights.vectors(texts.authors))
        if texts.sentences is not None:
            found += texts.sentences @ self.sentences
        return np.asarray(found)

    def assigned(self, probabilities: np.ndarray) -> list[tuple[tuple[str, float], ...]]:
        """Return each book's subjects with their probabilities, likeliest first."""
        found = []
        for row in probabilities:
            columns = np.flatnonzero(row >= self.thresholds)
            ranked = columns[np.argsort(-row[columns], kind="stable")]
            found.append(tuple((self.subjects[at], float(row[at])) for at in ranked))
        return found

    def _sums(
        self, first: int, starts: np.ndarray, ngrams: np.ndarray, values: np.ndarray
    ) -> np.ndarray:
        """Return (books, subjects) sums of weights; those of the n-grams begin at row ``first``."""
        ngrams = ngrams + first
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
        return np.asarray(sums.reshape(-1, len(self.subjects)))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all arrays, by the names in the saved file."""
        own: dict[str, np.ndarray] = {name: getattr(self, name) for name in _ARRAYS}
        for name in ("weights", "author_weights"):
            weights: TfidfWeights = getattr(self, name)
            own |= {f"{name}.buckets": weights.buckets, f"{name}.idf": weights.idf}
        return own

    def description(self) -> dict[str, Any]:
        """Return everything but the arrays, as JSON."""
        return {
            "subjects": [*self.subjects],
            "encoder": self.encoder and asdict(self.encoder),
            "slope": self.slope,
            "offset": self.offset,
        }

    @classmethod
    def restore(cls, description: dict[str, Any], arrays: dict[str, np.ndarray]) -> "SubjectModel":
        """Return the model that :meth:`description` and :meth:`arrays` came from.

        Raises:
            CorruptVersionError: it was made before authors and texts were apart.
        """
        if "author_weights.idf" not in arrays:
            raise CorruptVersionError(
                "the classifier's subjects were learnt in another way: run select_classifier again"
            )
        own: dict[str, Any] = {name: arrays[name] for name in _ARRAYS}
        for name in ("weights", "author_weights"):
            own[name] = TfidfWeights(arrays[f"{name}.buckets"], arrays[f"{name}.idf"])
        encoder = description["encoder"]
        return cls(**description | {"encoder": encoder and Encoder(**encoder)}, **own)


def sigmoid(scores: np.ndarray) -> np.ndarray:
    """Return probabilities of logarithms of odds."""
    return np.asarray(np.exp(-np.logaddexp(0, -scores)))
