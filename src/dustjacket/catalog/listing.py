"""The listing's own format: seven columns, no header, every field quoted."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from dustjacket.errors import BadInputError
from dustjacket.records import read_records

COLUMNS = ("ASIN", "filename", "image URL", "title", "author", "category id", "category")
HEAD = 1 << 20
"""Bytes at the beginning of a file that show whether it is a listing at all."""

CURE = f"give a CSV file whose rows have the {len(COLUMNS)} columns {', '.join(COLUMNS)}"
_SIGNATURES = {
    b"PK\x03\x04": "a ZIP archive or a spreadsheet",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "compressed with gzip",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"\xd0\xcf\x11\xe0": "a spreadsheet",
    b"%PDF": "a PDF file",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}


@dataclass(frozen=True)
class ListingRow:
    """One row of a listing, as it is written there."""

    position: int
    offset: int
    raw: bytes
    asin: str
    filename: str
    image_url: str
    title: str
    author: str
    category_id: str
    category: str


@dataclass(frozen=True)
class RejectedRow:
    """One record that is no row: where it is, why, and its bytes."""

    position: int
    offset: int
    raw: bytes
    reason: str


def read_listing(stream: BinaryIO) -> Iterator[ListingRow | RejectedRow]:
    """Yield a row or a rejection for every record of ``stream``, in order."""
    for record in read_records(stream, len(COLUMNS)):
        if record.reason is not None:
            yield RejectedRow(record.position, record.offset, record.raw, record.reason)
        else:
            yield ListingRow(record.position, record.offset, record.raw, *record.fields)


def check_listing(name: str, head: bytes) -> None:
    """Check that a file is a listing.

    Args:
        name: what to call the file in the error.
        head: its first ``HEAD`` bytes.

    Raises:
        BadInputError: it is empty, not text, or has no row of seven columns there.
    """
    if not head.strip():
        raise BadInputError(f"listing {name!r} is empty: {CURE}")
    for signature, what in _SIGNATURES.items():
        if head.startswith(signature):
            raise BadInputError(f"listing {name!r} is {what}: {CURE}, as UTF-8 text")
    if head.count(0) > len(head) // 100:
        raise BadInputError(f"listing {name!r} is binary, not text: {CURE}, as UTF-8 text")
    if not any(isinstance(row, ListingRow) for row in read_listing(io.BytesIO(head))):
        first = next(read_records(io.BytesIO(head)), None)
        found = f"its first has {len(first.fields)}" if first and first.fields else "none is whole"
        raise BadInputError(
            f"listing {name!r} has no row of {len(COLUMNS)} columns ({found}): {CURE}"
        )
