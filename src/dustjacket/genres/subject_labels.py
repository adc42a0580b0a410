"""The subjects of books as labels: their names, and their parents where they are rare."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dustjacket.errors import BadInputError

_SEPARATORS = (" / ", " -- ", "--")
_TREE_SCHEMES = frozenset({"bic", "thema"})
"""Schemes whose codes begin with the code of their parent."""


def subject_names(subjects: Iterable[Mapping[str, Any]] | None) -> list[str]:
    """Return the distinct subjects of a book: ``scheme:heading``, or ``scheme:code`` without one.

    Codes of Thema and BIC come first, as they tell the parent.

    Args:
        subjects: with scheme, code and heading, as the catalog has them; None: none.
    """
    names: dict[str, None] = {}
    for subject in () if subjects is None else subjects:
        code, heading = subject["code"], subject["heading"]
        tells_parent = subject["scheme"] in _TREE_SCHEMES
        if name := (code or heading) if tells_parent else (heading or code):
            names[f"{subject['scheme']}:{name}"] = None
    return list(names)


def parent_of(subject: str) -> str | None:
    """Return the subject one level above, or None at the top.

    A heading's levels are separated by ``/`` or ``--``; a code of Thema or BIC has one character
    more than its parent's.
    """
    scheme, _, name = subject.partition(":")
    for separator in _SEPARATORS:
        if separator in name:
            return f"{scheme}:{name.rpartition(separator)[0].rstrip()}"
    if scheme in _TREE_SCHEMES and len(name) > 1:
        return f"{scheme}:{name[:-1].rstrip('-')}"
    return None


def frequent_subjects(
    books: Sequence[Sequence[str]], min_books: int, max_subjects: int
) -> list[str]:
    """Return the subjects to learn, sorted: a rare one gives its books to its parent.

    Args:
        books: the subjects of each training book, one of each group.
        min_books: the least number of books.
        max_subjects: the most frequent are kept, so that time and memory are bounded.

    Raises:
        BadInputError: fewer than two subjects have books enough.
    """
    holders: dict[str, set[int]] = {}
    for book, names in enumerate(books):
        for name in names:
            holders.setdefault(name, set()).add(book)
    kept: Counter[str] = Counter()
    # The deepest first: a parent may become frequent by what its children give it.
    levels: dict[int, set[str]] = {}
    for name in holders:
        levels.setdefault(_depth(name), set()).add(name)
    for depth in range(max(levels, default=0), -1, -1):
        for name in levels.get(depth, ()):
            if len(holders[name]) >= min_books:
                kept[name] = len(holders[name])
            elif parent := parent_of(name):
                holders.setdefault(parent, set()).update(holders[name])
                levels.setdefault(depth - 1, set()).add(parent)
    if len(kept) < 2:
        raise BadInputError(
            f"labels=many: {len(kept)} of {len(holders):,} subjects have {min_books} books or "
            "more, and 2 are needed: give a listing with subjects, or lower min_subject_books"
        )
    ranked = sorted(kept, key=lambda name: (-kept[name], name))
    return sorted(ranked[:max_subjects])


def learnt(names: Sequence[str], subjects: Mapping[str, int]) -> list[int]:
    """Return the indices of a book's subjects; of an unknown one that of its nearest ancestor."""
    found = set()
    for name in names:
        above: str | None = name
        while above is not None and above not in subjects:
            above = parent_of(above)
        if above is not None:
            found.add(subjects[above])
    return sorted(found)


def _depth(name: str) -> int:
    depth, above = 0, parent_of(name)
    while above is not None:
        depth, above = depth + 1, parent_of(above)
    return depth
