"""How far a text names a book: cosines of its words with titles, alone and with their authors."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import vstack
from sklearn.feature_extraction.text import TfidfVectorizer

from dustjacket.clip.prompts import prompt
from dustjacket.splits import fold_editions, normalise


def bare(text: str) -> str:
    """Return what is compared of a text: its words, whatever the edition."""
    return normalise(fold_editions(text)) or normalise(text)


class Words:
    """The words of n books, looked up by word.

    A word weighs as much as it is rare (TF-IDF), and a word that no book has as much as the rarest:
    a text names a book wholly, at 1, if it has the words of its title, or of its title and author,
    and no others.
    """

    def __init__(self, titles: Sequence[str], authors: Sequence[str | None]) -> None:
        whole = [bare(prompt(*book)) for book in zip(titles, authors, strict=True)]
        read = TfidfVectorizer(analyzer=str.split, dtype=np.float32)
        with_author = read.fit_transform(whole)
        postings = vstack([read.transform(map(bare, titles)), with_author]).tocsc()
        self._starts, self._rows, self._weights = postings.indptr, postings.indices, postings.data
        self._place: dict[str, int] = read.vocabulary_
        self._rarity: np.ndarray = read.idf_
        self._books = len(whole)

    def cosines(self, text: str) -> np.ndarray | None:
        """Return (n,) from 0 to 1: how far ``text`` names each book; None if no word is shared."""
        counts = Counter(bare(text).split())
        known = {self._place[word]: n for word, n in counts.items() if word in self._place}
        if not known:
            return None
        rarest = 1 + np.log(1 + self._books)
        others = (n * rarest for word, n in counts.items() if word not in self._place)
        weights = {at: n * float(self._rarity[at]) for at, n in known.items()}
        length = np.sqrt(sum(one**2 for one in (*weights.values(), *others)))
        found = np.zeros(2 * self._books, np.float32)
        for at, weight in weights.items():
            held = slice(self._starts[at], self._starts[at + 1])
            found[self._rows[held]] += self._weights[held] * np.float32(weight / length)
        return np.asarray(found.reshape(2, -1).max(axis=0))
