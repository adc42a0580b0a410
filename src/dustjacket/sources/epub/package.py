"""The canonical fields of a book from the package file of an EPUB."""

import posixpath
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from dustjacket.sources.epub.metadata import Metadata, Term
from dustjacket.sources.tables import Value
from dustjacket.sources.xml import name_of

_SCHEMES = {"lchs": "lcsh"}
"""Misspelt names of schemes that are frequent."""
_WORD = re.compile(r"thema|bisac|lcsh|lcgft|fast|bic|clil|wgs|nur|ddc")
_BISAC_CODE = re.compile(r"[A-Z]{3}\d{6}")
_LCSH_CODE = re.compile(r"sh\d{6,}")
_ISBN = re.compile(r"(?:urn:)?isbn[:\s]*([\dXx -]+)|(97[89][\d -]{10,14})", re.IGNORECASE)
_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?")
_PUBLISHED = ("publication", "original-publication", "")
_RELATOR = re.compile(r"[a-z]{3}")
_TITLES = ("main", "", "edition", "collection", "short", "expanded")


def values_of(package: Any) -> dict[str, Value]:
    """Return the canonical fields of a package file that are not empty.

    ``description`` may hold HTML. ``image`` is the path of the cover from the package file on.
    """
    metadata = Metadata(package)
    titles = _titles(metadata)
    values: dict[str, Any] = {
        "title": titles.get("main", ""),
        "subtitle": titles.get("subtitle", ""),
        "contributors": list(_contributors(metadata)),
        "subjects": [_subject(metadata, term) for term in metadata.terms("subject")],
        "genre": list(
            dict.fromkeys([*metadata.meta("schema:genre"), *metadata.meta("se:subject")])
        ),
        "description": _description(metadata),
        "isbn": _isbns(metadata),
        "record_id": metadata.unique_identifier,
        "language": _first(text for text in metadata.texts("language") if text != "und"),
        "published": _published(metadata),
        "publisher": _first(metadata.texts("publisher")),
        "rights": _first(metadata.texts("rights")),
        "collections": metadata.meta("belongs-to-collection"),
        "text_and_data_mining": _mining(metadata),
        "image": cover_path(package),
    }
    return {name: value for name, value in values.items() if value}


def _first(texts: Iterator[str]) -> str:
    return next(texts, "")


def _titles(metadata: Metadata) -> dict[str, str]:
    """Return the main title and the subtitle, by their declared types and order.

    Without types, the first title is the main one, and further ones are left out.
    """
    terms = sorted(metadata.terms("title"), key=metadata.order)
    typed: dict[str, str] = {}
    for term in terms:
        typed.setdefault(metadata.refined(term, "title-type").lower(), term.text)
    main = next((typed[kind] for kind in _TITLES if typed.get(kind)), "")
    return {"main": main, "subtitle": typed.get("subtitle", "")}


def _contributors(metadata: Metadata) -> Iterator[dict[str, str]]:
    """Yield a name and a relator code for each role of each creator and contributor."""
    for name, default in (("creator", "aut"), ("contributor", "ctb")):
        for term in metadata.terms(name):
            roles = [
                role
                for text in metadata.all_refined(term, "role")
                for role in text.rpartition("/")[2].lower().split()
                if _RELATOR.fullmatch(role)
            ]
            for role in dict.fromkeys(roles or [default]):
                yield {"name": term.text, "role": role}


def _subject(metadata: Metadata, term: Term) -> dict[str, Any]:
    """Return a subject; without an authority, what has the form of a BISAC code is one."""
    authority = metadata.refined(term, "authority").lower()
    code = metadata.refined(term, "term")
    code = "" if code.lower() == "unknown" else code
    found = _WORD.search(authority)
    scheme = _SCHEMES.get(authority) or (found[0] if found else authority)
    if _BISAC_CODE.fullmatch(term.text):
        return {"scheme": scheme or "bisac", "code": term.text, "heading": None, "main": False}
    if not scheme:
        scheme = "lcsh" if _LCSH_CODE.fullmatch(code) else "own"
    return {"scheme": scheme, "code": code or None, "heading": term.text, "main": False}


def _description(metadata: Metadata) -> str:
    """Return the longest description."""
    texts = [*metadata.texts("description"), *metadata.meta("schema:abstract")]
    texts += metadata.meta("se:long-description")
    return max(texts, key=len, default="")


def _isbns(metadata: Metadata) -> list[str]:
    found = []
    for term in metadata.terms("identifier"):
        kind = metadata.refined(term, "scheme") or metadata.refined(term, "identifier-type")
        number = _ISBN.fullmatch(term.text)
        if number:
            found.append((number[1] or number[2]).strip())
        elif kind.lower() in ("isbn", "isbn-13", "isbn-10", "02", "15"):
            found.append(term.text)
    return list(dict.fromkeys(found))


def _published(metadata: Metadata) -> str:
    dates = {
        metadata.refined(term, "event").lower(): date[0]
        for term in reversed(metadata.terms("date"))
        if (date := _DATE.match(term.text))
    }
    return next((dates[event] for event in _PUBLISHED if event in dates), "")


def _mining(metadata: Metadata) -> str | None:
    """Return the reservation of the TDM Reservation Protocol, which 1 makes and 0 lifts."""
    reserved = _first(iter(metadata.meta("tdm:reservation")))
    return {"1": "reserved", "0": "allowed"}.get(reserved)


def cover_path(package: Any, folder: str = "") -> str:
    """Return the path of the cover's image; empty if there is none, or it leads outside.

    Args:
        folder: of the package file in its archive.

    EPUB 3 marks it by the property ``cover-image``, EPUB 2 by ``meta name="cover"``. Files that do
    neither may have an image in the guide, or one whose identifier is *cover*.
    """
    items = [item for item in package.iter("{*}item") if item.get("href")]
    by_id = {item.get("id", ""): item for item in items}
    named = [meta.get("content", "") for meta in package.iter("{*}meta") if _is_cover(meta)]
    guide = [
        reference.get("href", "")
        for reference in package.iter("{*}reference")
        if "cover" in reference.get("type", "").lower()
    ]
    candidates = [i for i in items if "cover-image" in (i.get("properties") or "").split()]
    candidates += [by_id[identifier] for identifier in named if identifier in by_id]
    candidates += [item for item in items if item.get("href") in named + guide]
    candidates += [i for i in items if i.get("id", "").lower() in ("cover", "cover-image")]
    images = (i for i in candidates if (i.get("media-type") or "image/").startswith("image/"))
    return next((path for item in images if (path := safe_path(item.get("href"), folder))), "")


def _is_cover(meta: Any) -> bool:
    return name_of(meta) == "meta" and str(meta.get("name", "")).lower() == "cover"


def safe_path(address: str, folder: str = "") -> str:
    """Return the path in an archive that a relative address means; empty if it leads outside.

    >>> safe_path("../Images/the%20cover.jpg", "OEBPS/Text"), safe_path("../../etc", "OEBPS")
    ('OEBPS/Images/the cover.jpg', '')
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    path = posixpath.normpath(posixpath.join(folder, unquote(parts.path)))
    if parts.scheme or parts.netloc or not parts.path or path.startswith(("/", "..")):
        return ""
    return path
