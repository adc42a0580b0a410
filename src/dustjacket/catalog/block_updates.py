"""Merge records that update a part of an earlier one, as feeds of ONIX 3.1 have them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dustjacket.catalog.parse import ListingChunk, ParseChunk, Piece, rows_of
from dustjacket.sources.files import SourceFile
from dustjacket.sources.formats import FORMATS
from dustjacket.sources.onix.deltas import BLOCK_UPDATE, WITHOUT_RECORD, merged
from dustjacket.sources.tables import TableRow

_Place = tuple[int, int]
"""Number of a chunk, and of a row in it."""


def merge_block_updates(
    slim: pa.Table,
    chunks: Sequence[ListingChunk],
    order: Mapping[SourceFile, int],
    parse: ParseChunk,
) -> list[int]:
    """Store again each chunk with a block update, merged with its earlier records.

    A merged record has the place and bytes of its update, and stands for the whole record. An
    update of a record that is not there is rejected if it has no title.

    Args:
        slim: all rows, in the columns of :data:`dustjacket.catalog.parse.SLIM`.
        order: place of each file in the feed.

    Returns:
        Numbers of the chunks that were stored again.
    """
    is_update = pc.equal(slim["notification"], BLOCK_UPDATE).fill_null(False)
    ids = frozenset(slim["record_id"].filter(is_update).drop_null().to_pylist())
    if not ids:
        return []
    fed = [chunk for chunk in chunks if any(map(_is_fed, chunk.pieces))]
    rows = _merged_rows(_records(fed, ids, order, parse))
    stored = []
    for chunk in fed:
        if any(number == chunk.number for number, _ in rows):
            parse.store(chunk.number, _replaced(chunk, rows, parse))
            stored.append(chunk.number)
    return stored


def _is_fed(piece: Piece) -> bool:
    return FORMATS[piece.format.shape.format].canonical


def _records(
    chunks: Iterable[ListingChunk],
    ids: frozenset[str],
    order: Mapping[SourceFile, int],
    parse: ParseChunk,
) -> list[tuple[int, int, _Place, TableRow]]:
    """Return the records with the given ids in the order in which they apply."""
    found = [
        (order[piece.file], row.position, (chunk.number, index), row)
        for chunk in chunks
        for index, (piece, row) in enumerate(rows_of(chunk, parse.scratch.store))
        if row.values.get("record_id") in ids
    ]
    return sorted(found, key=lambda record: record[:2])


def _merged_rows(records: Iterable[tuple[int, int, _Place, TableRow]]) -> dict[_Place, TableRow]:
    """Return the row that takes the place of each block update."""
    latest: dict[Any, dict[str, Any]] = {}
    rows: dict[_Place, TableRow] = {}
    for _, _, place, row in records:
        identity = row.values["record_id"]
        earlier = latest.get(identity)
        values = latest[identity] = merged(earlier, row.values)
        if row.values.get("notification") == BLOCK_UPDATE:
            is_alone = earlier is None and not values.get("title")
            rows[place] = replace(row, values=values, reason=WITHOUT_RECORD if is_alone else None)
    return rows


def _replaced(
    chunk: ListingChunk, rows: Mapping[_Place, TableRow], parse: ParseChunk
) -> Iterator[tuple[Piece, TableRow]]:
    for index, (piece, row) in enumerate(rows_of(chunk, parse.scratch.store)):
        yield piece, rows.get((chunk.number, index), row)
