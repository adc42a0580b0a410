"""The subjects of books as labels: their names, and their parents where they are rare."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dustjacket.errors import BadInputError
from dustjacket.records.vocabulary import Vocabulary

_SEPARATORS = (" / ", " -- ", "--")
_SHOWN = 5
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


@dataclass(frozen=True)
class SubjectNames:
    """How the subjects of books become labels: by a vocabulary, or each by itself.

    Attributes:
        vocabulary: subjects that are none of its terms are left out; None: all count.
        unknown: how many subjects of the books that were read are no terms, by name.
    """

    vocabulary: Vocabulary | None = None
    unknown: Counter[str] = field(default_factory=Counter)

    def of(self, subjects: Iterable[Mapping[str, Any]] | None) -> list[str]:
        """Return the distinct subjects of a book; see :func:`subject_names`.

        A term of a vocabulary is named by the vocabulary, its code and its label.
        """
        if self.vocabulary is None:
            return subject_names(subjects)
        names: dict[str, None] = {}
        for subject in () if subjects is None else subjects:
            if code := self.vocabulary.find(subject["code"], subject["heading"]):
                names[self.name(code)] = None
            elif known_as := subject["heading"] or subject["code"]:
                self.unknown[known_as] += 1
        return list(names)

    def name(self, code: str) -> str:
        """Return the name of a term."""
        if self.vocabulary is None:
            raise ValueError("there is no vocabulary")
        label = self.vocabulary.label(code)
        shown = code if label == code else f"{code} {label}"
        return f"{self.vocabulary.name}:{shown}"

    def parent(self, name: str) -> str | None:
        """Return the subject one level above, or None at the top."""
        if self.vocabulary is None:
            return parent_of(name)
        return self._parents.get(name)

    @cached_property
    def _parents(self) -> dict[str, str]:
        terms = self.vocabulary.terms.values() if self.vocabulary else ()
        return {self.name(term.code): self.name(term.parent) for term in terms if term.parent}

    def summary(self, books: Sequence[Sequence[str]]) -> dict[str, Any]:
        """Return what a vocabulary and the books have in common; empty without a vocabulary.

        Args:
            books: names of the subjects of each.

        Raises:
            BadInputError: no subject of the books is a term.
        """
        if self.vocabulary is None:
            return {}
        used = {name for names in books for name in names}
        often = [name for name, _ in self.unknown.most_common(_SHOWN)]
        if not used:
            given = f"such as {', '.join(map(repr, often))}" if often else "of which there are none"
            raise BadInputError(
                f"vocabulary {self.vocabulary.name!r}: none of its {len(self.vocabulary.terms):,} "
                f"terms is a subject of a training book, {given[:300]}: give the vocabulary of the "
                "catalog's subjects"
            )
        return {
            "name": self.vocabulary.name,
            "terms": len(self.vocabulary.terms),
            "without_books": len(self.vocabulary.terms) - len(used),
            "unknown": self.unknown.total(),
            "unknown_examples": often,
            "unknown_parents": len(self.vocabulary.unknown_parents),
        }


BY_ITSELF = SubjectNames()
"""Without a vocabulary."""


def frequent_subjects(
    books: Sequence[Sequence[str]],
    min_books: int,
    max_subjects: int,
    parent: Callable[[str], str | None] = parent_of,
) -> list[str]:
    """Return the subjects to learn, sorted: a rare one gives its books to its parent.

    Args:
        books: the subjects of each training book, one of each group.
        min_books: the least number of books.
        max_subjects: the most frequent are kept, so that time and memory are bounded.
        parent: returns the subject above.

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
        levels.setdefault(_depth(name, parent), set()).add(name)
    for depth in range(max(levels, default=0), -1, -1):
        for name in levels.get(depth, ()):
            if len(holders[name]) >= min_books:
                kept[name] = len(holders[name])
            elif above := parent(name):
                holders.setdefault(above, set()).update(holders[name])
                levels.setdefault(depth - 1, set()).add(above)
    if len(kept) < 2:
        raise BadInputError(
            f"labels=many: {len(kept)} of {len(holders):,} subjects have {min_books} books or "
            "more, and 2 are needed: give a listing with subjects, or lower min_subject_books"
        )
    ranked = sorted(kept, key=lambda name: (-kept[name], name))
    return sorted(ranked[:max_subjects])


def learnt(
    names: Sequence[str],
    subjects: Mapping[str, int],
    parent: Callable[[str], str | None] = parent_of,
) -> list[int]:
    """Return the indices of a book's subjects; of an unknown one that of its nearest ancestor."""
    found = set()
    for name in names:
        above: str | None = name
        while above is not None and above not in subjects:
            above = parent(above)
        if above is not None:
            found.add(subjects[above])
    return sorted(found)


def _depth(name: str, parent: Callable[[str], str | None]) -> int:
    depth, above = 0, parent(name)
    while above is not None:
        depth, above = depth + 1, parent(above)
    return depth
