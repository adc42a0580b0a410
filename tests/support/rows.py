"""Rows of formats, read from bytes."""

import io

from dustjacket.sources.csv import WHOLE
from dustjacket.sources.tables import Format, ReadOptions, TableRow


def rows_of(format_: Format, body: bytes) -> list[TableRow]:
    """Return all rows of a file, after checking that the format takes it for its own."""
    assert format_.matches(body[: 1 << 20], "x")
    shape = format_.shape(io.BytesIO(body), ReadOptions("x"))
    return list(format_.rows(io.BytesIO(body), shape, WHOLE))
