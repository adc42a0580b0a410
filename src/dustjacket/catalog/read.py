"""Published catalogues, read back."""

from pyspark.sql import DataFrame, SparkSession

from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

BOOKS = "books"


def read_books(spark: SparkSession, store: Store, catalog: Manifest) -> DataFrame:
    """Return a row a book.

    Columns: file, position, asin, title, author (null where the listing does not say), genre,
    image_url, group, split. ``file`` and ``position`` together say where it was read.
    """
    files = [entry.path for entry in catalog.files if entry.path.startswith(f"{BOOKS}/")]
    return spark.read.parquet(*(store.uri(catalog, path) for path in files))
