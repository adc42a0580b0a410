"""Hashed n-grams of books: words, word pairs and character n-grams, with TF-IDF, in numpy.

N-grams are hashed, not looked up (Weinberger et al., Feature Hashing, 2009), so counting learns
nothing and is done once for all folds; only the TF-IDF weights are fitted to training rows. All
n-grams of a batch are hashed at once, by a polynomial of their characters modulo 2**64.

scikit-learn's ``HashingVectorizer`` gives the same n-grams, and classifiers as accurate, but hashes
a quarter as many titles a second, and loading a scorer would import scikit-learn; measured by
``make bench NAME=hashed-ngrams``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dustjacket.genres.terms import plain_words

BITS = 21
"""A block has 2**21 buckets; 200,000 titles of a large listing have about 700,000 n-grams."""
_BLOCKS = 3
"""Words, character n-grams, and descriptions: each is scaled to unit length by itself, so that a
long description does not drown a title, and a title without one scores as it always did."""
_FIRST_OF_DESCRIPTIONS = 2 << BITS
_MIN_DESCRIPTIONS = 2  # a word of one description says nothing about others
_SIZES = (3, 4, 5)
_CHUNK, _CHUNK_DESCRIBED = 8192, 1024
MAX_CHARS = 10_000
"""Characters of a text that are read; the rest is left out, so that memory is bounded."""
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
# Saved scorers hold bucket numbers: a change to any constant or formula here breaks them.
_SALTS = {
    name: np.uint64(number * 0xD1342543DE82EF95 % (1 << 64))
    for number, name in enumerate(("word", "pair", "author", "description", "characters"), start=1)
}
_BLANK, _BREAK = ord(" "), ord("\n")


@dataclass(frozen=True)
class NgramCounts:
    """The count of each n-gram in each book: a sparse matrix by rows (CSR).

    Attributes:
        starts: (books + 1,) offset of each book's first n-gram.
        buckets: (n-grams,) ascending within a book; those of words come first.
        counts: (n-grams,).
    """

    starts: np.ndarray
    buckets: np.ndarray
    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def rows(self, books: np.ndarray) -> "NgramCounts":
        """Return the rows with the indices ``books``, in that order."""
        sizes = np.diff(self.starts)[books]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        index = np.arange(starts[-1]) + np.repeat(self.starts[books] - starts[:-1], sizes)
        return NgramCounts(starts, self.buckets[index], self.counts[index])

    def without_descriptions(self, books: np.ndarray) -> "NgramCounts":
        """Return the same rows, less the n-grams of descriptions of (books,) where it is true."""
        kept = self.buckets < _FIRST_OF_DESCRIPTIONS
        kept |= np.repeat(~books, np.diff(self.starts))
        starts = np.concatenate([[0], np.cumsum(kept)])[self.starts]
        return NgramCounts(starts, self.buckets[kept], self.counts[kept])


def count_ngrams(
    titles: Sequence[str],
    authors: Sequence[str | None],
    descriptions: Sequence[str | None] | None = None,
) -> NgramCounts:
    """Return the counts of the n-grams of books.

    Of titles these are words, word pairs, and character n-grams of 3 to 5 characters within a word
    and the blanks around it; of authors and descriptions words, each hashed as a field of its own.
    """
    size = _CHUNK if descriptions is None else _CHUNK_DESCRIBED
    parts = [
        _count(
            titles[start : start + size],
            authors[start : start + size],
            descriptions[start : start + size] if descriptions is not None else None,
        )
        for start in range(0, len(titles), size)
    ]
    return concatenate(parts)


def hash_words(texts: Sequence[str | None]) -> tuple[np.ndarray, np.ndarray]:
    """Return the index of the text that each word is in, and the word's hash of 64 bits."""
    found = [(np.empty(0, np.int64), np.empty(0, np.uint64))]
    with np.errstate(over="ignore"):
        for start in range(0, len(texts), _CHUNK_DESCRIBED):
            text, word = _words(_codes(texts[start : start + _CHUNK_DESCRIBED]))
            found.append((text + start, word))
    texts_of, words = zip(*found, strict=True)
    return np.concatenate(texts_of), np.concatenate(words)


def concatenate(parts: Sequence[NgramCounts]) -> NgramCounts:
    """Return the rows of all ``parts``, one after another."""
    ends = np.cumsum([0, *(len(part.buckets) for part in parts)])
    return NgramCounts(
        np.concatenate(
            [np.zeros(1, np.int64)]
            + [part.starts[1:] + end for part, end in zip(parts, ends[:-1], strict=True)]
        ),
        np.concatenate([np.empty(0, np.uint32), *(part.buckets for part in parts)]),
        np.concatenate([np.empty(0, np.float32), *(part.counts for part in parts)]),
    )


def _count(
    titles: Sequence[str],
    authors: Sequence[str | None],
    descriptions: Sequence[str | None] | None,
) -> NgramCounts:
    with np.errstate(over="ignore"):  # the arithmetic is modulo 2**64
        codes = _codes(titles)
        book, word = _words(codes)
        ngrams = [
            (book, _bucket(word, "word")),
            _pairs(book, word),
            *(_character_ngrams(codes, size) for size in _SIZES),
        ]
        for field, texts, block in (("author", authors, 0), ("description", descriptions, 2)):
            if texts is not None:
                book, word = _words(_codes(texts))
                ngrams.append((book, _bucket(word, field, block)))
    keys = np.concatenate(
        [book.astype(np.uint64) << np.uint64(32) | bucket for book, bucket in ngrams]
    )
    keys, counts = np.unique(keys, return_counts=True)
    books = np.arange(len(titles) + 1, dtype=np.uint64) << np.uint64(32)
    return NgramCounts(
        np.searchsorted(keys, books),
        keys.astype(np.uint32),  # drops the book
        counts.astype(np.float32),
    )


def _codes(texts: Sequence[str | None]) -> np.ndarray:
    """Return the characters of all texts: a blank around each word, a break after each text."""
    lines = "".join(f" {plain_words((text or '')[:MAX_CHARS])} \n" for text in texts)
    return np.frombuffer(lines.encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)


def _words(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the index of the text that each word is in, and the word's hash."""
    is_word = (codes != _BLANK) & (codes != _BREAK)
    edges = np.flatnonzero(is_word[1:] != is_word[:-1]) + 1
    first, last = edges[::2], edges[1::2]
    # A word's hash is a difference of prefix sums, divided by the power at its first character.
    powers = np.cumprod(np.full(len(codes), _BASE, np.uint64))
    inverse_powers = np.cumprod(np.full(len(codes), _INVERSE, np.uint64))
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(codes * powers)])
    return np.cumsum(codes == _BREAK)[first], (sums[last] - sums[first]) * inverse_powers[first]


def _pairs(book: np.ndarray, word: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    in_one_book = book[1:] == book[:-1]
    pairs = _mixed(word[:-1]) * np.uint64(3) + word[1:]
    return book[1:][in_one_book], _bucket(pairs[in_one_book], "pair")


def _character_ngrams(codes: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the book and bucket of each n-gram within a word and the blanks around it."""
    windows = max(len(codes) - size + 1, 0)
    hashed = np.zeros(windows, np.uint64)
    within_word = np.ones(windows, bool)
    for offset in range(size):
        code = codes[offset : offset + windows]
        hashed = hashed * np.uint64(_BASE) + code
        is_edge = offset in (0, size - 1)
        within_word &= code != _BREAK if is_edge else (code != _BREAK) & (code != _BLANK)
    book = np.cumsum(codes == _BREAK)[:windows]
    return book[within_word], _bucket(hashed[within_word], "characters", block=1)


def _bucket(hashed: np.ndarray, field: str, block: int = 0) -> np.ndarray:
    within = _mixed(hashed + _SALTS[field]) >> np.uint64(64 - BITS)
    return np.asarray(within | np.uint64(block << BITS))


def _mixed(value: np.ndarray) -> np.ndarray:
    """Return hashes in which each bit depends on all bits: SplitMix64 (Steele et al. 2014)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(value ^ (value >> np.uint64(31)))


@dataclass(frozen=True)
class TfidfWeights:
    """The vocabulary of training rows, and the IDF of each of its n-grams.

    Attributes:
        buckets: (columns,) ascending.
        idf: (columns,) log((1 + books) / (1 + books with the n-gram)) + 1, as scikit-learn's
            ``TfidfTransformer`` defines it; 1 if IDF is not used.
    """

    buckets: np.ndarray
    idf: np.ndarray

    @classmethod
    def fit(cls, counts: NgramCounts, min_books: int, *, idf: bool = True) -> "TfidfWeights":
        """Fit to training rows.

        Args:
            min_books: leave out n-grams of fewer books, and words of fewer than two descriptions.
            idf: whether rare n-grams weigh more.
        """
        books = np.bincount(counts.buckets, minlength=_BLOCKS << BITS)
        least = np.full(len(books), min_books)
        least[_FIRST_OF_DESCRIPTIONS:] = max(min_books, _MIN_DESCRIPTIONS)
        kept = np.flatnonzero(books >= least)
        weights = np.log((1 + len(counts)) / (1 + books[kept])) + 1
        return cls(
            kept.astype(np.uint32),
            (weights if idf else np.ones(len(kept))).astype(np.float32),
        )

    @cached_property
    def _column(self) -> np.ndarray:
        table = np.full(_BLOCKS << BITS, -1, np.int32)
        table[self.buckets] = np.arange(len(self.buckets), dtype=np.int32)
        return table

    def vectors(self, counts: NgramCounts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return books as rows of a sparse matrix (CSR): starts, columns, values.

        A value is (1 + log count) * IDF. The words of a book are scaled to unit length, and so are
        its character n-grams. N-grams outside the vocabulary are left out.
        """
        column = self._column[counts.buckets]
        in_vocabulary = column >= 0
        starts = np.concatenate([[0], np.cumsum(in_vocabulary)])[counts.starts]
        column = column[in_vocabulary]
        values = (1 + np.log(counts.counts[in_vocabulary])) * self.idf[column]
        block = np.repeat(np.arange(len(counts)) * _BLOCKS, np.diff(starts))
        block += (counts.buckets[in_vocabulary] >> BITS).astype(np.int64)
        squares = np.bincount(block, values * values, minlength=len(counts) * _BLOCKS)
        return starts, column, (values / np.sqrt(squares[block])).astype(np.float32)
