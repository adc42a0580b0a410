"""Find the columns of a listing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from dustjacket.catalog.step import CatalogParameters, FileFacts
from dustjacket.records.columns import Columns, columns_of
from dustjacket.records.record import CANONICAL
from dustjacket.sources.formats import FORMATS
from dustjacket.sources.tables import Shape, key_of


@dataclass(frozen=True)
class ListingFormat:
    """Format of one file of a listing: its shape, and the columns of each field."""

    shape: Shape
    columns: Columns


def listing_columns(
    name: str,
    shape: Shape,
    parameters: CatalogParameters,
    sample: Sequence[Mapping[str, Any]],
    required: Sequence[str] = ("title", "genre"),
) -> Columns:
    """Return the columns of each field of a listing.

    Args:
        name: of the file, for the error message.
        sample: values of its first rows.
        required: fields that must have a column.

    Raises:
        BadInputError: a column is missing or ambiguous.
    """
    if FORMATS[shape.format].canonical:
        return CANONICAL
    return columns_of(
        shape.keys,
        named_columns(parameters),
        required,
        where=f"listing {name!r}",
        sample=sample,
    )


def named_columns(parameters: CatalogParameters) -> dict[str, str]:
    """Return the columns that parameters name, by field, as the keys of a row's values."""
    named = {
        "title": parameters.title_column,
        "author": parameters.author_column,
        "genre": parameters.genre_column,
        "description": parameters.description_column,
    }
    return {field: key_of(column) for field, column in named.items() if column}


def file_facts(name: str, listing_format: ListingFormat) -> FileFacts:
    """Return how a file is read, for the manifest and for people."""
    shape, columns = listing_format.shape, listing_format.columns
    is_text = bool(shape.encoding_reason)
    lists = columns.genre_column.lists
    used = set(chain.from_iterable(columns.fields.values()))
    of_lists = (f"the genre column {columns.first('genre')!r} holds lists",) if lists else ()
    return FileFacts(
        file=name,
        format=shape.format,
        encoding=shape.encoding if is_text else "",
        encoding_reason=shape.encoding_reason,
        separator=shape.dialect.separator if shape.format == "csv" else "",
        columns=dict(columns.fields) if columns is not CANONICAL else {},
        unused=tuple(name for name in shape.columns if name and key_of(name) not in used)
        if columns is not CANONICAL
        else (),
        warnings=(*shape.warnings, *of_lists),
    )
