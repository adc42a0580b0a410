"""Find the covers of a source: a row for each, with the image file or the URL that it names."""

from collections.abc import Sequence
from itertools import accumulate

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from dustjacket.covers.locate import locate_images
from dustjacket.covers.source import CoverSource, is_image
from dustjacket.covers.step import CoversParameters
from dustjacket.covers.tables import (
    IMAGE_COLUMNS,
    TITLE_COLUMNS,
    find_tables,
    image_rows,
    table_rows,
)
from dustjacket.errors import BadInputError
from dustjacket.sources.formats import is_table_name

CURE = (
    f"give a table with a title column ({' or '.join(TITLE_COLUMNS)}) and an image column "
    f"({' or '.join(IMAGE_COLUMNS)}), or name them by title_column and image_column; or a folder "
    "of images named 'Title - Author.jpg'"
)


def find_covers(
    spark: SparkSession, source: CoverSource, parameters: CoversParameters
) -> DataFrame:
    """Return a row for each record of the source.

    Columns: those of ``tables.ROW_SCHEMA`` without ``number`` and ``match_keys``; ``position``, the
    unique number of the row in the source; ``file``, the name of its image file, null if the image
    is on the web or ``reason`` is set.

    Raises:
        BadInputError: the source has neither a table of covers nor image files.
    """
    images = [name for name in source.names if is_image(name)]
    names = [name for name in source.names if is_table_name(name)]
    if not images and not names and len(source.names) == 1:
        names = list(source.names)  # a single file is taken for a table, whatever its extension
    tables = find_tables(source.prefix, names, parameters)
    if not tables and not images:
        raise BadInputError(f"covers {source.address!r} has no table of covers: {CURE}")
    if not tables:
        rows = image_rows(spark, images).withColumnRenamed("number", "position")
        return rows.withColumn("file", fn.col("image")).drop("match_keys").localCheckpoint()
    rows = table_rows(spark, source.prefix, tables).persist(StorageLevel.MEMORY_AND_DISK)
    last_numbers = rows.groupBy("source_file").agg(fn.max("number").alias("last")).collect()
    lengths = {row["source_file"]: row["last"] + 1 for row in last_numbers}
    starts = accumulate((lengths.get(table.file, 0) for table in tables), initial=0)
    offsets = pa.table(
        {"source_file": [table.file for table in tables], "start": list(starts)[:-1]}
    )
    numbered = (
        rows.join(fn.broadcast(spark.createDataFrame(offsets)), "source_file")
        .withColumn("position", fn.expr("start + number"))
        .drop("start", "number")
    )
    located = _locate(numbered, images).localCheckpoint()
    rows.unpersist()
    return located


def _locate(rows: DataFrame, images: Sequence[str]) -> DataFrame:
    if images:
        names = pa.table({"name": pa.array(images, pa.string())})
        return locate_images(rows, rows.sparkSession.createDataFrame(names))
    # Most tables of URLs have no images beside them: no join is needed.
    missing = fn.when(fn.col("url").isNull(), fn.lit("missing_image"))
    return (
        rows.withColumn("file", fn.lit(None).cast("string"))
        .withColumn("reason", fn.coalesce("reason", missing))
        .drop("match_keys")
    )
