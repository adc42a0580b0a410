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
    image_url, group, split. ``file`` and ``position`` identify the row of the listing.
    """
    return spark.read.parquet(*store.verified_uris(catalog, f"{BOOKS}/"))
