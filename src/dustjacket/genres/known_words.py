"""The words of training books: a classifier has nothing to go by where it knows none of a book."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dustjacket.genres.hashed_ngrams import hash_words

_MIN_BOOKS = 2  # one book's own word is no evidence on another


@dataclass(frozen=True)
class KnownWords:
    """The words that occur in two training books or more.

    They are not looked up among a model's n-grams: a new word may fall into a known one's bucket.

    Attributes:
        hashes: of the words, 64 bits each, ascending.
    """

    hashes: np.ndarray

    @classmethod
    def of(cls, titles: Sequence[str], descriptions: Sequence[str | None] | None) -> "KnownWords":
        """Return the words of training books; ``descriptions`` is None if none are learnt."""
        return cls(_frequent(_book_words(titles, descriptions)[1]))

    def occur_in(
        self, titles: Sequence[str], descriptions: Sequence[str | None] | None = None
    ) -> np.ndarray:
        """Return (books,) whether a word of each title or description is known."""
        book, word = _book_words(titles, descriptions)
        return _any_of(book, word, self.hashes, len(titles))


def known_out_of_fold(
    titles: Sequence[str], descriptions: Sequence[str | None] | None, folds: np.ndarray
) -> np.ndarray:
    """Return (books,) whether a word of each book is known from the books of the other folds."""
    book, word = _book_words(titles, descriptions)
    known = np.zeros(len(titles), bool)
    for fold in np.unique(folds):
        held_out = folds[book] == fold
        words = _frequent(word[~held_out])
        known |= _any_of(book[held_out], word[held_out], words, len(titles))
    return known


def _book_words(
    titles: Sequence[str], descriptions: Sequence[str | None] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct words of each book: the index of the book, and the word's hash."""
    fields = [hash_words(texts) for texts in (titles, descriptions) if texts is not None]
    book, word = (np.concatenate(part) for part in zip(*fields, strict=True))
    order = np.lexsort((word, book))
    book, word = book[order], word[order]
    is_first = np.ones(len(book), bool)
    is_first[1:] = (book[1:] != book[:-1]) | (word[1:] != word[:-1])
    return book[is_first], word[is_first]


def _frequent(words: np.ndarray) -> np.ndarray:
    distinct, books = np.unique(words, return_counts=True)
    return np.asarray(distinct[books >= _MIN_BOOKS])


def _any_of(book: np.ndarray, word: np.ndarray, words: np.ndarray, books: int) -> np.ndarray:
    found = np.zeros(books, bool)
    if len(words):
        at = np.minimum(np.searchsorted(words, word), len(words) - 1)
        found[book[words[at] == word]] = True
    return found
