"""From a source to shards of covers that are all alike, wherever those are written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as fn

from dustjacket.covers.deduplicate import settle
from dustjacket.covers.fetch import with_ledger
from dustjacket.covers.find import CURE, find_tables, locate, named_rows, read_rows
from dustjacket.covers.normalise import PACKED, Packer
from dustjacket.covers.progress import progress
from dustjacket.covers.read import DUPLICATES, INDEX
from dustjacket.covers.s3_prefix import Place
from dustjacket.covers.source import Source, is_image
from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.pipeline.parameters import CoversParameters
from dustjacket.sources.arrow import spark_schema
from dustjacket.sources.tables import kind_of
from dustjacket.web.failures import is_transient

REJECTED = "rejected"
INDEX_COLUMNS = (
    "key", "title", "author", "category", "shard", "offset", "size", "width", "height", "sha256",
    "dhash", "group", "split", "position", "vhash", "source_file", "image", "url",
    "original_width", "original_height", "original_bytes", "original_sha256",
)  # fmt: skip
_REJECTED_COLUMNS = ("position", "reason", "raw", "source_file", "title", "image", "url")
_ROWS_PER_FILE = 500_000


@dataclass(frozen=True)
class Assembled:
    """What became of the rows of a source.

    Attributes:
        by_reason: rejected rows by reason.
        retriable: of them, those whose image may be had another time.
        content: stands for the accepted covers and their groups: the same for the same.
        schema: of the index, types by name.
    """

    accepted: int
    by_reason: dict[str, int]
    content: str
    schema: dict[str, str]

    @property
    def rejected(self) -> int:
        """Rows that are no cover."""
        return sum(self.by_reason.values())

    @property
    def retriable(self) -> int:
        """Of the rejected rows, those whose image may be had another time."""
        return sum(n for reason, n in self.by_reason.items() if is_transient(reason))

    def facts(self) -> dict[str, Any]:
        """Return what is recorded of a run."""
        return {
            "read": self.accepted + self.rejected,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "rejected_by_reason": self.by_reason,
            "retriable": self.retriable,
            "content": self.content,
        }


def assemble(
    spark: SparkSession,
    source: Source,
    out: Place,
    cache: Place,
    parameters: CoversParameters,
    report: Callable[[str], None],
    *,
    run: str,
    private: bool = False,
) -> Assembled:
    """Read the covers of ``source`` and write them, every rejected row, and all look-alikes.

    Written are ``shards/*.tar`` (an image and a JSON file that describes it for each cover), and
    as Parquet ``index/`` (``INDEX_COLUMNS``), ``rejected/`` and ``duplicates/``. Shards hold what
    is a cover by itself; which of them is a copy of another one is known only when all are
    written, so the index says which count.

    Args:
        cache: where what is fetched from the web is kept for the next run.
        report: takes lines on how far the run is.
        run: a name of this run's own.
        private: whether private addresses may be fetched from.

    Raises:
        BadInputError: the source has no covers, or too many of its rows are rejected.
        NotReadyError: too many images cannot be had now.
    """
    rows = find_covers(spark, source, parameters)
    total, last, read = _extent(rows)
    report(f"{read:,} rows name {total:,} images")
    shards = last // parameters.covers_per_shard + 1
    done = spark.sparkContext.accumulator(0)
    tasks = max(1, min(spark.sparkContext.defaultParallelism, shards))
    pack = Packer(
        source=source.place,
        out=out,
        cache=cache,
        parameters=parameters,
        private=private,
        connections_per_host=max(1, parameters.connections_per_host // tasks),
        run=run,
        done=done,
    )
    wanted = _chunked(rows.where("reason is null"), parameters.covers_per_shard)
    with progress(total, lambda: int(done.value), report):
        packed = (
            with_ledger(wanted, cache, spark)
            .repartitionById(shards, "chunk")
            .mapInArrow(pack, spark_schema(PACKED))
            .localCheckpoint()
        )
    whole = rows.where("reason is not null").unionByName(packed, allowMissingColumns=True)
    settled = settle(whole, parameters.placeholder_books, spark)
    decided = settled.rows.persist(StorageLevel.MEMORY_AND_DISK)
    result = _counted(decided, read)
    _check_share(source.address, result, parameters.max_reject_share)
    parts = read // _ROWS_PER_FILE + 1
    for folder, table in (
        (INDEX, decided.where("reason is null").select(*INDEX_COLUMNS)),
        (REJECTED, decided.where("reason is not null").select(*_REJECTED_COLUMNS)),
        (DUPLICATES, settled.duplicates),
    ):
        ordered = table.repartitionByRange(parts, "position") if parts > 1 else table.coalesce(1)
        ordered.sortWithinPartitions(
            *(name for name in ("position", "other_position") if name in table.columns)
        ).write.parquet(out.uri(folder))
    decided.unpersist()
    report(said(result))
    return result


def find_covers(spark: SparkSession, source: Source, parameters: CoversParameters) -> DataFrame:
    """Return a row a record of the source, each with a position, and the file that it names.

    Raises:
        BadInputError: the source has neither a table of covers nor images named for their books.
    """
    images = [name for name in source.names if is_image(name)]
    names = [name for name in source.names if kind_of(name)]
    if not images and not names and len(source.names) == 1:
        names = list(source.names)  # a file is what the caller says it is, however it is named
    tables = find_tables(source.place, names, parameters)
    if not tables and not images:
        raise BadInputError(f"covers {source.address!r} has no table of covers: {CURE}")
    if not tables:
        rows = named_rows(spark, images).withColumnRenamed("number", "position")
        return rows.withColumn("file", fn.col("image")).drop("ends").localCheckpoint()
    rows = read_rows(spark, source.place, tables).persist(StorageLevel.MEMORY_AND_DISK)
    numbers = rows.groupBy("source_file").agg(fn.max("number").alias("last")).collect()
    lengths = {row["source_file"]: row["last"] + 1 for row in numbers}
    firsts = accumulate((lengths.get(table.file, 0) for table in tables), initial=0)
    offsets = pa.table(
        {"source_file": [table.file for table in tables], "first": list(firsts)[:-1]}
    )
    placed = (
        rows.join(fn.broadcast(spark.createDataFrame(offsets)), "source_file")
        .withColumn("position", fn.expr("first + number"))
        .drop("first", "number")
    )
    found = _located(placed, images).localCheckpoint()
    rows.unpersist()
    return found


def _located(rows: DataFrame, images: Sequence[str]) -> DataFrame:
    if images:
        names = pa.table({"name": pa.array(images, pa.string())})
        return locate(rows, rows.sparkSession.createDataFrame(names))
    missing = fn.when(fn.col("url").isNull(), fn.lit("missing_image"))
    return (
        rows.withColumn("file", fn.lit(None).cast("string"))
        .withColumn("reason", fn.coalesce("reason", missing))
        .drop("ends")
    )


def _chunked(rows: DataFrame, covers_per_shard: int) -> DataFrame:
    """Add ``chunk``, the number of a row's shard: rows of one URL share it, to fetch it once."""
    same = Window.partitionBy(fn.coalesce("url", fn.col("position").cast("string")))
    first = fn.min("position").over(same)
    return rows.withColumn("chunk", fn.floor(first / covers_per_shard).cast("int"))


def _extent(rows: DataFrame) -> tuple[int, int, int]:
    """Return how many rows name an image, the last position of one, and how many rows there are."""
    found = fn.col("reason").isNull()
    last = fn.max(fn.when(found, fn.col("position")))
    whole = rows.agg(fn.count_if(found), fn.coalesce(last, fn.lit(0)), fn.count("*")).first()
    return (whole[0], whole[1], whole[2]) if whole else (0, 0, 0)


def said(result: Assembled) -> str:
    """Return in one line what became of the rows."""
    read = result.accepted + result.rejected
    text = f"{result.accepted:,} of {read:,} rows are covers, {result.rejected:,} are rejected"
    reasons = ", ".join(f"{reason}: {n:,}" for reason, n in result.by_reason.items())
    later = f"; {result.retriable:,} may be had another time" if result.retriable else ""
    return text + (f" ({reasons})" if reasons else "") + later


def _counted(decided: DataFrame, read: int) -> Assembled:
    # Of one number a cover, in any order; no two are the same, for their keys are not.
    numbers = fn.xxhash64("key", "title", "author", "category", "sha256", "group")
    counts = decided.groupBy("reason").agg(fn.count("*"), fn.bit_xor(numbers)).collect()
    by_reason = {row[0]: row[1] for row in counts if row[0]}
    by_reason = dict(sorted(by_reason.items(), key=lambda item: (-item[1], item[0])))
    covers, content = next(((row[1], row[2]) for row in counts if row[0] is None), (0, 0))
    if covers + sum(by_reason.values()) != read:
        raise RuntimeError(f"{read} rows read, {covers} + {by_reason} accounted for")
    schema = {
        field.name: field.dataType.simpleString() for field in decided.select(*INDEX_COLUMNS).schema
    }
    return Assembled(covers, by_reason, f"{content & (2**64 - 1):016x}", schema)


def _check_share(address: str, result: Assembled, max_reject_share: float) -> None:
    """Raise an error if too few rows are accepted: of the source, or of the web for now."""
    most = (result.accepted + result.rejected) * max_reject_share
    if result.accepted and result.rejected <= most:
        return
    text = f"covers {address!r}: {said(result)}"
    if result.retriable and result.rejected - result.retriable <= most:
        raise NotReadyError(f"{text}: run it again later, or raise max_reject_share")
    raise BadInputError(f"{text}: raise max_reject_share, or {CURE}")
