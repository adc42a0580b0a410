"""Books on which no model may be trained: their rights holder reserves text and data mining."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from dustjacket.catalog.read import BOOKS
from dustjacket.pipeline.kinds import Kind
from dustjacket.splits import book_group
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.parents import parent_of
from dustjacket.storage.parquet import read_parquet
from dustjacket.storage.store import Store

_TRAINING = "training"


def reserved_books(store: Store, classifier: Manifest) -> frozenset[str]:
    """Return the reserved books of the listing that a classifier was made from.

    Returns:
        Their ISBNs, and their keys by title and author. There are none in listings of earlier
        releases, which recorded no rights.

    Raises:
        MissingVersionError, CorruptVersionError: the listing is gone.
    """
    if Kind.CATALOG not in classifier.parents:
        return frozenset()
    catalog = parent_of(store, classifier, Kind.CATALOG)
    if _TRAINING not in catalog.schema_:
        return frozenset()
    known = [name for name in ("title", "author", "isbn13", _TRAINING) if name in catalog.schema_]
    books = read_parquet(store, catalog, BOOKS, known)
    reserved = books[~may_train(books)]
    isbns = frozenset(reserved["isbn13"].dropna()) if "isbn13" in reserved else frozenset()
    return isbns.union(_keys(reserved["title"], reserved["author"]))


def may_train(books: pd.DataFrame, reserved: frozenset[str] = frozenset()) -> np.ndarray:
    """Return (n,) whether models may be trained on each book or cover.

    Args:
        books: title, author, and, if they are known, isbn13 and training. Without ``training``,
            rows of earlier releases may be trained on.
        reserved: of :func:`reserved_books`.
    """
    allowed = np.ones(len(books), bool)
    if _TRAINING in books:
        allowed &= ~books[_TRAINING].eq(False).to_numpy(bool)
    if reserved:
        keys = _keys(books["title"], books["author"])
        allowed &= np.array([key not in reserved for key in keys], bool)
        if "isbn13" in books:
            allowed &= ~books["isbn13"].isin(reserved).to_numpy(bool)
    return allowed


def _keys(titles: Iterable[str], authors: Iterable[str | None]) -> list[str]:
    return [book_group(*book) for book in zip(titles, authors, strict=True)]
