"""Write books as package files of EPUB, one a book."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n<package xmlns="http://www.idpf.org/2007/opf" '
    'version="3.0" unique-identifier="uid">\n'
    '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
)
_ITEM = '<item id="c" href={} media-type="image/jpeg" properties="cover-image"/>'


def write_package_files(folder: Path, books: Iterable[Mapping[str, Any]]) -> None:
    """Write a file for each book into a folder."""
    folder.mkdir(exist_ok=True)
    for number, book in enumerate(books):
        (folder / f"{number:08d}.opf").write_text(_package(book), encoding="utf-8")


def _package(book: Mapping[str, Any]) -> str:
    lines = [_term("identifier", book["record_id"], "uid")]
    lines += [_term("identifier", f"urn:isbn:{isbn}") for isbn in book.get("isbn", [])]
    lines += [
        _term(name, book[name]) for name in ("title", "language", "description") if name in book
    ]
    for number, person in enumerate(book.get("contributors", [])):
        lines.append(_term("creator", person["name"], f"creator{number}"))
        lines.append(_refined(f"creator{number}", "role", person["role"]))
    for number, subject in enumerate(book.get("subjects", [])):
        lines.append(_term("subject", subject["heading"], f"subject{number}"))
        lines.append(_refined(f"subject{number}", "authority", subject["scheme"]))
        lines.append(_refined(f"subject{number}", "term", subject["code"] or "unknown"))
    item = _ITEM.format(quoteattr(book["image"])) if "image" in book else ""
    return f"{_HEAD}{''.join(lines)}</metadata>\n<manifest>{item}</manifest>\n</package>\n"


def _term(name: str, text: str, identifier: str = "") -> str:
    mark = f' id="{identifier}"' if identifier else ""
    return f"<dc:{name}{mark}>{escape(text)}</dc:{name}>\n"


def _refined(identifier: str, name: str, text: str) -> str:
    return f'<meta refines="#{identifier}" property="{name}">{escape(text)}</meta>\n'
