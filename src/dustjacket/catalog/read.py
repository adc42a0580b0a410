"""Read published catalogues."""

from typing import TYPE_CHECKING

from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

BOOKS = "books"


def read_books(spark: "SparkSession", store: Store, catalog: Manifest) -> "DataFrame":
    """Return one row per book.

    Columns: file, position, asin, title, author (null if unknown), genre, genres, description,
    image_url, group, split, training, corrected, listed. ``file`` and ``position`` identify the row
    of the listing. ``training`` is false where the rights holder reserves text and data mining;
    earlier releases did not write it. ``corrected`` is whether a person decided on the genre,
    and ``listed`` is the genre of the listing.
    """
    from pyspark.sql import functions as fn

    books = spark.read.parquet(*store.verified_uris(catalog, f"{BOOKS}/"))
    known = fn.col("training") if "training" in books.columns else fn.lit(None).cast("boolean")
    has_corrections = "correction" in books.columns
    listed = fn.col("correction.listed") if has_corrections else fn.lit(None).cast("string")
    return (
        books.withColumn("training", fn.coalesce(known, fn.lit(True)))
        .withColumn("corrected", listed.isNotNull())
        .withColumn("listed", fn.coalesce(listed, "genre"))
    )
