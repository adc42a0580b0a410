"""Similarity of a text and the titles and authors of books, by their words (TF-IDF)."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from dustjacket.clip.prompts import prompt
from dustjacket.identity.titles import fold_editions, title_key


def book_key(title: str, author: str | None) -> str:
    """Return the words of a book's prompt in a form that is equal for all its editions."""
    return title_key(prompt(fold_editions(title), author))


class TitleWords:
    """An inverted index of n books, each once by its title and once by title and author.

    A text has cosine 1 with a book if it consists of the words of its title, or of its title and
    author. Words that are in no book lower the cosine, as rare words do.
    """

    def __init__(self, titles: Sequence[str], authors: Sequence[str | None]) -> None:
        # Imported here: a job that makes an index needs neither, nor do its workers.
        from scipy.sparse import vstack
        from sklearn.feature_extraction.text import TfidfVectorizer

        texts = [book_key(*book) for book in zip(titles, authors, strict=True)]
        tfidf = TfidfVectorizer(analyzer=str.split, dtype=np.float32)
        with_author = tfidf.fit_transform(texts)
        matrix = vstack([tfidf.transform(map(title_key, titles)), with_author]).tocsc()
        self._starts, self._rows, self._weights = matrix.indptr, matrix.indices, matrix.data
        self._columns: dict[str, int] = tfidf.vocabulary_
        self._idf: np.ndarray = tfidf.idf_
        self._n_books = len(texts)

    def cosines(self, text: str) -> np.ndarray | None:
        """Return (n,) cosines of ``text`` and each book; None if they have no word in common."""
        counts = Counter(title_key(text).split())
        known = {self._columns[word]: n for word, n in counts.items() if word in self._columns}
        if not known:
            return None
        max_idf = 1 + np.log(1 + self._n_books)
        unknown = (n * max_idf for word, n in counts.items() if word not in self._columns)
        weights = {column: n * float(self._idf[column]) for column, n in known.items()}
        norm = np.sqrt(sum(weight**2 for weight in (*weights.values(), *unknown)))
        cosines = np.zeros(2 * self._n_books, np.float32)
        for column, weight in weights.items():
            postings = slice(self._starts[column], self._starts[column + 1])
            cosines[self._rows[postings]] += self._weights[postings] * np.float32(weight / norm)
        return np.asarray(cosines.reshape(2, -1).max(axis=0))
