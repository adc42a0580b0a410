"""What is written of a record: a subject, or why there is none."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from dustjacket.genres.answers import GenreAnswer
from dustjacket.genres.scorer import Scorer
from dustjacket.records.record import BookRecord

COLUMNS = ("subject", "probability", "alternatives", "not_sure", "model_version", "reason")
"""Columns that tables get."""
ALTERNATIVES = 2
_BATCH_ROWS, _BATCH_BYTES = 4096, 16 << 20
_DIGITS = 4
Item = TypeVar("Item")
Predict = Callable[[Sequence[BookRecord]], list[GenreAnswer]]
Cell = str | float


@dataclass(frozen=True, slots=True)
class Label:
    """The label of one record.

    Attributes:
        answer: None if the record is rejected.
        version: of the classifier.
        reason: of the rejection, or empty.
    """

    answer: GenreAnswer | None
    version: str
    reason: str = ""

    @property
    def subject(self) -> str:
        """The subject; empty where the classifier is not sure, or the record is rejected."""
        return self.answer.genre if self.answer and self.answer.sure else ""

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The values of ``COLUMNS``.

        Where the classifier is not sure, its likeliest subject is the first of the alternatives.
        """
        if self.answer is None:
            return ("", "", "", "", "", self.reason)
        others = self.answer.alternatives if self.answer.sure else self.answer.ranked
        return (
            self.subject,
            round(self.answer.probability, _DIGITS) if self.answer.sure else "",
            "; ".join(f"{genre} {share:.2f}" for genre, share in others[:ALTERNATIVES]),
            "no" if self.answer.sure else "yes",
            self.version,
            self.reason,
        )


@dataclass(frozen=True)
class Labeller:
    """Labels records in batches.

    Attributes:
        predict: returns an answer for each book.
        version: of the classifier, as ``<kind>/<version>``.
        subjects: all that it knows.
    """

    predict: Predict
    version: str
    subjects: Sequence[str]

    @classmethod
    def of(cls, scorer: Scorer, version: str) -> "Labeller":
        """Return the labeller of a published classifier."""

        def predict(books: Sequence[BookRecord]) -> list[GenreAnswer]:
            predictions = scorer.predict(
                [book.title for book in books],
                [book.author or None for book in books],
                descriptions=[book.description or None for book in books],
            )
            return predictions.answers(ALTERNATIVES)

        return cls(predict, version, scorer.genres)

    def labelled(
        self, items: Iterable[tuple[Item, BookRecord | str, int]]
    ) -> Iterator[tuple[Item, Label]]:
        """Yield each item with its label; memory is bounded by a batch.

        Args:
            items: each with its book, or the reason why there is none, and its size in bytes.
        """
        batch: list[tuple[Item, BookRecord | str]] = []
        size = 0
        for item, book, bytes_ in items:
            batch.append((item, book))
            size += bytes_
            if len(batch) == _BATCH_ROWS or size >= _BATCH_BYTES:
                yield from self._batch(batch)
                batch, size = [], 0
        yield from self._batch(batch)

    def _batch(
        self, batch: Sequence[tuple[Item, BookRecord | str]]
    ) -> Iterator[tuple[Item, Label]]:
        books = [book for _, book in batch if not isinstance(book, str)]
        answers = iter(self.predict(books) if books else ())
        for item, book in batch:
            if isinstance(book, str):
                yield item, Label(None, self.version, book)
            else:
                yield item, Label(next(answers), self.version)
