"""What the page shows first: what the classifier was trained on, and books that it gets right."""

import numpy as np

from dustjacket.pipeline.kinds import Kind
from dustjacket.records.genres import genre_key
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.parents import GONE, parent_of
from dustjacket.storage.store import Store
from dustjacket.studio.models import LoadedClassifier, LoadedIndex
from dustjacket.studio.schemas import BookQuery

_EXAMPLES, _TRIED = 4, 300
_MAX_TITLE = 60


def trained_on(store: Store, classifier: Manifest) -> str:
    """Return a line on the books that a classifier was trained on, for those who ask it others."""
    books, genres = classifier.rows.get("train"), len(classifier.facts.get("genres", ()))
    try:
        source = parent_of(store, classifier, Kind.CATALOG).source or ""
    except GONE:
        source = ""
    named = f" of {source.rstrip('/').rpartition('/')[2]}" if source else ""
    return (
        f"The genre classifier learnt from {f'{books:,} ' if books else ''}books{named}, in "
        f"{genres} genres, on {classifier.published_at:%d %B %Y}. It knows little about other "
        "books, languages and decades."
    )


def examples(classifier: LoadedClassifier | None, index: LoadedIndex | None) -> list[BookQuery]:
    """Return books of the library, each of another genre, that the classifier is right about.

    Empty if no cover of the index has a genre from its source.
    """
    if not classifier or not index:
        return []
    books = [book for book in index.index.categorised(_TRIED) if 0 < len(book[0]) <= _MAX_TITLE]
    predicted = classifier.scorer.predict([b[0] for b in books], [b[1] for b in books])
    best = np.argsort(-predicted.probabilities.max(axis=1, initial=0), kind="stable")
    answers, chosen = predicted.answers(0), dict[str, BookQuery]()
    for row in sorted(best, key=lambda row: not answers[row].sure):
        title, author, category = books[row]
        key = genre_key(category)
        if genre_key(answers[row].genre) == key and key not in chosen:
            chosen[key] = BookQuery(title=title, author=author)
    return list(chosen.values())[:_EXAMPLES]
