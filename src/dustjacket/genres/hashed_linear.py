"""Linear models on hashed pieces and sentence embeddings, and their votes, without Spark."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from dustjacket.genres.hashed_ngrams import Weights, count
from dustjacket.genres.scores import UNCALIBRATED, Calibration, logarithms, softmax
from dustjacket.genres.sentences import Encoder

_CHUNK = 1024


def as_read(sentences: np.ndarray, embedded: str) -> np.ndarray:
    """Return (rows, dimensions) embeddings as a member reads them.

    Args:
        embedded: "plain", or "by_sign": (rows, 2 * dimensions), positive and negative parts, none
            below 0, as naive Bayes wants them.
    """
    if embedded == "plain":
        return sentences
    return np.hstack([np.maximum(sentences, 0), np.maximum(-sentences, 0)])


@dataclass(frozen=True)
class EnsembleMember:
    """One linear model, alone or in a vote.

    Attributes:
        weights: (columns, genres) of pieces.
        sentences: (dimensions, genres) of embeddings, as they are read; without rows where none.
        bias: (genres,).
        embedded: how embeddings are read: not at all (empty), "plain" or "by_sign".
        margins: whether its scores are margins; else they are logarithms of odds.
        calibration: of its vote; None where it is alone, and its scores are those of the model.
    """

    weights: np.ndarray
    sentences: np.ndarray
    bias: np.ndarray
    embedded: str
    margins: bool
    calibration: Calibration | None = None


@dataclass(frozen=True)
class Hashed:
    """One member, or the vote of several: the mean of their calibrated probabilities.

    Attributes:
        weights: of pieces, the same for all members.
        members: one or more.
        encoder: what embeds titles, where a member reads embeddings.
        described: whether descriptions are read.
    """

    KIND: ClassVar[str] = "hashed"

    weights: Weights
    members: tuple[EnsembleMember, ...]
    encoder: Encoder | None
    described: bool

    def scores(
        self,
        titles: Sequence[str],
        authors: Sequence[str | None],
        *,
        descriptions: Sequence[str | None] | None = None,
        sentences: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return (books, genres): margins, or logarithms of probabilities.

        Args:
            descriptions: read where the model has learnt of them.
            sentences: (books, dimensions), where they are known already.
        """
        if self.encoder and sentences is None:
            sentences = self.encoder.encode(titles, authors)
        parts = []
        for start in range(0, len(titles), _CHUNK):
            part = slice(start, start + _CHUNK)
            counts = count(
                titles[part],
                authors[part],
                descriptions[part] if self.described and descriptions is not None else None,
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
        """Return all arrays, by name."""
        found = {"buckets": self.weights.buckets, "idf": self.weights.idf}
        for number, member in enumerate(self.members):
            for name in ("weights", "sentences", "bias"):
                found[f"{number}.{name}"] = getattr(member, name)
        return found

    def description(self) -> dict[str, Any]:
        """Return all that is no array, as JSON holds it."""
        return {
            "described": self.described,
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
    def restored(cls, described: dict[str, Any], arrays: dict[str, np.ndarray]) -> "Hashed":
        """Return what :meth:`description` and :meth:`arrays` were taken of."""
        members = tuple(
            EnsembleMember(
                arrays[f"{number}.weights"],
                arrays[f"{number}.sentences"],
                arrays[f"{number}.bias"],
                member["embedded"],
                member["margins"],
                Calibration(**member["calibration"]) if member["calibration"] else None,
            )
            for number, member in enumerate(described["members"])
        )
        return cls(
            Weights(arrays["buckets"], arrays["idf"]),
            members,
            Encoder(**described["encoder"]) if described["encoder"] else None,
            described["described"],
        )


def _score(
    member: EnsembleMember,
    vectors: tuple[np.ndarray, np.ndarray, np.ndarray],
    sentences: np.ndarray | None,
) -> np.ndarray:
    starts, columns, values = vectors
    scores = np.zeros((len(starts) - 1, len(member.bias)), np.float32)
    if len(columns):
        # A book's own rows and no other, for numpy adds in an order that depends on their number.
        weighed = member.weights[columns] * values[:, None]
        has_known = np.diff(starts) > 0
        scores[has_known] = np.add.reduceat(weighed, starts[:-1][has_known], axis=0)
    scores = scores + member.bias
    if member.embedded and sentences is not None:
        scores = scores + as_read(sentences, member.embedded) @ member.sentences
    return scores if member.margins else logarithms(softmax(scores))
