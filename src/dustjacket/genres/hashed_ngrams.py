"""Books as hashed pieces: words, word pairs and pieces of words; counted and weighted in numpy.

Pieces are hashed rather than looked up (Weinberger et al., 2009), so that counting needs nothing
learnt and is done once for all folds; what is learnt of training rows are the weights alone. All
pieces of a batch are hashed at once: a polynomial of their characters modulo 2**64.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dustjacket.splits import normalise

BITS = 21
"""A block has 2**21 buckets; the 200,000 titles of a large listing have about 700,000 pieces."""
_BLOCKS = 2  # words, and pieces of words: each a vector of unit length
_SIZES = (3, 4, 5)
_CHUNK = 8192
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
_SALTS = {
    name: np.uint64(number * 0xD1342543DE82EF95 % (1 << 64))
    for number, name in enumerate(("word", "pair", "author", "description", "piece"), start=1)
}
_BLANK, _BREAK = ord(" "), ord("\n")


@dataclass(frozen=True)
class Counts:
    """How often each piece is in each book: a sparse matrix by rows.

    Attributes:
        starts: (books + 1,) where a book's pieces begin.
        buckets: (pieces,) ascending within a book; those of words come first.
        counts: (pieces,).
    """

    starts: np.ndarray
    buckets: np.ndarray
    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def rows(self, which: np.ndarray) -> "Counts":
        """Return the books at the positions ``which``, in that order."""
        sizes = np.diff(self.starts)[which]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        at = np.arange(starts[-1]) + np.repeat(self.starts[which] - starts[:-1], sizes)
        return Counts(starts, self.buckets[at], self.counts[at])


def count(
    titles: Sequence[str],
    authors: Sequence[str | None],
    descriptions: Sequence[str | None] | None = None,
) -> Counts:
    """Return the pieces of books.

    Of titles those are words, word pairs, and runs of 3 to 5 characters of a word and the blanks
    around it; of authors and descriptions words, each a field of its own.
    """
    parts = [
        _count(
            titles[start : start + _CHUNK],
            authors[start : start + _CHUNK],
            descriptions[start : start + _CHUNK] if descriptions is not None else None,
        )
        for start in range(0, len(titles), _CHUNK)
    ]
    return joined(parts)


def joined(parts: Sequence[Counts]) -> Counts:
    """Return the books of all ``parts``, one after another."""
    ends = np.cumsum([0, *(len(part.buckets) for part in parts)])
    return Counts(
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
) -> Counts:
    with np.errstate(over="ignore"):  # the arithmetic is modulo 2**64
        title = _codes(titles)
        book, word = _words(title)
        found = [
            (book, _bucket(word, "word")),
            _pairs(book, word),
            *(_pieces(title, size) for size in _SIZES),
        ]
        for field, texts in (("author", authors), ("description", descriptions)):
            if texts is not None:
                book, word = _words(_codes(texts))
                found.append((book, _bucket(word, field)))
    keys = np.concatenate([book.astype(np.uint64) << np.uint64(32) | at for book, at in found])
    keys, counts = np.unique(keys, return_counts=True)
    books = np.arange(len(titles) + 1, dtype=np.uint64) << np.uint64(32)
    return Counts(
        np.searchsorted(keys, books),
        keys.astype(np.uint32),  # drops the book
        counts.astype(np.float32),
    )


def _codes(texts: Sequence[str | None]) -> np.ndarray:
    """Return the characters of all texts: a blank around each word, a break after each text."""
    lines = "".join(f" {normalise(text)} \n" for text in texts)
    return np.frombuffer(lines.encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)


def _words(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the text that each word is in, and the word's hash."""
    is_word = (codes != _BLANK) & (codes != _BREAK)
    edges = np.flatnonzero(is_word[1:] != is_word[:-1]) + 1
    first, last = edges[::2], edges[1::2]
    powers = np.cumprod(np.full(len(codes), _BASE, np.uint64))
    back = np.cumprod(np.full(len(codes), _INVERSE, np.uint64))
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(codes * powers)])
    return np.cumsum(codes == _BREAK)[first], (sums[last] - sums[first]) * back[first]


def _pairs(book: np.ndarray, word: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    same = book[1:] == book[:-1]
    pairs = _mixed(word[:-1]) * np.uint64(3) + word[1:]
    return book[1:][same], _bucket(pairs[same], "pair")


def _pieces(codes: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the runs of ``size`` characters that are within a word and the blanks around it."""
    windows = max(len(codes) - size + 1, 0)
    total = np.zeros(windows, np.uint64)
    whole = np.ones(windows, bool)
    for place in range(size):
        code = codes[place : place + windows]
        total = total * np.uint64(_BASE) + code
        edge = place in (0, size - 1)
        whole &= code != _BREAK if edge else (code != _BREAK) & (code != _BLANK)
    book = np.cumsum(codes == _BREAK)[:windows]
    return book[whole], _bucket(total[whole], "piece", block=1)


def _bucket(hashed: np.ndarray, field: str, block: int = 0) -> np.ndarray:
    within = _mixed(hashed + _SALTS[field]) >> np.uint64(64 - BITS)
    return np.asarray(within | np.uint64(block << BITS))


def _mixed(value: np.ndarray) -> np.ndarray:
    """Return hashes whose bits all depend on all others: SplitMix64's end (Steele et al. 2014)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(value ^ (value >> np.uint64(31)))


@dataclass(frozen=True)
class Weights:
    """What was learnt of training rows: the pieces that count, and how much each tells.

    Attributes:
        buckets: (columns,) ascending.
        idf: (columns,) log((1 + books) / (1 + books with the piece)) + 1, or 1 where it is not
            used.
    """

    buckets: np.ndarray
    idf: np.ndarray

    @classmethod
    def learn(cls, counts: Counts, least: int, *, idf: bool = True) -> "Weights":
        """Learn of training rows.

        Args:
            least: pieces of fewer books are left out.
            idf: whether rare pieces weigh more.
        """
        books = np.bincount(counts.buckets, minlength=_BLOCKS << BITS)
        kept = np.flatnonzero(books >= least)
        weighed = np.log((1 + len(counts)) / (1 + books[kept])) + 1
        return cls(
            kept.astype(np.uint32),
            (weighed if idf else np.ones(len(kept))).astype(np.float32),
        )

    @cached_property
    def _column(self) -> np.ndarray:
        table = np.full(_BLOCKS << BITS, -1, np.int32)
        table[self.buckets] = np.arange(len(self.buckets), dtype=np.int32)
        return table

    def vectors(self, counts: Counts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return books as rows of a sparse matrix: starts, columns, values.

        A value is (1 + log count) times IDF; the words of a book have unit length together, and so
        have its pieces of words.
        """
        column = self._column[counts.buckets]
        known = column >= 0
        starts = np.concatenate([[0], np.cumsum(known)])[counts.starts]
        column = column[known]
        values = (1 + np.log(counts.counts[known])) * self.idf[column]
        block = np.repeat(np.arange(len(counts)) * _BLOCKS, np.diff(starts))
        block += (counts.buckets[known] >> BITS).astype(np.int64)
        squares = np.bincount(block, values * values, minlength=len(counts) * _BLOCKS)
        return starts, column, (values / np.sqrt(squares[block])).astype(np.float32)
