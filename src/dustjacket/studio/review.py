"""Books whose listed subject the classifier contradicts, for people to decide on one by one."""

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from dustjacket.errors import BadInputError
from dustjacket.labelling.decisions import StoredDecision, now, read_decisions, store_decision
from dustjacket.pipeline.kinds import Kind
from dustjacket.splits import strict_key
from dustjacket.storage.store import Store
from dustjacket.studio.problems import UnpublishedError

if TYPE_CHECKING:
    from dustjacket.retrieval.search import CoverIndex

Choice = Literal["accept", "keep", "other"]
_WHY = {"accept": "accepted", "keep": "kept", "other": "other"}


@dataclass(frozen=True)
class ReviewList:
    """The books of one version of ``labelled_catalog`` to decide on.

    Attributes:
        version: with its attempt, since an erasure moves the places of the books.
        books: rows of :func:`dustjacket.labelling.published.read_review`.
        genres: that a book may be given.
    """

    version: str
    books: list[dict[str, Any]]
    genres: list[str]


def _key(book: dict[str, Any]) -> tuple[str, str, str]:
    return str(book["isbn13"] or ""), str(book["title"]), str(book["author"] or "")


class Reviews:
    """The newest list of books to review, and all decisions; thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, Lock()
        self._list: ReviewList | None = None
        self._decisions: dict[tuple[str, str, str], StoredDecision] = {}
        self._covers: tuple[object, dict[str, str]] = (None, {})

    def refreshed(self) -> ReviewList:
        """Return the newest list, after a look at the store for a newer version and decisions.

        Raises:
            UnpublishedError: no catalogue is labelled yet.
        """
        from dustjacket.labelling.published import read_review

        manifest = self._store.newest(Kind.LABELLED_CATALOG)
        if manifest is None:
            raise UnpublishedError(
                "no catalogue is labelled yet: run the DAG label_catalog", "label_catalog"
            )
        version = f"{manifest.version}/{manifest.attempt}"
        with self._lock:
            if self._list is None or self._list.version != version:
                table = read_review(self._store, manifest)
                rows = table.astype(object).where(table.notna(), None).to_dict("records")
                genres = sorted({*manifest.facts["subjects"], *table["listed"], *table["subject"]})
                self._decisions = {one.book: one for one in read_decisions(self._store)}
                self._list = ReviewList(version, rows, genres)
            return self._list

    def next_books(self, found: ReviewList, limit: int) -> list[tuple[int, dict[str, Any]]]:
        """Return the first books without a decision, each with its place in the list."""
        undecided = (
            (place, book)
            for place, book in enumerate(found.books)
            if _key(book) not in self._decisions
        )
        return [pair for _, pair in zip(range(limit), undecided, strict=False)]

    def decided(self, found: ReviewList) -> int:
        """Return the number of books of a list that have a decision."""
        return sum(_key(book) in self._decisions for book in found.books)

    def decide(
        self, version: str, place: int, choice: Choice, genre: str, remark: str, who: str
    ) -> StoredDecision:
        """Store a decision on a book and return it; a later one on the same book replaces it.

        Raises:
            BadInputError: the list is another one by now or has no such place, or ``other`` comes
                without a genre.
        """
        found = self.refreshed()
        if found.version != version:
            raise BadInputError("the catalogue was labelled anew: reload the page")
        if place >= len(found.books):
            raise BadInputError(f"book {place}: the list has {len(found.books)}")
        if choice == "other" and not genre:
            raise BadInputError("other: name a genre")
        book = found.books[place]
        chosen = {"accept": book["subject"], "keep": book["listed"], "other": genre}[choice]
        why = f"{_WHY[choice]}: {remark}" if remark else _WHY[choice]
        decision = StoredDecision(*_key(book), str(chosen), who, now(), why)
        store_decision(self._store, decision)
        with self._lock:
            self._decisions[decision.book] = decision
        return decision

    def cover_of(self, book: dict[str, Any], index: "CoverIndex | None") -> str | None:
        """Return the key of a book's cover in an index, by title and author, or None."""
        if index is None:
            return None
        with self._lock:
            if self._covers[0] is not index:
                self._covers = (
                    index,
                    {strict_key(title, author): key for key, title, author in index.books()},
                )
            return self._covers[1].get(strict_key(str(book["title"]), book["author"]))
