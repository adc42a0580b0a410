"""Compare genres, and read them from a source's own values: one, a list, or a path."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from dustjacket.identity.text import normalise
from dustjacket.records.text import line_of, visible
from dustjacket.records.values import is_missing, items_of, kept_for_short_texts, names_of

_AND = frozenset({"and", "et", "und", "y", "e", "en"})
_LIST_SEPARATOR = re.compile(r"\s*[;|\uff1b\uff5c]\s*")
_LEVEL_SEPARATOR = re.compile(r"\s*(?:>|»|→|::)\s*")
_SLASH = re.compile(r"\s+/\s+")
_COMMA = re.compile(r"\s*[,、\uff0c]\s*")
# Without one of these a value is one genre.
_SPECIAL = re.compile(r"[\[{;|>»→:&,/\uff1b\uff5c\uff0c、]")
_SERIAL = re.compile(r"&|\b(?:and|und|et|y|e|en)\b", re.IGNORECASE)


class GenreColumn(NamedTuple):
    """How the values of a genre column are read.

    Attributes:
        commas: whether commas separate genres.
        slashes: whether `` / `` separates levels, from general to specific.
        shelves: whether the values are shelves of readers, of which some are no genres.
        lists: whether some values are lists, in any form.
    """

    commas: bool = False
    slashes: bool = False
    shelves: bool = False
    lists: bool = False


PLAIN = GenreColumn()


@lru_cache(maxsize=65_536)
def genre_key(genre: str) -> str:
    """Return the form in which genres are compared.

    Case, accents, blanks, dashes, apostrophes, other punctuation, invisible characters, and ``&``
    against *and* do not count. A name of signs alone is compared as it is.

    >>> genre_key("Children's Books") == genre_key("childrens  BOOKS")
    True
    >>> genre_key("Mystery & Thriller") == genre_key("Mystery and thriller")
    True
    """
    words = normalise(visible(genre)).split()
    if words:
        return " ".join([word for word in words if word not in _AND] or words)
    return " ".join(unicodedata.normalize("NFKC", genre).casefold().split())


def published_spellings(rows: Mapping[str, int]) -> dict[str, str]:
    """Return the spelling in which each genre is published, by each of its spellings.

    It is the most frequent one; of several, the first in the order of letters.

    Args:
        rows: number of rows of each spelling.
    """
    best: dict[str, tuple[int, str]] = {}
    for spelling, n in rows.items():
        key = genre_key(spelling)
        best[key] = min(best.get(key, (1, "")), (-n, spelling))
    return {spelling: best[genre_key(spelling)][1] for spelling in rows}


_ROOTS = frozenset(
    map(genre_key, ("book", "books", "kindle store", "kindle ebooks", "ebooks", "bücher", "livres",
    "libros", "libri", "boeken", "livros", "图书", "圖書", "书籍", "本", "subjects"))
)  # fmt: skip
"""What says of a book only that it is one."""
_SHELF_STATES = frozenset(
    map(genre_key, ("to-read", "currently-reading", "read", "owned", "own", "favorites",
    "favourites", "wishlist", "wish-list", "did-not-finish", "dnf", "books-i-own", "ebook",
    "ebooks", "kindle", "library", "your library", "default", "all"))
)  # fmt: skip


@kept_for_short_texts(1 << 14)
def own_genres(
    value: Any,
    column: GenreColumn = PLAIN,
    depth: int = 1,
    missing: frozenset[str] = frozenset(),
) -> tuple[str, ...]:
    """Return the genres in a value of a genre column, cleaned, in their order.

    A list in any form gives all its genres. A path from general to specific, with ``>`` or as a
    list in a list, gives one: its first ``depth`` levels, without a root such as *Books*.
    Case-folded words of ``missing`` are no genres.

    >>> own_genres(["Books", "Science Fiction & Fantasy"]), own_genres("Books > Poetry > Haiku")
    (('Science Fiction & Fantasy',), ('Poetry',))
    """
    found = _genres_in(value, column, depth)
    return tuple(genre for genre in found if not is_missing(genre, missing))


def _genres_in(value: Any, column: GenreColumn, depth: int) -> tuple[str, ...]:
    if isinstance(value, str) and not column.shelves and not _SPECIAL.search(value):
        genre = line_of(value)
        return (genre,) if genre else ()
    genres: dict[str, str] = {}
    for path in _paths(value, column):
        if genre := " / ".join(_without_root(path)[:depth]):
            genres.setdefault(genre_key(genre), genre)
    ignored = _SHELF_STATES if column.shelves else frozenset[str]()
    found = [genre for key, genre in genres.items() if key not in ignored]
    return tuple(_without_root(found))


def _without_root(levels: Sequence[str]) -> Sequence[str]:
    return levels[1:] if len(levels) > 1 and genre_key(levels[0]) in _ROOTS else levels


def _paths(value: Any, column: GenreColumn) -> list[list[str]]:
    """Return the genres of a value, each as the levels of its path."""
    items = items_of(value)
    if any(isinstance(item, list | tuple) for item in items):
        return [list(filter(None, map(line_of, names_of(item)))) for item in items]
    texts = list(map(line_of, names_of(items)))
    if items == [value]:
        texts = [part for text in texts for part in _LIST_SEPARATOR.split(text)]
        if column.commas:
            texts = [part for text in texts for part in _COMMA.split(text)]
    separators = [_LEVEL_SEPARATOR, _SLASH] if column.slashes else [_LEVEL_SEPARATOR]
    paths = [[text] for text in texts]
    for separator in separators:
        paths = [[part for level in path for part in separator.split(level)] for path in paths]
    return [list(filter(None, path)) for path in paths]


def genre_column(values: Iterable[Any], *, is_plural: bool, shelves: bool) -> GenreColumn:
    """Return how a genre column is read, from a sample of its values.

    Commas separate if the parts are genres by themselves: at least half of them occur in several
    different values. So *Mystery, Thriller & Suspense* stays one. Slashes separate if at least half
    of the paths begin with the first level of another, or all with one in capitals.

    Args:
        is_plural: whether the column's name is that of several, such as *genres* or *tags*.
        shelves: whether it holds shelves or tags of readers: these are separated by commas.
    """
    values = list(values)
    texts = {line_of(v) for v in values if isinstance(v, str) and items_of(v) == [v]}
    listed = [text for text in texts if _COMMA.search(text) and not _is_serial(text)]
    parts = Counter(part for text in texts for part in set(_COMMA.split(text)))
    own_parts = {part for text in listed for part in _COMMA.split(text)}
    shared = sum(parts[part] > 1 for part in own_parts)
    commas = len(listed) >= (1 if is_plural else 2) and shared * 2 >= len(own_parts)
    heads = [_SLASH.split(text)[0] for text in texts if _SLASH.search(text)]
    frequent = Counter(heads)
    slashes = bool(heads) and (
        all(head.isupper() for head in heads)
        or (len(heads) > 1 and sum(frequent[head] > 1 for head in heads) * 2 >= len(heads))
    )
    column = GenreColumn(commas or shelves, slashes, shelves)
    return column._replace(lists=any(len(_paths(value, column)) > 1 for value in values))


def _is_serial(text: str) -> bool:
    """Return whether a text with commas is one name, such as *Crafts, Hobbies & Home*."""
    return bool(_SERIAL.search(_COMMA.split(text)[-1]))
