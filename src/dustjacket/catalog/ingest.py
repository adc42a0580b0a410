"""The step ``ingest_catalog``: from a listing to books, every row accepted or rejected."""

import io
import logging
from collections.abc import Callable
from typing import Any

import mlflow
import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from dustjacket.catalog.columns import CURE, ListedFile, check_text, columns_of
from dustjacket.catalog.deduplicate import SETTLED, settle
from dustjacket.catalog.figures import profile_figure
from dustjacket.catalog.parse import PARSED, ListingChunk, parser
from dustjacket.catalog.read import BOOKS
from dustjacket.catalog.statistics import Profile, changes, profile
from dustjacket.catalog.step import CatalogFacts, CatalogParameters
from dustjacket.errors import BadInputError, HeldBackError
from dustjacket.pipeline.job import Job
from dustjacket.settings import Settings
from dustjacket.sources.arrow import spark_schema
from dustjacket.sources.csv import WHOLE, ByteRange
from dustjacket.sources.files import SourceFile, name_of, stage
from dustjacket.sources.rejects import examples
from dustjacket.sources.streams import corrupt_as_bad_input, is_compressed, opened
from dustjacket.sources.tables import (
    ENDINGS,
    PARQUET,
    Shape,
    kind_of,
    shape_of,
    split_rows,
)
from dustjacket.storage.store import Store
from dustjacket.tracking import runs as tracking

log = logging.getLogger(__name__)

REJECTED = "rejected"
_BOOK = (
    "file", "position", "asin", "title", "author", "genre", "genres", "description", "image_url",
    "group", "split",
)  # fmt: skip
_REJECTED = ("file", "position", "offset", "raw", "reason")
_PART_BYTES = 4 << 20
_HEAD = 1 << 20
_MOST_TASKS = 256
_ROWS_PER_SHUFFLE = 200_000
_ROWS_PER_FILE = 1_000_000
_TOLD = 3


def ingest_catalog(job: Job[CatalogParameters], spark: SparkSession) -> None:
    """Read a listing and publish its books, with every rejected row and the reason why.

    Published are ``books/`` (columns ``_BOOK``; ``genres`` has every genre that a row of the
    listing gives the book, and how many do) and ``rejected/``: file, position, offset (byte at
    which the record begins), raw (see :func:`dustjacket.sources.encoding.raw_text`), reason.

    Raises:
        BadInputError: the source is no listing, or no row of it can be accepted.
        HeldBackError: it has changed too much since the version before.
    """
    parameters = job.parameters
    stretches = find_stretches(parameters, job.store, spark)
    log.info("reading %d parts of %s", len(stretches), parameters.source)
    scratch = job.draft.scratch()
    parsed_at = scratch.uri("parsed")
    # Kept as columns on disk, so that what follows reads only those it needs.
    spark.range(0, len(stretches), numPartitions=min(len(stretches), _MOST_TASKS)).mapInArrow(
        parser(job.settings, stretches, parameters), spark_schema(PARSED)
    ).write.parquet(parsed_at)
    rows = spark.read.parquet(parsed_at)
    read = rows.count()
    log.info("%d rows read", read)
    spark.conf.set("spark.sql.shuffle.partitions", max(8, -(-read // _ROWS_PER_SHUFFLE)))
    write_rows(rows, parameters, -(-read // _ROWS_PER_FILE) or 1, job.draft.uri)
    scratch.discard()
    books = spark.read.parquet(job.draft.uri(BOOKS))
    rejected = spark.read.parquet(job.draft.uri(REJECTED))
    found = profile(books, rejected)
    if not found.rows_accepted:
        raise BadInputError(
            f"listing {parameters.source!r}: no row is accepted ({found.rejected_by_reason}): "
            f"{CURE}"
        )
    if found.rows_read != read:
        raise RuntimeError(f"{read} rows read, {found.rows_read} accounted for")
    held = held_back(job, found, parameters)
    with tracking.step_run(job):
        _track(
            found,
            examples(rejected, "file", "position"),
            verdict="held_back" if held else "accepted",
        )
        if held and not parameters.accept_changes:
            raise HeldBackError(held)
        job.publish(
            rows={"accepted": found.rows_accepted, "rejected": read - found.rows_accepted},
            schema={field.name: field.dataType.simpleString() for field in books.schema},
            facts=CatalogFacts(
                rows_read=read,
                rows_accepted=found.rows_accepted,
                rows_rejected=read - found.rows_accepted,
                rejected_by_reason=found.rejected_by_reason,
                profile=found.model_dump(mode="json"),
                verdict=f"changes accepted: {held}" if held else "accepted",
            ),
        )


def write_rows(
    rows: DataFrame, parameters: CatalogParameters, parts: int, uri: Callable[[str], str]
) -> None:
    """Write each row as a book or as rejected, in the order in which they were read.

    Args:
        rows: in the columns of ``PARSED``.
        parts: files to write of each.
        uri: from a folder's name to its address.
    """
    if parameters.clean == "books":
        settled = settle(rows.where("reason is null"), parameters.min_rows_per_genre)
    else:
        settled = rows.sparkSession.createDataFrame([], spark_schema(SETTLED))
    alone = fn.array(fn.struct("genre", fn.lit(1).cast("long").alias("rows")))
    decided = rows.withColumnRenamed("reason", "own_reason").join(
        settled, ["file", "position"], "left"
    )
    decided = decided.withColumns(
        {
            "reason": fn.coalesce("own_reason", "reason"),
            "genres": fn.coalesce("genres", alone),
        }
    )
    for folder, columns, which in (
        (BOOKS, _BOOK, fn.col("reason").isNull()),
        (REJECTED, _REJECTED, fn.col("reason").isNotNull()),
    ):
        decided.where(which).select(*columns).repartitionByRange(
            parts, "file", "position"
        ).sortWithinPartitions("file", "position").write.parquet(uri(folder))


def find_stretches(
    parameters: CatalogParameters, store: Store, spark: SparkSession
) -> list[ListingChunk]:
    """Return what there is to read: the files of the source, looked at, large ones in parts.

    Raises:
        BadInputError: there is no file, or one is no listing.
    """
    source = parameters.source

    def wanted(name: str) -> bool:
        # A source that is one file is what the caller says it is, however it is named.
        return name == name_of(source) or kind_of(name) is not None

    files = stage(source, store, wanted)
    if not files:
        raise BadInputError(
            f"listing {source!r} has no file that ends in one of {' '.join(ENDINGS)}: {CURE}"
        )
    looked = {file: look(file, source, store, parameters) for file in files}
    large = [
        (file, listed.shape)
        for file, listed in looked.items()
        if file.size > _PART_BYTES
        and listed.shape.kind not in PARQUET
        and not is_compressed(file, store)
    ]
    parts: dict[SourceFile, list[ByteRange]] = {}
    if large:
        tasks = spark.sparkContext.parallelize(large, len(large))
        parts = dict(tasks.map(_splitter(store.settings)).collect())
    return [
        ListingChunk(file, listed, part)
        for file, listed in looked.items()
        for part in parts.get(file, [WHOLE])
    ]


def _splitter(settings: Settings) -> Callable[[tuple[SourceFile, Shape]], Any]:
    def split(looked: tuple[SourceFile, Shape]) -> tuple[SourceFile, list[ByteRange]]:
        file, shape = looked
        with opened(file, Store(settings)) as stream:
            return file, list(split_rows(stream, shape, _PART_BYTES))

    return split


def look(file: SourceFile, source: str, store: Store, parameters: CatalogParameters) -> ListedFile:
    """Return the shape and columns of one file of a source.

    Raises:
        BadInputError: it is no listing; the text names it as the caller does.
    """
    alone = file.name == name_of(source)
    name = source if alone else f"{source.rstrip('/')}/{file.name}"
    kind = kind_of(file.name) or ".csv"
    with corrupt_as_bad_input(file), opened(file, store) as stream:
        if kind in PARQUET:
            shape = shape_of(stream, kind)
        else:
            head = stream.read(_HEAD)
            check_text(name, head)
            shape = shape_of(io.BytesIO(head), kind)
    if shape is None:
        raise BadInputError(f"listing {name!r} has no row that can be read: {CURE}")
    return ListedFile(shape, columns_of(name, shape, parameters))


def held_back(
    job: Job[CatalogParameters], found: Profile, parameters: CatalogParameters
) -> str | None:
    """Return why a version should not follow the one before, or None; see :func:`changes`."""
    before = job.store.newest(job.draft.kind)
    earlier = before and CatalogFacts.of(before).profile
    if before is None or earlier is None:
        return None
    changed = changes(Profile.model_validate(earlier), found, parameters)
    if not changed:
        return None
    more = f" and {len(changed) - _TOLD} more" if len(changed) > _TOLD else ""
    return (
        f"listing {parameters.source!r} is held back, against {before.kind}/{before.version}: "
        f"{'; '.join(changed[:_TOLD])}{more}. Set accept_changes to let it through"
    )


def _track(found: Profile, rejects: pd.DataFrame, verdict: str) -> None:
    counted = {
        "rows_read": found.rows_read,
        "rows_accepted": found.rows_accepted,
        "rows_rejected": found.rows_read - found.rows_accepted,
        "without_author": found.without_author,
        "several_genres": found.several_genres,
        **{f"rejected.{name}": n for name, n in found.rejected_by_reason.items()},
    }
    mlflow.set_tag("verdict", verdict)
    mlflow.log_metrics({name: float(value) for name, value in counted.items()})
    mlflow.log_dict(found.model_dump(mode="json"), "profile.json")
    genres = pd.DataFrame({"genre": list(found.genres), "books": list(found.genres.values())})
    mlflow.log_table(genres, "genres.json")
    mlflow.log_table(rejects, "rejected_rows.json")
    mlflow.log_figure(profile_figure(found), "profile.png")
