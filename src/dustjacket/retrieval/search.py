"""Searching covers: exact, by cosine and by the words of titles, without near-duplicates."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dustjacket.clip.prompts import prompt
from dustjacket.errors import BadInputError
from dustjacket.retrieval.words import Words, bare
from dustjacket.splits import normalise

MOST = 100
"""Covers that one search may ask for."""
ALIKE = 0.97
"""Cosine, the mean of all covers taken off, from which a cover is a near-duplicate of another."""
WORDS_WEIGHT = 1.0
"""What naming a book wholly adds to a cover, in units of how far the nearest is above the mean."""
_NAMED = 10.0  # above all that a cover can otherwise reach
_POOL = 4  # covers looked at for each that is wanted
_WHOLLY = 1 - 1e-4


@dataclass(frozen=True)
class Match:
    """One cover found, and the book it belongs to.

    Attributes:
        score: cosine of the cover and the vector searched for.
        words: from 0 to 1, how far the text searched for names the book.
        category: what the cover set says, where it says so.
        genre: predicted, where covers have been labelled.
        shard, offset, size, sha256: where its image is in the covers' version, and its hash.
        width, height: of the image, in pixels.
    """

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


SHOWN = tuple(name for name in Match.__dataclass_fields__ if name not in ("score", "words"))


class CoverIndex:
    """Covers in memory, searched over all of them."""

    def __init__(self, vectors: np.ndarray, rows: pa.Table) -> None:
        """Make an index of n covers.

        Args:
            vectors: (n, dimensions) of unit length, float32.
            rows: n rows of ``SHOWN``, and ``look``: a number that covers share that look alike.

        Raises:
            BadInputError: there are no covers.
        """
        if not len(vectors):
            raise BadInputError("the index has no covers: ingest covers, then run index_covers")
        self.vectors = vectors
        self._mean = vectors.mean(axis=0)
        self._looks = rows["look"].to_numpy()
        self._rows = rows.select(SHOWN).combine_chunks()
        self._words = Words(rows["title"].to_pylist(), rows["author"].to_pylist())
        both = pd.concat([rows[name].to_pandas() for name in ("genre", "category")])
        folded = both.map(normalise, na_action="ignore")
        codes, self._folded = pd.factorize(folded)
        self._genres = codes.reshape(2, -1)
        # Of names that differ in case and punctuation only, the first: a predicted genre's.
        self._genre_names = list(map(str, both[~folded.duplicated() & folded.notna()]))

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def genres(self) -> list[str]:
        """What :meth:`search` takes as a genre: categories and predicted genres, in order."""
        return sorted(self._genre_names)

    def cover(self, key: str) -> Match | None:
        """Return the cover of a key as one that fits nothing, or None if there is none."""
        at = pc.index(self._rows["key"], key).as_py()
        found = self._rows.slice(at, 1).to_pylist() if at >= 0 else []
        return Match(score=0.0, words=0.0, **found[0]) if found else None

    def search(
        self, vector: np.ndarray, text: str = "", top: int = 12, genre: str | None = None
    ) -> list[Match]:
        """Return the covers that fit best, best first, without near-duplicates of better ones.

        Covers of books that ``text`` names exactly come first. All others are ordered by the sum of
        two scores, which Bruch et al. 2023 ("An analysis of fusion functions for hybrid retrieval")
        found to be better than adding up ranks: cosines, scaled so that their mean is 0 and the
        greatest 1, and how far the text names the book. Without words in common it is the cosine.

        Args:
            vector: (dimensions,) of unit length.
            text: what was asked for, in words: a title, or a title and its author.
            top: how many, at most.
            genre: only covers whose category or predicted genre it is, in any case and
                punctuation.

        Raises:
            BadInputError: ``top`` or the vector's length is out of bounds, or no cover is of
                ``genre``.
        """
        if not 1 <= top <= MOST:
            raise BadInputError(f"top={top} covers cannot be asked for: take 1 to {MOST}")
        if vector.shape != self.vectors.shape[1:]:
            raise BadInputError(
                f"a vector of shape {vector.shape} fits no cover's {self.vectors.shape[1:]}: "
                "embed the text by the model of the index"
            )
        cosines = self.vectors @ vector.astype(np.float32, copy=False)
        words = self._words.cosines(text)
        ranked = cosines if words is None else self._fused(cosines, words, text)
        left = len(self)
        if genre is not None:
            of_genre = self._of_genre(genre)
            ranked, left = np.where(of_genre, ranked, -np.inf), int(of_genre.sum())
        found = self._thinned(ranked, top, left)
        shown = self._rows.take(pa.array(found)).to_pylist()
        named = np.zeros(len(found)) if words is None else words[found]
        return [
            Match(score=float(cosines[at]), words=float(share), **row)
            for at, share, row in zip(found, named, shown, strict=True)
        ]

    def _fused(self, cosines: np.ndarray, words: np.ndarray, text: str) -> np.ndarray:
        mean = cosines.mean()
        spread = max(float(cosines.max() - mean), 1e-6)
        fused: np.ndarray = (cosines - mean) / spread + WORDS_WEIGHT * words
        asked = bare(text)
        for at in np.flatnonzero(words >= _WHOLLY):  # the same words, perhaps in another order
            title, author = (self._rows[name][int(at)].as_py() for name in ("title", "author"))
            if asked in (bare(title), bare(prompt(title, author))):
                fused[at] += _NAMED
        return fused

    def _of_genre(self, genre: str) -> np.ndarray:
        """Return (n,) whether a cover is of a genre."""
        folded, asked = list(self._folded), normalise(genre)
        if asked not in folded:
            close = get_close_matches(asked, folded, n=3, cutoff=0.4)
            named = [self._genre_names[folded.index(name)] for name in close] or self.genres[:5]
            cure = f"try {', '.join(named)}" if named else "search without a genre"
            raise BadInputError(f"no cover is of genre {genre!r}: {cure}")
        return np.asarray((self._genres == folded.index(asked)).any(axis=0))

    def _thinned(self, ranked: np.ndarray, top: int, left: int) -> list[int]:
        """Return the best ``top`` of the best ``left``, each unlike all that are better."""
        pool = min(_POOL * top, left)
        while True:
            best = np.argpartition(ranked, len(ranked) - pool)[len(ranked) - pool :]
            best = best[np.lexsort((best, -ranked[best]))]
            kept = self._unlike(best, top)
            if len(kept) == top or pool == left:
                return [int(best[at]) for at in kept]
            pool = min(_POOL * pool, left)

    def _unlike(self, rows: np.ndarray, top: int) -> Sequence[int]:
        """Return the places in ``rows`` of the first ``top`` that are unlike all before them."""
        about_mean = self.vectors[rows] - self._mean
        about_mean /= np.maximum(np.linalg.norm(about_mean, axis=1, keepdims=True), 1e-6)
        looks, unlike = self._looks[rows], np.ones(len(rows), bool)
        kept: list[int] = []
        while len(kept) < top and unlike.any():
            at = int(unlike.argmax())
            kept.append(at)
            unlike &= (about_mean @ about_mean[at] < ALIKE) & (looks != looks[at])
        return kept
