"""Rows of covers, from the tables of a source or from the names of its image files."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from dustjacket.covers.locate import is_safe_path, match_keys
from dustjacket.covers.s3_prefix import S3Prefix
from dustjacket.covers.step import CoversParameters
from dustjacket.errors import BadInputError
from dustjacket.sources.arrow import arrow_batches, spark_schema
from dustjacket.sources.encoding import raw_text
from dustjacket.sources.files import SourceFile, is_web
from dustjacket.sources.formats import read_rows, shape_of
from dustjacket.sources.json_lines import text_of
from dustjacket.sources.streams import corrupt_as_bad_input
from dustjacket.sources.tables import ReadOptions, Shape, TableRow, key_of
from dustjacket.splits import normalise

TITLE_COLUMNS, AUTHOR_COLUMNS = ("name", "title"), ("author", "authors")
IMAGE_COLUMNS = ("img_paths", "image_path", "image_url", "image url", "image", "filename")
CATEGORY_COLUMNS = ("category", "genre")
MAX_TITLE_LENGTH = 1000
ROW_SCHEMA = pa.schema(
    [
        ("source_file", pa.string()),
        ("number", pa.int64()),
        ("raw", pa.string()),
        ("title", pa.string()),
        ("author", pa.string()),
        ("category", pa.string()),
        ("image", pa.string()),
        ("url", pa.string()),
        ("match_keys", pa.list_(pa.string())),
        ("reason", pa.string()),
    ]
)
"""One row for each record, with where to find its image, or the reason to reject it.

``number`` counts the records of one file, including its header. One of ``image`` (a path in the
source), ``url`` and ``reason`` is set. ``match_keys``: see ``locate.match_keys``.
"""
_BATCH_ROWS = 2000
_MAX_TASKS = 256


@dataclass(frozen=True)
class CoverTable:
    """A file of the source that is a table of covers, and the names of its columns."""

    file: str
    shape: Shape
    title: str
    image: str
    author: str | None
    category: str | None


def find_tables(
    prefix: S3Prefix, names: Iterable[str], parameters: CoversParameters
) -> list[CoverTable]:
    """Return the files that are tables of covers: they have a title and an image column.

    Args:
        names: candidate files below ``prefix``.

    Raises:
        BadInputError: a column that a parameter names is in no table.
    """
    tables, columns_seen = [], set[str]()
    for name in names:
        try:
            with prefix.open(name) as stream, corrupt_as_bad_input(SourceFile(name, "", "")):
                shape = shape_of(stream, ReadOptions(name))
        except BadInputError:
            continue
        columns = shape.keys
        columns_seen.update(columns)
        title = _column(columns, parameters.title_column, TITLE_COLUMNS)
        image = _column(columns, parameters.image_column, IMAGE_COLUMNS)
        if title and image:
            author = _column(columns, parameters.author_column, AUTHOR_COLUMNS)
            category = _column(columns, parameters.category_column, CATEGORY_COLUMNS)
            tables.append(CoverTable(name, shape, title, image, author, category))
    for parameter in ("title_column", "author_column", "image_column", "category_column"):
        column = getattr(parameters, parameter)
        if column and key_of(column) not in columns_seen:
            known = ", ".join(sorted(columns_seen)) or "a table of the source"
            raise BadInputError(
                f"covers {parameters.source!r}: no table has a column {column!r}: set {parameter} "
                f"to one of {known}"
            )
    return tables


def _column(columns: Sequence[str], override: str, defaults: Sequence[str]) -> str | None:
    """Return the column that a parameter names, or the first of ``defaults`` that exists."""
    candidates = [key_of(override)] if override else defaults
    return next((name for name in candidates if name in columns), None)


def table_rows(spark: SparkSession, prefix: S3Prefix, tables: Sequence[CoverTable]) -> DataFrame:
    """Return the rows of ``tables`` in ``ROW_SCHEMA``; one Spark task reads one table."""

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column("id").to_pylist():
                table = tables[number]
                with (
                    prefix.open(table.file) as stream,
                    corrupt_as_bad_input(SourceFile(table.file, "", "")),
                ):
                    records = read_rows(stream, table.shape)
                    yield from _batches(row_of_record(table, record) for record in records)

    tasks = max(1, min(len(tables), _MAX_TASKS))
    numbers = spark.range(0, len(tables), numPartitions=tasks)
    return numbers.mapInArrow(read, spark_schema(ROW_SCHEMA))


def row_of_record(table: CoverTable, record: TableRow) -> dict[str, Any]:
    """Return the columns of ``ROW_SCHEMA`` that a record of a table sets; the others are null."""
    row: dict[str, Any] = {
        "source_file": table.file, "number": record.position, "raw": raw_text(record.raw)
    }  # fmt: skip
    if record.reason:
        return row | {"reason": record.reason}
    title, author, category, image = (
        " ".join(text_of(record.values.get(column)).split()) if column else ""
        for column in (table.title, table.author, table.category, table.image)
    )
    row |= {"title": title or None, "author": author or None, "category": category or None}
    if reason := _title_reason(title):
        return row | {"reason": reason}
    if not image:
        return row | {"reason": "no_image"}
    if is_web(image):
        return row | {"url": image}
    if not is_safe_path(image):
        return row | {"image": image, "reason": "unsafe_path"}
    folder = PurePosixPath(table.file).parent.as_posix()
    return row | {"image": image, "match_keys": match_keys(image, folder)}


def image_rows(spark: SparkSession, names: Sequence[str]) -> DataFrame:
    """Return rows in ``ROW_SCHEMA`` of images that are named ``Title - Author``.

    An image's folder is its category.
    """

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            columns = batch.column("name").to_pylist(), batch.column("number").to_pylist()
            yield from _batches(map(row_of_image, *columns))

    table = pa.table({"name": pa.array(names, pa.string()), "number": range(len(names))})
    return spark.createDataFrame(table).mapInArrow(read, spark_schema(ROW_SCHEMA))


def row_of_image(name: str, number: int) -> dict[str, Any]:
    """Return the columns of ``ROW_SCHEMA`` that the name of an image file sets."""
    path = PurePosixPath(name)
    title, _, author = (" ".join(part.split()) for part in path.stem.rpartition(" - "))
    if not title:
        title, author = author, ""
    return {
        "source_file": name, "number": number, "raw": raw_text(name.encode(errors="replace")),
        "title": title or None, "author": author or None, "category": path.parent.name or None,
        "image": name, "reason": _title_reason(title),
    }  # fmt: skip


def _title_reason(title: str) -> str | None:
    if not title:
        return "no_title"
    if len(title) > MAX_TITLE_LENGTH:
        return "title_too_long"
    return None if normalise(title) else "punctuation_title"


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[pa.RecordBatch]:
    values = (tuple(map(row.get, ROW_SCHEMA.names)) for row in rows)
    return arrow_batches(values, ROW_SCHEMA, _BATCH_ROWS)
