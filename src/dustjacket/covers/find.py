"""Where a source says that its covers are: the rows of its tables, or the names of its images."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from dustjacket.covers.s3_prefix import Place
from dustjacket.errors import BadInputError
from dustjacket.pipeline.parameters import CoversParameters
from dustjacket.sources.arrow import arrow_batches, spark_schema
from dustjacket.sources.csv import raw_text
from dustjacket.sources.files import SourceFile, is_web
from dustjacket.sources.streams import corrupt_as_bad_input
from dustjacket.sources.tables import Shape, TableRow, key_of, kind_of, shape_of
from dustjacket.sources.tables import read_rows as rows_of
from dustjacket.splits import normalise

TITLE_COLUMNS, AUTHOR_COLUMNS = ("name", "title"), ("author", "authors")
IMAGE_COLUMNS = ("img_paths", "image_path", "image_url", "image url", "image", "filename")
CATEGORY_COLUMNS = ("category", "genre")
MAX_TITLE = 1000
CURE = (
    f"give a table with a title column ({' or '.join(TITLE_COLUMNS)}) and an image column "
    f"({' or '.join(IMAGE_COLUMNS)}), or name them by title_column and image_column; or a folder "
    "of images named 'Title - Author.jpg'"
)
ROW = pa.schema(
    [
        ("source_file", pa.string()),
        ("number", pa.int64()),
        ("raw", pa.string()),
        ("title", pa.string()),
        ("author", pa.string()),
        ("category", pa.string()),
        ("image", pa.string()),
        ("url", pa.string()),
        ("ends", pa.list_(pa.string())),
        ("reason", pa.string()),
    ]
)
"""A row a record: what it says, where its image may be, or the reason why it is rejected.

``number`` counts the records of one file, its header too. ``image`` is a path in the source; it,
or ``url``, or ``reason`` is set; ``ends`` are the ways to find the image, best first.
"""
_BATCH_ROWS = 2000
_MOST_TASKS = 256


@dataclass(frozen=True)
class CoverTable:
    """A file of the source that is a table of covers, and its columns, named as values are."""

    file: str
    shape: Shape
    title: str
    image: str
    author: str | None
    category: str | None


def find_tables(
    place: Place, names: Iterable[str], parameters: CoversParameters
) -> list[CoverTable]:
    """Return those files of ``names`` that are tables of covers.

    Raises:
        BadInputError: a column that a parameter names is in none of the tables.
    """
    tables, seen = [], set[str]()
    for name in names:
        with place.open(name) as stream, corrupt_as_bad_input(SourceFile(name, "", "")):
            shape = shape_of(stream, kind_of(name) or ".csv")
        if shape is None:
            continue
        columns = shape.keys
        seen.update(columns)
        title = _column(columns, parameters.title_column, TITLE_COLUMNS)
        image = _column(columns, parameters.image_column, IMAGE_COLUMNS)
        if title and image:
            author = _column(columns, parameters.author_column, AUTHOR_COLUMNS)
            category = _column(columns, parameters.category_column, CATEGORY_COLUMNS)
            tables.append(CoverTable(name, shape, title, image, author, category))
    for parameter in ("title_column", "author_column", "image_column", "category_column"):
        asked = getattr(parameters, parameter)
        if asked and key_of(asked) not in seen:
            raise BadInputError(
                f"covers {parameters.source!r}: no table has a column {asked!r}: set {parameter} "
                f"to one of {', '.join(sorted(seen)) or 'a table of the source'}"
            )
    return tables


def _column(columns: Sequence[str], asked: str, known: Sequence[str]) -> str | None:
    """Return the column that was asked for, or else the first of the known ones."""
    wanted = [key_of(asked)] if asked else known
    return next((name for name in wanted if name in columns), None)


def read_rows(spark: SparkSession, place: Place, tables: Sequence[CoverTable]) -> DataFrame:
    """Return the rows of ``tables``, read by Spark's tasks, a table by one of them."""

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column("id").to_pylist():
                table = tables[number]
                with (
                    place.open(table.file) as stream,
                    corrupt_as_bad_input(SourceFile(table.file, "", "")),
                ):
                    rows = (_values(found(table, row)) for row in rows_of(stream, table.shape))
                    yield from arrow_batches(rows, ROW, _BATCH_ROWS)

    return spark.range(
        0, len(tables), numPartitions=max(1, min(len(tables), _MOST_TASKS))
    ).mapInArrow(read, spark_schema(ROW))


def found(table: CoverTable, row: TableRow) -> dict[str, Any]:
    """Return what one record of a table says, in the columns of ``ROW``; others are null."""
    known: dict[str, Any] = {
        "source_file": table.file, "number": row.position, "raw": raw_text(row.raw)
    }  # fmt: skip
    if row.reason:
        return known | {"reason": row.reason}
    title, author, category, image = (
        " ".join(row.values.get(column, "").split()) if column else ""
        for column in (table.title, table.author, table.category, table.image)
    )
    known |= {"title": title or None, "author": author or None, "category": category or None}
    if reason := _no_title(title):
        return known | {"reason": reason}
    if not image:
        return known | {"reason": "no_image"}
    if is_web(image):
        return known | {"url": image}
    if not is_safe(image):
        return known | {"image": image, "reason": "unsafe_path"}
    folder = PurePosixPath(table.file).parent.as_posix()
    return known | {"image": image, "ends": ends_of(image, folder)}


def named_rows(spark: SparkSession, names: Sequence[str]) -> DataFrame:
    """Return a row an image that is named ``Title - Author``, in the folder of its category."""

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            rows = (
                _values(by_name(name, number))
                for name, number in zip(
                    batch.column("name").to_pylist(),
                    batch.column("number").to_pylist(),
                    strict=True,
                )
            )
            yield from arrow_batches(rows, ROW, _BATCH_ROWS)

    table = pa.table({"name": pa.array(names, pa.string()), "number": range(len(names))})
    return spark.createDataFrame(table).mapInArrow(read, spark_schema(ROW))


def by_name(name: str, number: int) -> dict[str, Any]:
    """Return what the name of an image file says, in the columns of ``ROW``."""
    path = PurePosixPath(name)
    title, _, author = (" ".join(part.split()) for part in path.stem.rpartition(" - "))
    if not title:
        title, author = author, ""
    return {
        "source_file": name, "number": number, "raw": raw_text(name.encode(errors="replace")),
        "title": title or None, "author": author or None, "category": path.parent.name or None,
        "image": name, "ends": [f"={name}"], "reason": _no_title(title),
    }  # fmt: skip


def _no_title(title: str) -> str | None:
    if not title:
        return "no_title"
    if len(title) > MAX_TITLE:
        return "title_too_long"
    return None if normalise(title) else "punctuation_title"


def is_safe(image: str) -> bool:
    """Return whether ``image`` is a path that stays below the source's folder."""
    path = PurePosixPath(image)
    return not (path.is_absolute() or ".." in path.parts or "\\" in image or "\0" in image)


def ends_of(image: str, folder: str) -> list[str]:
    """Return how the source may name the file that a table calls ``image``, the likeliest first.

    A path may begin with folders that the source does not have (``dataset/…``), or lack some that
    it has, so the longest end of it counts that names a file of the table's folder (``=`` and its
    name), or, with its folder, one file alone of the source (``~`` and the end of its name).
    """
    parts = PurePosixPath(image).parts
    ends = ["/".join(parts[start:]) for start in range(len(parts))]
    return [
        way for end in ends for way in (f"={(PurePosixPath(folder) / end).as_posix()}", f"~{end}")
    ]


def locate(rows: DataFrame, names: DataFrame) -> DataFrame:
    """Return ``rows`` with the column ``file``, the source's name of the image, where it has one.

    Rows whose image the source does not have get the reason ``missing_image``.

    Args:
        rows: of ``ROW``, with a ``position`` of its own each.
        names: one column, ``name``: the source's images.
    """
    parts = names.withColumn("parts", fn.split("name", "/"))
    ends = parts.where("size(parts) > 1").select(
        "name",
        fn.explode(
            fn.expr(
                "transform(sequence(1, size(parts) - 1), "
                "at -> concat('~', array_join(slice(parts, at, size(parts)), '/')))"
            )
        ).alias("way"),
    )
    alone = ends.groupBy("way").agg(fn.min("name").alias("name"), fn.count("*").alias("files"))
    ways = alone.where("files = 1").select("way", "name")
    ways = ways.union(names.select(fn.concat(fn.lit("="), "name"), "name"))
    best = (
        rows.where("reason is null")
        .select("position", fn.posexplode("ends").alias("rank", "way"))
        .join(ways, "way")
        .groupBy("position")
        .agg(fn.min_by("name", "rank").alias("file"))
    )
    missing = fn.when(fn.col("file").isNull() & fn.col("url").isNull(), fn.lit("missing_image"))
    return (
        rows.join(best, "position", "left")
        .withColumn("reason", fn.coalesce("reason", missing))
        .drop("ends")
    )


def _values(row: Mapping[str, Any]) -> list[Any]:
    return [row.get(name) for name in ROW.names]
