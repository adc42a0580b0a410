"""Answers of a classifier: genres with probabilities, and whether it is sure of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np

NEVER = 2.0
"""A threshold above every probability: a classifier that is sure of nothing."""

Doubt = Literal["unlikely", "unproven", "unknown"]
"""Why a classifier is not sure: the probability is too low; no probability was proven to be right
often enough, as there were too few books; or it knows no word of the book."""
DOUBTS: tuple[Doubt | None, ...] = (None, "unlikely", "unproven", "unknown")
"""By the codes in :attr:`Predictions.doubts`."""
_STATEMENTS: dict[Doubt, str] = {
    "unlikely": "Not sure: the likeliest genre may well be wrong.",
    "unproven": "Not proven: there are too few books to tell how often such an answer is right.",
    "unknown": "Not sure: no word of this title is known, so the answer is a guess.",
}


@dataclass(frozen=True)
class Abstention:
    """The rule of when a classifier is sure; see :mod:`dustjacket.genres.abstention`.

    Attributes:
        threshold: the least probability of a genre that it is sure of, from title and author.
        described_threshold: the same where a description is read too.
        max_error: the stated share of wrong genres among those; None: nothing is stated, as in
            classifiers of earlier releases.
        confidence: the probability with which the share holds.
    """

    threshold: float = 0.0
    described_threshold: float = 0.0
    max_error: float | None = None
    confidence: float = 0.95

    def explain(self, doubt: Doubt | None) -> str:
        """Return a line on whether the classifier is sure: why not, or the error that it states."""
        if doubt:
            return _STATEMENTS[doubt]
        if self.max_error is None:
            return "This classifier states no error: it was selected by an earlier release."
        return f"Sure: at most {self.max_error:.0%} of the genres that it is sure of are wrong."


ALWAYS_SURE = Abstention()
"""The rule of a classifier that states no error."""


@dataclass(frozen=True)
class GenreAnswer:
    """The genre of one book.

    Attributes:
        genre: the likeliest, even if the classifier is not sure of it.
        probability: of that genre.
        alternatives: other genres with their probabilities, likeliest first.
        sure: whether the classifier is sure of the genre: its stated error holds among the books
            of which it is. It never is where it knows no word of the title or description.
        doubt: why it is not sure; None if it is.
        subjects: with their probabilities, likeliest first; empty without ``labels=many``.
    """

    genre: str
    probability: float
    alternatives: tuple[tuple[str, float], ...]
    sure: bool
    subjects: tuple[tuple[str, float], ...] = ()
    doubt: Doubt | None = None

    @property
    def ranked(self) -> list[tuple[str, float]]:
        """The genre and its alternatives, likeliest first."""
        return [(self.genre, self.probability), *self.alternatives]


@dataclass(frozen=True)
class Predictions:
    """The genres of many books.

    Attributes:
        genres: in the order of the probabilities.
        probabilities: (books, genres), each row summing to 1.
        doubts: (books,) codes of :data:`DOUBTS`: 0 where the classifier is sure of the likeliest.
        subjects: of each book; None without ``labels=many``.
    """

    genres: Sequence[str]
    probabilities: "np.ndarray"
    doubts: "np.ndarray"
    subjects: Sequence[tuple[tuple[str, float], ...]] | None = None

    @property
    def sure(self) -> "np.ndarray":
        """(books,) whether the classifier is sure of the likeliest genre."""
        sure: np.ndarray = self.doubts == 0
        return sure

    def answers(self, alternatives: int | None = None) -> list[GenreAnswer]:
        """Return an answer for each book.

        Args:
            alternatives: the number of other genres in each; None: all.
        """
        import numpy as np

        top = len(self.genres) if alternatives is None else alternatives + 1
        order = np.argsort(-self.probabilities, axis=1, kind="stable")[:, :top]
        shares = np.take_along_axis(self.probabilities, order, axis=1)
        answers = []
        subjects = [()] * len(order) if self.subjects is None else self.subjects
        rows = zip(order, shares.tolist(), self.doubts.tolist(), subjects, strict=True)
        for columns, values, code, assigned in rows:
            (genre, probability), *others = zip(
                [self.genres[column] for column in columns], values, strict=True
            )
            answers.append(
                GenreAnswer(genre, probability, tuple(others), code == 0, assigned, DOUBTS[code])
            )
        return answers
