"""Scores of the held-out books of a fold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dustjacket.genres.training_data import TrainingData
from dustjacket.metrics.classification import label_metrics


@dataclass(frozen=True)
class FoldScores:
    """A classifier's scores of the held-out books of a fold.

    Attributes:
        books: (held-out books,) their indices.
        scores: (held-out books, genres): margins, or logarithms of probabilities.
        seconds: of the fit and of scoring.
        memory_mib: for a fit in a task, the peak of its process; for a fit by Spark, the memory of
            all its processes after the fit; 0 for a vote, which is not fitted itself.
    """

    books: np.ndarray
    scores: np.ndarray
    seconds: float
    memory_mib: float = 0.0

    def metrics(self, training_data: TrainingData) -> dict[str, float]:
        """Return accuracy, f1_weighted and f1_macro of the likeliest genres."""
        return label_metrics(training_data.labels[self.books], self.scores.argmax(axis=1))


def merge_folds(scored: Sequence[FoldScores], books: int, genres: int) -> np.ndarray:
    """Return (books, genres) scores, gathered from all folds, in the order of the books."""
    scores = np.zeros((books, genres), np.float32)
    for part in scored:
        scores[part.books] = part.scores
    return scores
