"""Linear models on hashed n-grams and sentence embeddings, and their vote, without Spark."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from dustjacket.genres.hashed_ngrams import TfidfWeights, count_ngrams
from dustjacket.genres.scores import UNCALIBRATED, Calibration, logarithms, softmax
from dustjacket.genres.sentences import Encoder

_CHUNK = 1024


def embedding_features(sentences: np.ndarray, mode: str) -> np.ndarray:
    """Return the features that a model makes of (rows, dimensions) embeddings.

    Args:
        mode: "plain", or "by_sign": (rows, 2 * dimensions), the positive and the negative parts,
            none below 0, as naive Bayes needs them.
    """
    if mode == "plain":
        return sentences
    return np.hstack([np.maximum(sentences, 0), np.maximum(-sentences, 0)])


@dataclass(frozen=True)
class EnsembleMember:
    """One linear model, alone or in a vote.

    Attributes:
        weights: (columns, genres) of n-grams.
        sentences: (dimensions, genres) of :func:`embedding_features`; no rows if there are none.
        bias: (genres,).
        embedded: the mode of :func:`embedding_features`; empty: no embeddings.
        margins: whether scores are margins; otherwise they are logarithms of odds.
        calibration: of its vote; None if it is alone, and its scores are those of the model.
    """

    weights: np.ndarray
    sentences: np.ndarray
    bias: np.ndarray
    embedded: str
    margins: bool
    calibration: Calibration | None = None


@dataclass(frozen=True)
class HashedLinear:
    """One linear model, or the vote of several: the mean of their calibrated probabilities.

    Attributes:
        weights: of n-grams, shared by all members.
        members: one or more.
        encoder: embeds titles, if a member uses embeddings.
        use_descriptions: whether n-grams include words of descriptions.
    """

    KIND: ClassVar[str] = "hashed"

    weights: TfidfWeights
    members: tuple[EnsembleMember, ...]
    encoder: Encoder | None
    use_descriptions: bool

    def scores(
        self,
        titles: Sequence[str],
        authors: Sequence[str | None],
        *,
        descriptions: Sequence[str | None] | None = None,
        sentences: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return (books, genres) margins, or logarithms of probabilities.

        Args:
            descriptions: ignored unless the model was trained with them.
            sentences: (books, dimensions) embeddings, if they are computed already.
        """
        if self.encoder and sentences is None:
            sentences = self.encoder.encode(titles, authors)
        parts = []
        for start in range(0, len(titles), _CHUNK):
            part = slice(start, start + _CHUNK)
            counts = count_ngrams(
                titles[part],
                authors[part],
                descriptions[part] if self.use_descriptions and descriptions is not None else None,
            )
            vectors = self.weights.vectors(counts)
            embedded = None if sentences is None else sentences[part].astype(np.float32)
            parts.append(self._scores(vectors, embedded))
        return np.concatenate(parts)

    def _scores(
        self, vectors: tuple[np.ndarray, np.ndarray, np.ndarray], sentences: np.ndarray | None
    ) -> np.ndarray:
        if len(self.members) == 1:
            return _score(self.members[0], vectors, sentences)
        votes = [
            (member.calibration or UNCALIBRATED).probabilities(_score(member, vectors, sentences))
            for member in self.members
        ]
        return logarithms(np.mean(votes, axis=0))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all arrays, by the names in the saved file."""
        arrays = {"buckets": self.weights.buckets, "idf": self.weights.idf}
        for number, member in enumerate(self.members):
            for name in ("weights", "sentences", "bias"):
                arrays[f"{number}.{name}"] = getattr(member, name)
        return arrays

    def description(self) -> dict[str, Any]:
        """Return everything but the arrays, as JSON."""
        return {
            "descriptions": self.use_descriptions,
            "encoder": self.encoder.description() if self.encoder else None,
            "members": [
                {
                    "embedded": member.embedded,
                    "margins": member.margins,
                    "calibration": asdict(member.calibration) if member.calibration else None,
                }
                for member in self.members
            ],
        }

    @classmethod
    def restore(cls, description: dict[str, Any], arrays: dict[str, np.ndarray]) -> "HashedLinear":
        """Return the model that :meth:`description` and :meth:`arrays` came from."""
        members = tuple(
            EnsembleMember(
                arrays[f"{number}.weights"],
                arrays[f"{number}.sentences"],
                arrays[f"{number}.bias"],
                member["embedded"],
                member["margins"],
                Calibration(**member["calibration"]) if member["calibration"] else None,
            )
            for number, member in enumerate(description["members"])
        )
        return cls(
            TfidfWeights(arrays["buckets"], arrays["idf"]),
            members,
            Encoder(**description["encoder"]) if description["encoder"] else None,
            # Format 2 hashed descriptions in another way: its classifiers go by titles alone.
            description.get("descriptions", False),
        )


def _score(
    member: EnsembleMember,
    vectors: tuple[np.ndarray, np.ndarray, np.ndarray],
    sentences: np.ndarray | None,
) -> np.ndarray:
    starts, columns, values = vectors
    scores = np.zeros((len(starts) - 1, len(member.bias)), np.float32)
    if len(columns):
        # Sums over a book's own rows: a matrix product would add in an order that depends on the
        # number of books, and so round differently.
        weighted = member.weights[columns] * values[:, None]
        has_ngrams = np.diff(starts) > 0
        scores[has_ngrams] = np.add.reduceat(weighted, starts[:-1][has_ngrams], axis=0)
    scores = scores + member.bias
    if member.embedded and sentences is not None:
        scores = scores + embedding_features(sentences, member.embedded) @ member.sentences
    return scores if member.margins else logarithms(softmax(scores))
