"""Books of a table, in any format that a listing may have."""

from collections.abc import Iterator
from typing import Any

from dustjacket.cli.local_ingest import local_store
from dustjacket.records.columns import columns_of
from dustjacket.records.record import CANONICAL, record_of
from dustjacket.sources.files import stage
from dustjacket.sources.find import find_tables, may_be_table
from dustjacket.sources.formats import FORMATS, read_rows
from dustjacket.sources.streams import corrupt_as_bad_input, opened
from dustjacket.sources.tables import ReadOptions
from dustjacket.typesetting.book import MAX_DESCRIPTION


def read_books(source: str) -> Iterator[dict[str, Any]]:
    """Yield title, subtitle, author, description and genre of each row; empty ones are left out.

    A row that cannot be read has no title.

    Args:
        source: absolute path, or s3:// or https:// address.

    Raises:
        BadInputError: the source has no table with a column of titles.
    """
    with local_store(source) as store:
        files = stage(source, store, may_be_table)
        for table in find_tables(files, source, store, ReadOptions(source)).tables:
            shape, name = table.shape, table.file.name
            columns = (
                CANONICAL if FORMATS[shape.format].canonical else columns_of(shape.keys, where=name)
            )
            with opened(table.file, store) as stream, corrupt_as_bad_input(table.file):
                for row in read_rows(stream, shape):
                    if row.reason:
                        yield {"title": ""}
                        continue
                    book = record_of(row.values, columns)
                    fields = {
                        "title": book.title,
                        "subtitle": book.subtitle,
                        "author": book.author,
                        "description": book.description[:MAX_DESCRIPTION],
                        "genre": book.genre,
                    }
                    yield {field: text for field, text in fields.items() if text}
