"""Map the columns of a listing to fields of a book, and reject files that are no listing."""

from collections.abc import Mapping
from dataclasses import dataclass

from dustjacket.catalog.step import CatalogParameters
from dustjacket.errors import BadInputError
from dustjacket.sources.formats import endings
from dustjacket.sources.tables import LISTING, Shape, key_of

KNOWN_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "name", "book_title", "original_title"),
    "genre": ("category", "genre", "genres", "categories"),
    "author": ("author", "authors"),
    "description": ("description", "summary", "blurb"),
    "asin": ("asin", "isbn13", "isbn", "isbn10", "book_id", "id"),
    "filename": ("filename",),
    "image_url": ("image url", "image_url", "image"),
}
"""Column names recognised without configuration, in order of preference."""
_REQUIRED = ("title", "genre")
CURE = (
    f"give a table ({' '.join(endings())}, plain or compressed) with title and genre columns, "
    f"named as title_column and genre_column, or a listing of the columns {', '.join(LISTING)}"
)


@dataclass(frozen=True)
class ListingFormat:
    """Format of one file of a listing: its shape, and the column of each field."""

    shape: Shape
    columns: Mapping[str, str]


def columns_of(name: str, shape: Shape, parameters: CatalogParameters) -> dict[str, str]:
    """Return the column of each field that the file has, named as in ``TableRow.values``.

    Raises:
        BadInputError: there is no title or genre column, or a configured column does not exist;
            the message lists the existing columns.
    """
    configured = {
        "title": parameters.title_column,
        "author": parameters.author_column,
        "genre": parameters.genre_column,
        "description": parameters.description_column,
    }
    keys = shape.keys
    columns: dict[str, str] = {}
    for field, known in KNOWN_COLUMNS.items():
        configured_column = key_of(configured.get(field, ""))
        if configured_column and configured_column not in keys:
            raise BadInputError(
                f"listing {name!r} has no column {configured_column!r}, {_but_has(shape)}"
            )
        column = configured_column or next((key for key in known if key in keys), None)
        if column:
            columns[field] = column
    for field in _REQUIRED:
        if field not in columns:
            raise BadInputError(f"listing {name!r} has no {field} column, {_but_has(shape)}")
    return columns


def _but_has(shape: Shape) -> str:
    names = ", ".join(name.strip()[:40] for name in shape.columns[:12])
    return f"but {len(shape.columns)} columns ({names}): {CURE}"
