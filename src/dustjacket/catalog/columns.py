"""Which columns of a listing say what of a book, and whether a file is a listing at all."""

from collections.abc import Mapping
from dataclasses import dataclass

from dustjacket.catalog.step import CatalogParameters
from dustjacket.errors import BadInputError
from dustjacket.sources.tables import ENDINGS, LISTING, Shape, key_of

KNOWN: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "name", "book_title", "original_title"),
    "genre": ("category", "genre", "genres", "categories"),
    "author": ("author", "authors"),
    "description": ("description", "summary", "blurb"),
    "asin": ("asin", "isbn13", "isbn", "isbn10", "book_id", "id"),
    "filename": ("filename",),
    "image_url": ("image url", "image_url", "image"),
}
"""Names of columns that are understood without being told, the first that is there."""
_NEEDED = ("title", "genre")
CURE = (
    f"give a table ({' '.join(ENDINGS)}, plain or compressed) with title and genre columns, named "
    f"as title_column and genre_column, or a listing of the columns {', '.join(LISTING)}"
)
_SIGNATURES = {
    b"PK\x03\x04": "a ZIP archive or a spreadsheet",
    b"\xd0\xcf\x11\xe0": "a spreadsheet",
    b"%PDF": "a PDF file",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}
_NOT_TEXT = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a"))


@dataclass(frozen=True)
class ListedFile:
    """One file of a listing, looked at: its shape, and which column holds what of a book."""

    shape: Shape
    columns: Mapping[str, str]


def check_text(name: str, head: bytes) -> None:
    """Check that a file of separated values or JSON Lines is text.

    Args:
        name: what to call the file in the error.
        head: its beginning, decompressed.

    Raises:
        BadInputError: it is empty, or something else.
    """
    if problem := text_problem(head):
        raise BadInputError(f"listing {name!r} is {problem}: {CURE}")


def text_problem(head: bytes) -> str | None:
    """Return what a file is instead of text, such as ``empty`` or ``a PDF file``, or None.

    Args:
        head: its beginning, decompressed.
    """
    if not head.strip():
        return "empty"
    for signature, name in _SIGNATURES.items():
        if head.startswith(signature):
            return name
    if len(head.translate(None, _NOT_TEXT)) < 0.99 * len(head):
        return "binary, not text"
    return None


def columns_of(name: str, shape: Shape, parameters: CatalogParameters) -> dict[str, str]:
    """Return, for what of a book is there, the column that holds it, as rows name columns.

    Raises:
        BadInputError: no column holds the title or the genre, or one that is asked for is not
            there; the text names the columns that are.
    """
    asked = {
        "title": parameters.title_column,
        "author": parameters.author_column,
        "genre": parameters.genre_column,
        "description": parameters.description_column,
    }
    there = shape.keys
    found: dict[str, str] = {}
    for what, known in KNOWN.items():
        wanted = key_of(asked.get(what, ""))
        if wanted and wanted not in there:
            raise BadInputError(f"listing {name!r} has no column {wanted!r}, {_but(shape)}")
        column = wanted or next((key for key in known if key in there), None)
        if column:
            found[what] = column
    for what in _NEEDED:
        if what not in found:
            raise BadInputError(f"listing {name!r} has no {what} column, {_but(shape)}")
    return found


def _but(shape: Shape) -> str:
    shown = ", ".join(name.strip()[:40] for name in shape.columns[:12])
    return f"but {len(shape.columns)} columns ({shown}): {CURE}"
