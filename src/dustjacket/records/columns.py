"""Find the column of each field by its name, in ten languages."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Any

from dustjacket.errors import BadInputError
from dustjacket.records.column_names import CODED_SCHEMES, COLUMN_NAMES, NAME, SUBJECT_SCHEMES
from dustjacket.records.genres import PLAIN, GenreColumn, genre_column
from dustjacket.records.text import visible

_NONE: Mapping[str, str] = MappingProxyType({})
_SUBJECT_COLUMN = re.compile(
    rf"(?:main|primary|haupt)?({'|'.join(SUBJECT_SCHEMES)})"
    r"(?:main|primary|subject|subjects|category|categories|code|codes|id|heading|headings|text|name"
    r"|class|classification|scheme|klassifikation|notation)*\d*"
)
_PERSON_COLUMN = re.compile(
    r"(author|autor|autorin|auteur|autore|contributor|mitwirkender|著者|作者)0*(\d{1,2})"
    r"(name|role|rolle|type|code)?(?:code)?"
)
_EXACTLY_ONE = frozenset({"title", "author", "genre"})
"""Fields for which two equally usual names are refused; of other fields the first column counts."""
_SHOWN = 12
_MAX_UNSEEN = 200


@dataclass(frozen=True)
class Columns:
    """The columns of a file, named as the keys of a row's values.

    Attributes:
        fields: columns of each field, best first; of ``subject:<scheme>``, ``person:<n>`` and
            ``role:<n>`` all in their order.
        genre_column: how the values of the genre column are read.
        people: numbers of the columns ``Author 1``, ``Author 2`` … or ``Contributor 1`` …
        schemes: those that columns of subjects are named after, in the order of the room.
        names: all columns.
        overrides: columns that a user named, as pairs of field and name.
    """

    fields: Mapping[str, tuple[str, ...]]
    genre_column: GenreColumn = PLAIN
    people: tuple[int, ...] = ()
    schemes: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    overrides: tuple[tuple[str, str], ...] = ()

    def __contains__(self, name: str) -> bool:
        """Return whether the file has a column for a field."""
        return bool(self.fields.get(name))

    def first(self, name: str) -> str | None:
        """Return the best column of a field, or None."""
        return next(iter(self.fields.get(name, ())), None)

    def covering(self, keys: Collection[str]) -> "Columns":
        """Return these columns with those of a row that the file's first rows do not have."""
        if not self.names or self.names.issuperset(keys):
            return self
        unseen = frozenset(keys) - self.names
        if len(unseen) > _MAX_UNSEEN:
            return self
        return _extended(self.names, unseen, self.overrides, self.genre_column) or self

    @property
    def image(self) -> str | None:
        """The column that names the image of a cover."""
        return self.first("image")

    @property
    def has_genre(self) -> bool:
        """Whether a genre can be read: there is a genre column, or one of subjects."""
        return "genre" in self or any(f"subject:{scheme}" in self for scheme in CODED_SCHEMES)


def column_key(name: str) -> str:
    """Return a column's name in the form in which names are compared.

    Case, accents, blanks, punctuation and invisible characters do not count.

    >>> column_key(" Book-Title "), column_key("título\u200b"), column_key("authors [list]")
    ('booktitle', 'titulo', 'authorslist')
    """
    decomposed = unicodedata.normalize("NFKD", visible(name).casefold())
    return "".join(char for char in decomposed if char.isalnum())


_TIERS: Mapping[str, Sequence[frozenset[str]]] = {
    name: [frozenset(map(column_key, tier)) for tier in tiers]
    for name, tiers in COLUMN_NAMES.items()
}
_NAME = tuple(map(column_key, NAME))
_PLURAL_GENRES = frozenset().union(*_TIERS["genre"][1:])
_SHELVES = frozenset().union(*_TIERS["genre"][3:])


def columns_of(
    names: Sequence[str],
    overrides: Mapping[str, str] = _NONE,
    required: Collection[str] = ("title",),
    *,
    where: str = "the table",
    parameters: Mapping[str, str] = _NONE,
    sample: Sequence[Mapping[str, Any]] = (),
) -> Columns:
    """Return the columns of each field.

    Args:
        names: columns of the file, as the keys of its rows' values.
        overrides: column of a field as a user names it, by field; an empty name counts as none.
        required: fields that must have a column; ``genre`` may also come from subjects.
        where: the file, for the error message.
        parameters: the parameter that names the column of a field, where it is not
            ``<field>_column``.
        sample: values of the file's first rows, which show whether a genre column holds lists.

    Raises:
        BadInputError: a required field or a column that ``overrides`` names is missing, or several
            columns are equally good for a title, author or genre. The message lists the columns and
            the parameter to set.
    """
    by_key: dict[str, str] = {}
    for name in names:
        by_key.setdefault(column_key(name), name)
    fields: dict[str, tuple[str, ...]] = {}
    for name, tiers in _TIERS.items():
        parameter = parameters.get(name, f"{name}_column")
        if override := overrides.get(name):
            if column_key(override) not in by_key:
                raise BadInputError(
                    f"{where} has no column {override!r}, {_but_has(names)}: set {parameter}"
                )
            fields[name] = (by_key[column_key(override)],)
            continue
        found = [[column for key, column in by_key.items() if key in tier] for tier in tiers]
        best = next(filter(None, found), [])
        if len(best) > 1 and name in _EXACTLY_ONE:
            raise BadInputError(
                f"{where} has {len(best)} columns that may hold the {name} ({_listed(best)}): set "
                f"{parameter} to one of them"
            )
        if best:
            fields[name] = tuple(dict.fromkeys(chain.from_iterable(found)))
    if name_column := next((by_key[key] for key in _NAME if key in by_key), None):
        fields.setdefault("author" if "title" in fields else "title", (name_column,))
    subjects, people = _subject_columns(by_key), _person_columns(by_key)
    columns = Columns(
        fields | subjects | people,
        _genre_column(fields, sample),
        tuple(sorted(int(name[7:]) for name in people if name.startswith("person:"))),
        tuple(scheme for scheme in SUBJECT_SCHEMES if f"subject:{scheme}" in subjects),
        frozenset(names),
        tuple(overrides.items()),
    )
    for name in required:
        if not (columns.has_genre if name == "genre" else name in columns):
            parameter = parameters.get(name, f"{name}_column")
            raise BadInputError(
                f"{where} has no {name} column, {_but_has(names)}: set {parameter} to one of them"
            )
    return columns


@lru_cache(maxsize=1024)
def _extended(
    names: frozenset[str],
    unseen: frozenset[str],
    overrides: tuple[tuple[str, str], ...],
    column: GenreColumn,
) -> Columns | None:
    try:
        found = columns_of([*sorted(names), *sorted(unseen)], dict(overrides), ())
    except BadInputError:
        return None
    return replace(found, genre_column=column, names=names | unseen)


def _genre_column(
    fields: Mapping[str, tuple[str, ...]], sample: Sequence[Mapping[str, Any]]
) -> GenreColumn:
    columns = fields.get("genre", ())
    # An export may have a better column that nobody fills in, such as the subjects of LibraryThing.
    filled = (column for column in columns if any(row.get(column) for row in sample))
    column = next(filled, next(iter(columns), None))
    if column is None:
        return PLAIN
    key = column_key(column)
    return genre_column(
        (row.get(column) for row in sample),
        is_plural=key in _PLURAL_GENRES,
        shelves=key in _SHELVES,
    )


def _subject_columns(by_key: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for key, column in by_key.items():
        if match := _SUBJECT_COLUMN.fullmatch(key):
            found.setdefault(f"subject:{match[1]}", []).append(column)
    return {name: tuple(columns) for name, columns in found.items()}


def _person_columns(by_key: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for key, column in by_key.items():
        if match := _PERSON_COLUMN.fullmatch(key):
            kind = "person" if match[3] in (None, "name") else "role"
            found.setdefault(f"{kind}:{int(match[2])}", (column,))
    return found


def _but_has(names: Sequence[str]) -> str:
    return f"but {len(names)} columns ({_listed(names)})"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(escaped(name.strip()[:40]) for name in names[:_SHOWN])
    return f"{shown}, …" if len(names) > _SHOWN else shown


def escaped(name: str) -> str:
    """Return a name with the characters that cannot be seen as escapes."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in name)
