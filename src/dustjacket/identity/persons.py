"""The persons that an author's field names, whatever the order and form of their names."""

import re
from functools import lru_cache

from dustjacket.identity.text import PUNCTUATION, fold_letters, normalise

_MAX_PERSONS = 20
_BRACKETS = re.compile(r"[(\[<][^()\[\]<>]*[)\]>]")
_BETWEEN = re.compile(r"[;&|/]|\s(?:and|und|et|with|mit|og|och)\s", re.IGNORECASE)
_DATES = re.compile(r"\b(?:(?:born|died|ca?|b|d|fl)\b\.?\s*)?\d{3,4}\b\??(?:\s*[-\u2013]\s*)?")
_ROLE = re.compile(
    r"^(?:(?:written|edited|translated|illustrated|narrated|compiled|adapted|selected|foreword|"
    r"introduction|preface|afterword|notes)\s+)*by\s+|\b(?:et al|u\. ?a)\b\.?",
    re.IGNORECASE,
)
# Of these, none is a name, and after a comma none is a given name.
_TITLES = frozenset(
    {"jr", "sr", "ii", "iii", "iv", "dr", "md", "phd", "jd", "rn", "esq", "inc", "ltd", "llc", "ed",
     "eds", "editor", "editors", "author", "translator", "illustrator", "introduction", "foreword",
     "narrator", "contributor", "mr", "mrs", "ms", "prof", "professor", "rev", "sir", "m d",
     "ph d", "m a", "b a", "j d", "r n", "dmin", "mba", "cpa", "gmbh", "co", "corp"}
)  # fmt: skip
_NOBODY = frozenset(
    {"", "anon", "anonym", "anonyme", "anonymous", "anonimo", "author unknown", "unknown",
     "unknown author", "unbekannt", "inconnu", "desconocido", "various", "various authors",
     "various artists", "varios", "varios autores", "diverse", "verschiedene", "collectif", "aa vv",
     "vv aa", "aavv", "divers", "autori vari", "na", "n a", "none", "null", "nan", "author",
     "佚名", "著者不明", "неизвестен"}
)  # fmt: skip
# A given name may end in one: "Cervantes, Miguel Antonio de".
_PARTICLES = frozenset({"de", "da", "do", "dos", "du", "del", "di", "la", "van", "von", "der"})
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@lru_cache(maxsize=1 << 16)
def persons(author: str) -> tuple[str, ...]:
    """Return the normalised names of persons in their order, each with the given name first.

    Persons are separated by ``;``, ``&``, ``/`` or the word "and" of some languages, or by commas.
    Names in the order of a library's index have one comma: a family name, and a given name, which
    is a single word or ends in an initial if the family name is longer. Roles, dates of life,
    titles and what is in brackets are left out; initials are one word. "Unknown" is nobody.

    >>> persons("Tolkien, J. R. R. (1892-1973)") == persons("J.R.R. Tolkien")
    True
    >>> persons("Neil Gaiman, Terry Pratchett")
    ('neil gaiman', 'terry pratchett')
    """
    text = (author if author.isascii() else author.translate(PUNCTUATION)).strip()
    if not text.replace(" ", "").isalpha():
        text = _DATES.sub(" ", _BRACKETS.sub(" ", text).strip())
    text = _ROLE.sub(" ", text)
    found: list[list[str]] = []
    for chunk in _BETWEEN.split(text)[:_MAX_PERSONS]:
        parts = [words for part in chunk.split(",") if (words := _without_titles(part))]
        found += _natural(parts[:_MAX_PERSONS])
    names = dict.fromkeys(" ".join(_joined_initials(name)) for name in found)
    known = tuple(name for name in names if name not in _NOBODY)
    return known or tuple(name for name in [normalise(author)] if name not in _NOBODY)


def author_key(author: str | None) -> str:
    """Return the persons of an author's field in alphabetical order; "" for nobody.

    >>> author_key("Pratchett, Terry & Gaiman, Neil")
    'neil gaiman; terry pratchett'
    """
    return "; ".join(sorted(persons(author or "")))


def family_names(author: str | None) -> tuple[str, ...]:
    """Return the folded family name of each person, in their order.

    >>> family_names("T. Pratchett"), family_names("Le Guin, Ursula K.")
    (('pratchett',), ('guin',))
    """
    return tuple(dict.fromkeys(map(_family_name, persons(author or ""))))


def _family_name(name: str) -> str:
    if _UNSPACED.search(name):
        return name.replace(" ", "")
    words = name.split()
    return fold_letters(next((word for word in reversed(words) if len(word) > 1), words[-1]))


def _without_titles(part: str) -> list[str]:
    """Return the words of a part of a name, without titles of persons before and after them."""
    text = normalise(part)
    words = [] if text in _TITLES else text.split()
    while len(words) > 1 and words[0] in _TITLES:
        del words[0]
    while len(words) > 2 and " ".join(words[-2:]) in _TITLES:
        del words[-2:]
    while len(words) > 1 and words[-1] in _TITLES:
        del words[-1]
    # "Oliver Sacks M. D.", unlike "Le Guin, Ursula K.", ends in letters that are no initials.
    while len(words) > 3 and len(words[-1]) == len(words[-2]) == 1:
        del words[-2:]
    return words


def _natural(parts: list[list[str]]) -> list[list[str]]:
    """Return the names in ``parts`` of a text between commas, given names first."""
    pairs = list(zip(parts[::2], parts[1::2], strict=False))
    if len(parts) % 2 == 0 and all(_is_inverted(*pair) for pair in pairs):
        return [given + family for family, given in pairs]
    # "Tolkien J. R. R." has its initials behind, without a comma.
    return [
        name[1:] + name[:1] if len(name) > 2 and all(len(word) == 1 for word in name[1:]) else name
        for name in parts
    ]


def _is_inverted(family: list[str], given: list[str]) -> bool:
    return len(family) == 1 or len(given) == 1 or len(given[-1]) == 1 or given[-1] in _PARTICLES


def _joined_initials(words: list[str]) -> list[str]:
    joined: list[str] = []
    in_initials = False
    for word in words:
        if len(word) == 1 and in_initials:
            joined[-1] += word
        else:
            joined.append(word)
        in_initials = len(word) == 1
    return joined
