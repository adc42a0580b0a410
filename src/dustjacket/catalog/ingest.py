"""The step ``ingest_catalog``: publish the books of a listing; no row is lost."""

import logging
from collections.abc import Callable
from typing import Any

import mlflow
import pandas as pd
from pydantic import ValidationError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from dustjacket.catalog.columns import CURE, ListingFormat, columns_of
from dustjacket.catalog.deduplicate import DEDUPLICATED, deduplicate
from dustjacket.catalog.figures import statistics_figure
from dustjacket.catalog.parse import PARSED, ListingChunk, parser
from dustjacket.catalog.read import BOOKS
from dustjacket.catalog.statistics import CatalogStatistics, changes, statistics_of
from dustjacket.catalog.step import CatalogFacts, CatalogParameters
from dustjacket.errors import BadInputError, CorruptVersionError, HeldBackError
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.runs import step_run
from dustjacket.settings import Settings
from dustjacket.sources.arrow import spark_schema
from dustjacket.sources.csv import WHOLE, ByteRange
from dustjacket.sources.files import SourceFile, name_of, stage
from dustjacket.sources.formats import FORMATS, endings, is_table_name, shape_of, split_rows
from dustjacket.sources.rejects import examples
from dustjacket.sources.streams import corrupt_as_bad_input, is_compressed, opened
from dustjacket.sources.tables import ReadOptions, Shape
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)

REJECTED = "rejected"
_BOOK = (
    "file", "position", "asin", "title", "author", "genre", "genres", "description", "image_url",
    "group", "split",
)  # fmt: skip
_REJECTED = ("file", "position", "offset", "raw", "reason")
_PART_BYTES = 4 << 20
_MAX_TASKS = 256
_ROWS_PER_SHUFFLE = 200_000
_ROWS_PER_FILE = 1_000_000
_MAX_REASONS = 3


def ingest_catalog(job: Job[CatalogParameters], spark: SparkSession) -> None:
    """Read a listing and publish its books, and every rejected row with its reason.

    The version has two tables: ``books/`` (columns ``_BOOK``; ``genres`` counts the rows of the
    listing for each genre of the book) and ``rejected/`` (columns ``_REJECTED``; ``offset`` is the
    byte at which the record begins, and ``raw`` is a
    :func:`dustjacket.sources.encoding.raw_text`).

    Raises:
        BadInputError: the source is no listing, or every row is rejected.
        HeldBackError: the listing changed too much since the last version.
    """
    parameters = job.parameters
    chunks = find_chunks(parameters, job.store, spark)
    log.info("reading %d parts of %s", len(chunks), parameters.source)
    scratch = job.draft.scratch()
    parsed_at = scratch.uri("parsed")
    # Written to disk as columns, so that the following queries read only those that they need.
    spark.range(0, len(chunks), numPartitions=min(len(chunks), _MAX_TASKS)).mapInArrow(
        parser(job.settings.with_secrets_of("s3"), chunks, parameters), spark_schema(PARSED)
    ).write.parquet(parsed_at)
    rows = spark.read.parquet(parsed_at)
    read = rows.count()
    log.info("%d rows read", read)
    spark.conf.set("spark.sql.shuffle.partitions", max(8, -(-read // _ROWS_PER_SHUFFLE)))
    write_rows(rows, parameters, -(-read // _ROWS_PER_FILE) or 1, job.draft.uri)
    scratch.discard()
    books = spark.read.parquet(job.draft.uri(BOOKS))
    rejected = spark.read.parquet(job.draft.uri(REJECTED))
    statistics = statistics_of(books, rejected)
    if not statistics.rows_accepted:
        raise BadInputError(
            f"listing {parameters.source!r}: no row is accepted ({statistics.rejected_by_reason}): "
            f"{CURE}"
        )
    if statistics.rows_read != read:
        raise RuntimeError(f"{read} rows read, but {statistics.rows_read} published")
    reason = held_back(job, statistics, parameters)
    with step_run(job):
        _track(
            statistics,
            examples(rejected, "file", "position"),
            verdict="held_back" if reason else "accepted",
        )
        if reason and not parameters.accept_changes:
            raise HeldBackError(reason)
        job.publish(
            rows={
                "accepted": statistics.rows_accepted,
                "rejected": read - statistics.rows_accepted,
            },
            schema={field.name: field.dataType.simpleString() for field in books.schema},
            facts=CatalogFacts(
                rows_read=read,
                rows_accepted=statistics.rows_accepted,
                rows_rejected=read - statistics.rows_accepted,
                rejected_by_reason=statistics.rejected_by_reason,
                profile=statistics.model_dump(mode="json"),
                verdict=f"changes accepted: {reason}" if reason else "accepted",
            ),
        )


def write_rows(
    rows: DataFrame, parameters: CatalogParameters, parts: int, uri: Callable[[str], str]
) -> None:
    """Write accepted and rejected rows as Parquet, in the order of the listing.

    Args:
        rows: in the columns of ``PARSED``.
        parts: number of files to write of each.
        uri: returns the address of a folder.
    """
    if parameters.clean == "books":
        duplicates = deduplicate(rows.where("reason is null"), parameters.min_rows_per_genre)
    else:
        duplicates = rows.sparkSession.createDataFrame([], spark_schema(DEDUPLICATED))
    own_genre = fn.array(fn.struct("genre", fn.lit(1).cast("long").alias("rows")))
    decided = rows.withColumnRenamed("reason", "own_reason").join(
        duplicates, ["file", "position"], "left"
    )
    decided = decided.withColumns(
        {
            "reason": fn.coalesce("own_reason", "reason"),
            "genres": fn.coalesce("genres", own_genre),
        }
    )
    for folder, columns, condition in (
        (BOOKS, _BOOK, fn.col("reason").isNull()),
        (REJECTED, _REJECTED, fn.col("reason").isNotNull()),
    ):
        decided.where(condition).select(*columns).repartitionByRange(
            parts, "file", "position"
        ).sortWithinPartitions("file", "position").write.parquet(uri(folder))


def find_chunks(
    parameters: CatalogParameters, store: Store, spark: SparkSession
) -> list[ListingChunk]:
    """Return the chunks to read: the files of the source, large ones split.

    Raises:
        BadInputError: there is no file, or a file is no listing.
    """
    source = parameters.source

    def is_wanted(name: str) -> bool:
        # A source that is a single file is read whatever its extension.
        return name == name_of(source) or is_table_name(name)

    files = stage(source, store, is_wanted)
    if not files:
        raise BadInputError(
            f"listing {source!r} has no file with one of the endings {' '.join(endings())}: {CURE}"
        )
    formats = {file: detect_format(file, source, store, parameters) for file in files}
    large = [
        (file, listing_format.shape)
        for file, listing_format in formats.items()
        if file.size > _PART_BYTES
        and FORMATS[listing_format.shape.format].split
        and not is_compressed(file, store)
    ]
    parts: dict[SourceFile, list[ByteRange]] = {}
    if large:
        tasks = spark.sparkContext.parallelize(large, len(large))
        parts = dict(tasks.map(_splitter(store.settings.with_secrets_of("s3"))).collect())
    return [
        ListingChunk(file, listing_format, part)
        for file, listing_format in formats.items()
        for part in parts.get(file, [WHOLE])
    ]


def _splitter(settings: Settings) -> Callable[[tuple[SourceFile, Shape]], Any]:
    def split(table: tuple[SourceFile, Shape]) -> tuple[SourceFile, list[ByteRange]]:
        file, shape = table
        with opened(file, Store(settings)) as stream:
            return file, list(split_rows(stream, shape, _PART_BYTES))

    return split


def detect_format(
    file: SourceFile, source: str, store: Store, parameters: CatalogParameters
) -> ListingFormat:
    """Return the shape and columns of one file of a source.

    Raises:
        BadInputError: the file is no listing; the message names it as ``source`` does.
    """
    is_single_file = file.name == name_of(source)
    name = source if is_single_file else f"{source.rstrip('/')}/{file.name}"
    with corrupt_as_bad_input(file), opened(file, store) as stream:
        shape = shape_of(stream, ReadOptions(name))
    return ListingFormat(shape, columns_of(name, shape, parameters))


def held_back(
    job: Job[CatalogParameters], statistics: CatalogStatistics, parameters: CatalogParameters
) -> str | None:
    """Return why the version changed too much to be published, or None; see :func:`changes`.

    A damaged last version holds the listing back too: nobody knows how much has changed.
    """
    try:
        before = job.store.newest(job.draft.kind)
        profile = CatalogFacts.of(before).profile if before else None
        earlier = CatalogStatistics.model_validate(profile) if profile else None
    except (CorruptVersionError, ValidationError) as error:
        return (
            f"listing {parameters.source!r} is held back: the last version cannot be compared with "
            f"({str(error).splitlines()[0]}). Set accept_changes to publish it anyway"
        )
    if before is None or earlier is None:
        return None
    changed = changes(earlier, statistics, parameters)
    if not changed:
        return None
    more = f" and {len(changed) - _MAX_REASONS} more" if len(changed) > _MAX_REASONS else ""
    return (
        f"listing {parameters.source!r} is held back: compared with "
        f"{before.kind}/{before.version}, {'; '.join(changed[:_MAX_REASONS])}{more}. "
        "Set accept_changes to publish it anyway"
    )


def _track(statistics: CatalogStatistics, rejects: pd.DataFrame, verdict: str) -> None:
    metrics = {
        "rows_read": statistics.rows_read,
        "rows_accepted": statistics.rows_accepted,
        "rows_rejected": statistics.rows_read - statistics.rows_accepted,
        "without_author": statistics.without_author,
        "several_genres": statistics.several_genres,
        **{f"rejected.{name}": n for name, n in statistics.rejected_by_reason.items()},
    }
    mlflow.set_tag("verdict", verdict)
    mlflow.log_metrics({name: float(value) for name, value in metrics.items()})
    mlflow.log_dict(statistics.model_dump(mode="json"), "profile.json")
    genres = pd.DataFrame(
        {"genre": list(statistics.genres), "books": list(statistics.genres.values())}
    )
    mlflow.log_table(genres, "genres.json")
    mlflow.log_table(rejects, "rejected_rows.json")
    mlflow.log_figure(statistics_figure(statistics), "profile.png")
