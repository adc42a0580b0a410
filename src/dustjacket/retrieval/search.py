"""Exact search of covers by cosine and by the words of titles, without near-duplicates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dustjacket.errors import BadInputError
from dustjacket.identity.titles import title_key
from dustjacket.records.genres import genre_key
from dustjacket.retrieval.words import TitleWords, book_key

MAX_RESULTS = 100
"""Covers that one search may return."""
DUPLICATE_COSINE = 0.97
"""Cosine, after subtracting the mean of all covers, from which two covers are near-duplicates."""
WORDS_WEIGHT = 1.0
"""Score of words that name a book completely, relative to the cosine score of the nearest cover."""
_EXACT_NAME_SCORE = 10.0  # above any other score
_CANDIDATES_PER_RESULT = 4
_ALL_WORDS = 1 - 1e-4


@dataclass(frozen=True)
class SearchHit:
    """A cover found by a search, and its book.

    Attributes:
        match: 0 to 1, by which the covers of a search are ordered: of a search by a picture the
            cosine; by a text the mean of ``words`` and of the cosine, scaled to 0 for the mean
            cover and 1 for the nearest one.
        score: cosine of the cover and the query vector.
        words: similarity of the query text and the book's title and author, from 0 to 1.
        category: of the source, if it has one.
        genre: predicted, if the covers are labelled.
        shard, offset, size, sha256: of the image, in the version of covers.
        width, height: of the image, in pixels.
    """

    match: float
    score: float
    words: float
    key: str
    title: str
    author: str | None
    category: str | None
    genre: str | None
    shard: str
    offset: int
    size: int
    sha256: str
    width: int
    height: int


_SCORES = ("match", "score", "words")
HIT_COLUMNS = tuple(name for name in SearchHit.__dataclass_fields__ if name not in _SCORES)


class CoverIndex:
    """Covers in memory, searched exhaustively."""

    def __init__(self, vectors: np.ndarray, rows: pa.Table) -> None:
        """Make an index of n covers.

        Args:
            vectors: (n, dimensions), unit length, float32.
            rows: n rows of ``HIT_COLUMNS``, and ``look``, the group number of near-duplicates.

        Raises:
            BadInputError: there are no covers.
        """
        if not len(vectors):
            raise BadInputError("the index has no covers: ingest covers, then run index_covers")
        self.vectors = vectors
        self._mean = vectors.mean(axis=0)
        self._duplicate_groups = rows["look"].to_numpy()
        self._rows = rows.select(HIT_COLUMNS).combine_chunks()
        self._words = TitleWords(rows["title"].to_pylist(), rows["author"].to_pylist())
        names = pd.concat([rows[name].to_pandas() for name in ("genre", "category")])
        folded = names.map(genre_key, na_action="ignore")
        codes, self._folded_genres = pd.factorize(folded)
        self._genre_codes = codes.reshape(2, -1)
        # One spelling per genre; that of a predicted genre takes precedence.
        self._genre_names = list(map(str, names[~folded.duplicated() & folded.notna()]))
        # A hit shows that spelling too.
        categories = [
            self._genre_names[code] if code >= 0 else None for code in self._genre_codes[1]
        ]
        place = self._rows.column_names.index("category")
        self._rows = self._rows.set_column(place, "category", pa.array(categories, pa.string()))

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def genres(self) -> list[str]:
        """Categories and predicted genres that :meth:`search` can filter by, sorted."""
        return sorted(self._genre_names)

    def books(self) -> Iterator[tuple[str, str, str | None]]:
        """Yield key, title and author of each cover."""
        names = ("key", "title", "author")
        yield from zip(*(self._rows[name].to_pylist() for name in names), strict=True)

    def categorised(self, limit: int) -> list[tuple[str, str | None, str]]:
        """Return title, author and category of at most ``limit`` covers, from all over the index.

        Covers without a category are left out.
        """
        rows = self._rows.filter(pc.is_valid(self._rows["category"]))
        step = max(1, len(rows) // limit)
        chosen = rows.take(list(range(0, len(rows), step))[:limit])
        names = ("title", "author", "category")
        return list(zip(*(chosen[name].to_pylist() for name in names), strict=True))

    def subset(self, places: np.ndarray, vectors: np.ndarray | None = None) -> "CoverIndex":
        """Return the index of some of the covers.

        Args:
            places: (m,) of the covers, in the order of :meth:`books`.
            vectors: (m, dimensions) of another model; None: their own.
        """
        looks = pa.array(self._duplicate_groups[places])
        rows = self._rows.take(pa.array(places)).append_column("look", looks)
        return CoverIndex(self.vectors[places] if vectors is None else vectors, rows)

    def cover(self, key: str) -> SearchHit | None:
        """Return the cover with a key, with scores of 0, or None."""
        row = pc.index(self._rows["key"], key).as_py()
        if row < 0:
            return None
        return SearchHit(match=0.0, score=0.0, words=0.0, **self._rows.slice(row, 1).to_pylist()[0])

    def similar(self, key: str, top: int = 12) -> list[SearchHit]:
        """Return the covers that look most like a cover of the index, best first, without it.

        Raises:
            BadInputError: no cover has the key, or ``top`` is out of range.
        """
        row = pc.index(self._rows["key"], key).as_py()
        if row < 0:
            raise BadInputError(f"no cover of the index has the key {key!r}")
        hits = self.search(self.vectors[row], top=min(top + 1, MAX_RESULTS))
        return [hit for hit in hits if hit.key != key][:top]

    def search(
        self, vector: np.ndarray, text: str = "", top: int = 12, genre: str | None = None
    ) -> list[SearchHit]:
        """Return the best covers, best first, without near-duplicates of better ones.

        Covers of books that ``text`` names exactly come first. The others are ordered by a convex
        combination of two scores, as Bruch et al. 2023 ("An analysis of fusion functions for
        hybrid retrieval") recommend over reciprocal rank fusion: the cosine, scaled to a mean of 0
        and a maximum of 1, and the similarity of words. Without words in common the order is that
        of the cosine.

        Args:
            vector: (dimensions,), unit length.
            text: a title, or a title and its author.
            top: the maximum number of covers.
            genre: filter by category or predicted genre; its spelling does not count.

        Raises:
            BadInputError: ``top`` or the vector's length is out of range, or no cover has the
                genre.
        """
        if not 1 <= top <= MAX_RESULTS:
            raise BadInputError(f"top={top} is out of range: take 1 to {MAX_RESULTS} covers")
        if vector.shape != self.vectors.shape[1:]:
            raise BadInputError(
                f"a vector of shape {vector.shape} does not match the covers' "
                f"{self.vectors.shape[1:]}: embed the text with the model of the index"
            )
        cosines = self.vectors @ vector.astype(np.float32, copy=False)
        words = self._words.cosines(text) if text else None
        if words is None:
            words = np.zeros(len(self), np.float32)
        scores = self._fuse(cosines, words, text) if text else cosines
        matches = np.clip(scores / (1 + WORDS_WEIGHT) if text else scores, 0, 1)
        n_candidates = len(self)
        if genre is not None:
            has_genre = self._has_genre(genre)
            scores, n_candidates = np.where(has_genre, scores, -np.inf), int(has_genre.sum())
        best = self._best(scores, top, n_candidates)
        rows = self._rows.take(pa.array(best)).to_pylist()
        columns = [column[best].astype(float).tolist() for column in (matches, cosines, words)]
        return [
            SearchHit(match=match, score=score, words=similarity, **row)
            for match, score, similarity, row in zip(*columns, rows, strict=True)
        ]

    def _fuse(self, cosines: np.ndarray, words: np.ndarray, text: str) -> np.ndarray:
        """Return (n,) scores from the cosines of vectors and of words, both (n,)."""
        mean = cosines.mean()
        spread = max(float(cosines.max() - mean), 1e-6)
        scores: np.ndarray = (cosines - mean) / spread + WORDS_WEIGHT * words
        query = title_key(text)
        for index in np.flatnonzero(words >= _ALL_WORDS):  # the same words, in any order
            title, author = (self._rows[name][int(index)].as_py() for name in ("title", "author"))
            if query in (title_key(title), book_key(title, author)):
                scores[index] += _EXACT_NAME_SCORE
        return scores

    def check_genre(self, genre: str) -> None:
        """Check that a search can be limited to a genre.

        Raises:
            BadInputError: no cover has it; the message has similar ones, or else all.
        """
        self._has_genre(genre)

    def _has_genre(self, genre: str) -> np.ndarray:
        """Return (n,) whether each cover has a genre."""
        folded, query = list(self._folded_genres), genre_key(genre)
        if query not in folded:
            close = get_close_matches(query, folded, n=3, cutoff=0.4)
            names = [self._genre_names[folded.index(name)] for name in close] or self.genres
            cure = f"try {', '.join(names)}" if names else "search without a genre"
            raise BadInputError(f"no cover has the genre {genre!r}: {cure}")
        return np.asarray((self._genre_codes == folded.index(query)).any(axis=0))

    def _best(self, scores: np.ndarray, top: int, n_candidates: int) -> list[int]:
        """Return up to ``top`` of the ``n_candidates`` best, none a near-duplicate of a better."""
        pool = min(_CANDIDATES_PER_RESULT * top, n_candidates)
        while True:
            best = np.argpartition(scores, len(scores) - pool)[len(scores) - pool :]
            best = best[np.lexsort((best, -scores[best]))]
            kept = self._without_duplicates(best, top)
            if len(kept) == top or pool == n_candidates:
                return [int(best[index]) for index in kept]
            pool = min(_CANDIDATES_PER_RESULT * pool, n_candidates)

    def _without_duplicates(self, covers: np.ndarray, top: int) -> Sequence[int]:
        """Return the indices in ``covers`` of the first ``top`` that duplicate no earlier one."""
        centred = self.vectors[covers] - self._mean
        centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)
        groups, eligible = self._duplicate_groups[covers], np.ones(len(covers), bool)
        kept: list[int] = []
        while len(kept) < top and eligible.any():
            first = int(eligible.argmax())
            kept.append(first)
            eligible &= (centred @ centred[first] < DUPLICATE_COSINE) & (groups != groups[first])
        return kept
