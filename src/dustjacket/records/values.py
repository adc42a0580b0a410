"""Read one value of a row: scalars, lists in each form that files have, and names of objects."""

import ast
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from dustjacket.sources.encoding import decode

MISSING_WORDS = (
    "null", "none", "nan", "n/a", "na", "#n/a", "<na>", "nil", "\\n", "nat", "undefined", "unknown",
    "missing", "not available", "(null)", "(none)", "[null]", "-", "--", "---", "?", "#ref!",
    "#value!", "#name?", "n.a.", "n. a.", "k. a.", "s.o.", "s/d", "unbekannt", "inconnu",
    "desconocido", "sconosciuto", "onbekend", "desconhecido", "不明", "未知", "不详", "无", "なし",
    "\u2013", "\u2014", "...", "\u2026",
)  # fmt: skip
"""Words that stand for a missing value, in any case; titles keep them."""
_NAME_KEYS = (
    "name", "author_name", "full_name", "fullname", "display_name", "displayname", "personname",
    "author", "genre", "category", "heading", "label", "title", "value", "text", "#text",
)  # fmt: skip
_GIVEN_KEYS = ("given", "first_name", "firstname", "given_name", "givenname", "first")
_FAMILY_KEYS = ("family", "last_name", "lastname", "family_name", "familyname", "last", "surname")
_NO_NAMES = frozenset({"id", "count", "rank", "position", "score", "year", "rating"})
_MAX_LIST_TEXT = 100_000
_MAX_DEPTH = 20
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
# A text of numpy has blanks between its items, which Python would join to one text.
_ADJACENT = re.compile(r"['\"]\s+['\"]")
_LETTER = re.compile(r"[^\W_]")


P = ParamSpec("P")
T = TypeVar("T")
_MAX_KEPT = 200
"""Characters of a text for which a result is kept."""


def kept_for_short_texts(
    size: int,
) -> Callable[[Callable[Concatenate[Any, P], T]], Callable[Concatenate[Any, P], T]]:
    """Let a function of a value keep its results for short texts, which listings repeat.

    Args:
        size: how many results are kept.
    """

    def decorate(work: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], T]:
        kept: Callable[..., T] = lru_cache(maxsize=size)(work)

        @wraps(work)
        def of_value(value: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
            if isinstance(value, str) and len(value) <= _MAX_KEPT:
                return kept(value, *args, **kwargs)
            return work(value, *args, **kwargs)

        return of_value

    return decorate


def scalar(value: Any) -> str:
    """Return a value that is no container as text; empty if it is missing.

    A whole number has no ``.0``, and NaN is missing. A list of one scalar is that scalar; any other
    container gives no text.

    >>> scalar(1984.0), scalar(float("nan")), scalar(["Emma"]), scalar({"a": 1})
    ('1984', '', 'Emma', '')
    """
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return str(value)
        case float():
            if not math.isfinite(value):
                return ""
            return str(int(value)) if value.is_integer() else repr(value)
        case bytes():
            return decode(value)
        case list() | tuple():
            return scalar(value[0]) if len(value) == 1 else ""
        case dict() | set() | frozenset():
            return ""
    return str(value)


def is_container(value: Any) -> bool:
    """Return whether a value holds several, as lists and objects do."""
    return isinstance(value, list | tuple | dict | set | frozenset)


def items_of(value: Any) -> list[Any]:
    """Return the items of a list, or of the text of one in JSON or Python; else the value alone.

    >>> items_of("['Neil Gaiman', 'Terry Pratchett']"), items_of("Emma")
    (['Neil Gaiman', 'Terry Pratchett'], ['Emma'])
    """
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, list | tuple):
        return list(value)
    return [] if value is None else [value]


def names_of(value: Any) -> list[str]:
    """Return the names in a value, in their order: of texts, objects, and lists of these.

    An object gives its ``name`` (or ``author``, ``full_name``, given and family name …), and an
    object that counts names gives these, most frequent first. What has no name is left out.

    >>> names_of({"name": "Frank Herbert", "about": ["Born in 1920"]})
    ['Frank Herbert']
    """
    if isinstance(value, str) and (text := value.strip())[:1] not in ("[", "{"):
        return [text] if text else []
    return list(_names(value, 0))


def _names(value: Any, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        return
    for item in items_of(value):
        if isinstance(item, Mapping):
            yield from _names_of_object(item, depth)
        elif is_container(item):
            yield from _names(item, depth + 1)
        elif text := scalar(item):
            yield text


def _names_of_object(item: Mapping[str, Any], depth: int) -> Iterator[str]:
    folded = {str(key).casefold().replace(" ", "_"): value for key, value in item.items()}
    for key in _NAME_KEYS:
        if (named := folded.get(key)) is not None:
            names = list(_names(named, depth + 1)) if is_container(named) else [scalar(named)]
            if any(names):
                yield from filter(None, names)
                return
    parts = [
        next((scalar(folded[key]) for key in keys if folded.get(key)), "")
        for keys in (_GIVEN_KEYS, _FAMILY_KEYS)
    ]
    if any(parts):
        yield " ".join(filter(None, parts))
        return
    counts = list(item.items())
    is_count = all(isinstance(count, int | float) for _, count in counts)
    if counts and is_count and not any(key in _NO_NAMES or key.endswith("_id") for key in folded):
        yield from (str(name) for name, _ in sorted(counts, key=lambda pair: -pair[1]))


def _parsed(text: str) -> Any:
    """Return the container whose JSON or Python form ``text`` is, or ``text``."""
    text = text.strip()
    if (text[:1], text[-1:]) not in (("[", "]"), ("{", "}")) or len(text) > _MAX_LIST_TEXT:
        return text
    if text.count("[") + text.count("{") > 2_000:
        return text
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        parsed = _parsed_python(text)
    return parsed if is_container(parsed) else text


def _parsed_python(text: str) -> Any:
    inner = text[1:-1].strip()
    if not inner:
        return []
    parsed = None
    if not _ADJACENT.search(text):
        try:
            parsed = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            parsed = None
    if isinstance(parsed, list | tuple | dict):
        return parsed
    if quoted := _QUOTED.findall(inner):  # a set, or a list as numpy writes it
        return [re.sub(r"\\(.)", r"\1", single or double) for single, double in quoted]
    if text[0] == "[" and _LETTER.search(inner):
        return [part.strip() for part in inner.split(",")]
    return text


def is_missing(text: str, words: frozenset[str]) -> bool:
    """Return whether ``text`` is blank or a word for a missing value."""
    return not text or text.casefold() in words
