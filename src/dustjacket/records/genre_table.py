"""The genre that a subject gives: by a table of the user, by its heading, or by its code."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dustjacket.errors import BadInputError
from dustjacket.records.column_names import OWN
from dustjacket.records.genres import genre_key
from dustjacket.records.subjects import Subject
from dustjacket.records.text import line_of
from dustjacket.sources.encoding import decode

MAX_BYTES, _MAX_ROWS = 20_000_000, 200_000
_SEPARATOR_OF_LEVELS = " / "
_CODE = re.compile("[A-Z]{1,3}[0-9A-Z]*|[0-9]+")
_NO_CODES = frozenset({OWN, "lcsh", "lcgft", "fast", "keywords"})
"""Schemes whose subjects are compared by their headings."""


@dataclass(frozen=True)
class GenreTable:
    """A user's table of codes; both mappings are by scheme and code.

    Attributes:
        genres: the genre of a code and of all that begin with it; a heading stands as a code for
            schemes that have none.
        names: the name of a code, shown instead of it.
    """

    genres: Mapping[tuple[str, str], str] = field(default_factory=dict)
    names: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def genre_of(self, subject: Subject) -> str | None:
        """Return the genre of the longest code that the subject's code begins with, or None."""
        if not self.genres:
            return None
        for whole in filter(None, (subject.code.upper(), genre_key(subject.heading))):
            for end in range(len(whole), 0, -1):
                if genre := self.genres.get((subject.scheme, whole[:end])):
                    return genre
        return None


NO_TABLE = GenreTable()


def read_genre_table(body: bytes, name: str) -> GenreTable:
    """Read a CSV table with the columns ``scheme`` and ``code``, and ``genre`` or ``name``.

    Args:
        name: the table's address, for the error message.

    Raises:
        BadInputError: the table is too large, lacks a column, or has no row.
    """
    if len(body) > MAX_BYTES:
        raise BadInputError(f"genre_mapping {name!r} is larger than {MAX_BYTES // 1_000_000} MB")
    text = decode(body.removeprefix(b"\xef\xbb\xbf"))
    header = text.partition("\n")[0]
    separator = max(",;\t", key=header.count)
    genres: dict[tuple[str, str], str] = {}
    names: dict[tuple[str, str], str] = {}
    try:
        for number, row in enumerate(csv.DictReader(io.StringIO(text), delimiter=separator)):
            values = {
                (column or "").strip().casefold(): line_of(value)
                for column, value in row.items()
                if isinstance(value, str)
            }
            scheme, code = values.get("scheme", "").casefold(), values.get("code", "")
            key = scheme, genre_key(code) if scheme in _NO_CODES else code.upper()
            if not all(key) or number >= _MAX_ROWS:
                continue
            if genre := values.get("genre"):
                genres[key] = genre
            elif code_name := values.get("name") or values.get("heading"):
                names[key] = code_name
    except csv.Error as error:
        raise BadInputError(f"genre_mapping {name!r} is no CSV table: {error}") from None
    if not genres and not names:
        raise BadInputError(
            f"genre_mapping {name!r} has no row with a scheme, a code and a genre (or name): its "
            f"header is {line_of(header)[:200]!r}, give 'scheme,code,genre'"
        )
    return GenreTable(genres, names)


def genre_at(genre: str, depth: int) -> str:
    """Return a genre that stands for a code or a heading with no more than ``depth`` levels.

    >>> genre_at("FICTION / Romance", 1), genre_at("FBA", 2), genre_at("Love stories", 1)
    ('FICTION', 'FB', 'Love stories')
    """
    if _SEPARATOR_OF_LEVELS in genre:
        return _SEPARATOR_OF_LEVELS.join(genre.split(_SEPARATOR_OF_LEVELS)[:depth])
    return genre[:depth] if _CODE.fullmatch(genre) else genre


def ranked_genres(
    own: Sequence[str],
    subjects: Sequence[Subject],
    schemes: Sequence[str],
    depth: int,
    table: GenreTable,
) -> tuple[str, ...]:
    """Return the genres of a book, best first.

    The order is: own genres and main subjects before others, then the order of ``schemes``, then
    the order in the source.

    Args:
        own: the source's own genres.
        schemes: those that give a genre by themselves; others do by ``table`` only.
        depth: levels of a heading of BISAC or the Library of Congress, or characters of another
            code.
    """
    if not subjects and not table.genres and schemes[:1] == (OWN,):
        return tuple(own)
    found: list[tuple[bool, int, int, str]] = []
    rank = {scheme: place for place, scheme in enumerate(schemes)}
    candidates = [*(Subject(OWN, "", genre, main=True) for genre in own), *subjects]
    for place, subject in enumerate(candidates):
        genre = table.genre_of(subject)
        if genre is None and subject.scheme in rank:
            genre = subject.heading if subject.scheme == OWN else _by_code(subject, depth, table)
        if genre:
            found.append((not subject.main, rank.get(subject.scheme, len(rank)), place, genre))
    by_key: dict[str, str] = {}
    for *_, genre in sorted(found):
        by_key.setdefault(genre_key(genre), genre)
    return tuple(by_key.values())


def _by_code(subject: Subject, depth: int, table: GenreTable) -> str:
    if subject.scheme == "bisac":
        levels = [level.strip() for level in subject.heading.split("/") if level.strip()]
        if levels:
            return _SEPARATOR_OF_LEVELS.join(levels[:depth])
        section = subject.code[:3]
        return table.names.get((subject.scheme, section), section)
    if subject.scheme in _NO_CODES:
        levels = [level for level in map(str.strip, subject.heading.split("--")) if level]
        return _SEPARATOR_OF_LEVELS.join(levels[:depth])
    # The first digit of the Warengruppen-Systematik is the form of the book: hardcover, paperback …
    is_form_first = subject.scheme == "wgs" and len(subject.code) == 4
    prefix = subject.code[is_form_first:][:depth]
    named = table.names.get((subject.scheme, prefix))
    return named or (subject.heading if prefix == subject.code else "") or prefix or subject.heading
