"""The step ``ingest_catalog``: from a listing to books, every row accepted or rejected."""

import logging
from pathlib import PurePosixPath

import mlflow
import pandas as pd
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as fn

from dustjacket import tracking
from dustjacket.catalog.figures import genre_counts_figure
from dustjacket.catalog.listing import CURE, HEAD, check_listing
from dustjacket.catalog.parse import BOOK, PARSED, parser
from dustjacket.catalog.read import BOOKS
from dustjacket.errors import BadInputError
from dustjacket.job import Job
from dustjacket.parameters import CatalogParameters
from dustjacket.records import decode, raw_bytes
from dustjacket.sources import SourceFile, opened, stage
from dustjacket.storage import Store

log = logging.getLogger(__name__)

REJECTED = "rejected"
_REJECTED = ("file", "position", "offset", "raw", "reason")
_TABLES = (".csv", ".txt")
_MOST_TASKS = 256
_ROWS_PER_FILE = 1_000_000
_EXAMPLES = 20
_EXAMPLE_LENGTH = 500


def ingest_catalog(job: Job, spark: SparkSession) -> None:
    """Read a listing and publish its books, with every rejected row and the reason why.

    Published are ``books/`` (the columns of ``BOOK``) and ``rejected/``: file, position, offset
    (byte at which the record begins), raw (see :func:`dustjacket.records.raw_text`), reason.

    Raises:
        BadInputError: the source is no listing, or no row of it can be accepted.
    """
    parameters = CatalogParameters.model_validate(job.plan.parameters)
    files = find_files(parameters.source, job.store)
    rows = (
        spark.range(0, len(files), numPartitions=min(len(files), _MOST_TASKS))
        .mapInArrow(parser(job.settings, files, parameters), PARSED)
        .cache()
    )
    read = rows.count()
    log.info("%d rows read from %d files", read, len(files))
    decided = decide(rows, parameters.min_rows_per_genre).cache()
    parts = -(-read // _ROWS_PER_FILE) or 1
    for folder, columns, which in (
        (BOOKS, [field.split()[0] for field in BOOK.split(", ")], fn.col("reason").isNull()),
        (REJECTED, list(_REJECTED), fn.col("reason").isNotNull()),
    ):
        decided.where(which).select(columns).repartitionByRange(
            parts, "file", "position"
        ).sortWithinPartitions("file", "position").write.parquet(job.draft.uri(folder))
    books = spark.read.parquet(job.draft.uri(BOOKS))
    rejected = spark.read.parquet(job.draft.uri(REJECTED))
    genres, reasons = _counts(books, "genre"), _counts(rejected, "reason")
    accepted = sum(genres.values())
    if not accepted:
        raise BadInputError(
            f"listing {parameters.source!r}: no row is accepted ({reasons}): {CURE}"
        )
    if accepted + sum(reasons.values()) != read:
        raise RuntimeError(f"{read} rows read, {accepted} + {reasons} accounted for")
    counts = {"rows_read": read, "rows_accepted": accepted, "rows_rejected": read - accepted}
    with tracking.step_run(job, tracking.INGESTION):
        mlflow.log_metrics({name: float(count) for name, count in counts.items()})
        mlflow.log_metrics({f"rejected.{name}": n for name, n in reasons.items()})
        mlflow.log_table(examples(rejected), "rejected_rows.json")
        mlflow.log_figure(genre_counts_figure(genres), "genres.png")
        job.publish(
            rows={"accepted": accepted, "rejected": read - accepted},
            schema={field.name: field.dataType.simpleString() for field in books.schema},
            facts={**counts, "rejected_by_reason": reasons},
        )


def find_files(source: str, store: Store) -> list[SourceFile]:
    """Return the listings of ``source``, staged and looked at.

    Raises:
        BadInputError: there is none, or one is no listing.
    """

    def wanted(name: str) -> bool:
        # A source that is one file is what the caller says it is, however it is named.
        return name == PurePosixPath(source).name or name.lower().endswith(_TABLES)

    files = stage(source, store, wanted)
    if not files:
        raise BadInputError(
            f"listing {source!r} has no file that ends in {' or '.join(_TABLES)}: {CURE}"
        )
    for file in files:
        alone = file.name == PurePosixPath(source).name
        with opened(file, store) as stream:
            head = stream.read(HEAD)
        check_listing(source if alone else f"{source.rstrip('/')}/{file.name}", head)
    return files


def decide(rows: DataFrame, min_rows_per_genre: int) -> DataFrame:
    """Return ``rows`` with the reasons that only the whole listing shows; none is lost or added.

    A row is an ``exact_duplicate`` if an earlier one has the same ASIN, title, author and genre,
    and of a ``rare_genre`` if fewer than ``min_rows_per_genre`` others and it are left then.
    """
    book = Window.partitionBy("asin", "title", "author", "genre").orderBy("file", "position")
    good = rows.where(fn.col("reason").isNull())
    good = good.withColumn(
        "reason", fn.when(fn.row_number().over(book) > 1, fn.lit("exact_duplicate"))
    )
    left = fn.sum(fn.col("reason").isNull().cast("long"))
    rare = good.groupBy("genre").agg(left.alias("rows")).where(f"rows < {min_rows_per_genre}")
    good = good.join(rare, "genre", "left").withColumn(
        "reason",
        fn.coalesce("reason", fn.when(fn.col("rows").isNotNull(), fn.lit("rare_genre"))),
    )
    return rows.where(fn.col("reason").isNotNull()).unionByName(good.drop("rows"))


def examples(rejected: DataFrame) -> pd.DataFrame:
    """Return the first rejected rows of each reason, their beginnings as people read them."""
    first = Window.partitionBy("reason").orderBy("file", "position")
    few: pd.DataFrame = (
        rejected.withColumn("number", fn.row_number().over(first))
        .where(f"number <= {_EXAMPLES}")
        .orderBy("reason", "number")
        .select("reason", "file", "position", fn.substring("raw", 1, _EXAMPLE_LENGTH).alias("raw"))
        .toPandas()
    )
    few["raw"] = [decode(raw_bytes(raw)) for raw in few["raw"]]
    return few


def _counts(rows: DataFrame, column: str) -> dict[str, int]:
    counted = rows.groupBy(column).count().orderBy(fn.desc("count"), column).collect()
    return {row[column]: row["count"] for row in counted}
