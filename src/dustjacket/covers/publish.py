"""Write all files of a version of covers: shards, index, rejected rows, near-duplicates."""

from collections.abc import Callable
from dataclasses import dataclass

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as fn

from dustjacket.covers.deduplicate import deduplicate_and_group
from dustjacket.covers.fetch import with_ledger
from dustjacket.covers.find import CURE, find_covers
from dustjacket.covers.normalise import NORMALISED_SCHEMA, ShardTask
from dustjacket.covers.progress import report_progress
from dustjacket.covers.read import DUPLICATES, INDEX
from dustjacket.covers.s3_prefix import S3Prefix
from dustjacket.covers.source import CoverSource
from dustjacket.covers.step import CoversFacts, CoversParameters
from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.sources.arrow import spark_schema
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
class CoversResult:
    """Counts of accepted and rejected rows.

    Attributes:
        by_reason: rejected rows by reason, the most frequent first.
        content_hash: 16 hexadecimal digits, equal for the same accepted covers and groups.
        schema: of the index, Spark type by column.
    """

    accepted: int
    by_reason: dict[str, int]
    content_hash: str
    schema: dict[str, str]

    @property
    def rejected(self) -> int:
        """Rejected rows."""
        return sum(self.by_reason.values())

    @property
    def retriable(self) -> int:
        """Rejected rows whose image could not be fetched for a transient reason."""
        return sum(n for reason, n in self.by_reason.items() if is_transient(reason))

    def facts(self) -> CoversFacts:
        """Return the facts for the manifest."""
        return CoversFacts(
            read=self.accepted + self.rejected,
            accepted=self.accepted,
            rejected=self.rejected,
            rejected_by_reason=self.by_reason,
            retriable=self.retriable,
            content_hash=self.content_hash,
        )

    def summary(self) -> str:
        """Return the counts as one line."""
        read = self.accepted + self.rejected
        text = f"{self.accepted:,} of {read:,} rows are covers, {self.rejected:,} are rejected"
        if self.by_reason:
            reasons = ", ".join(f"{reason}: {n:,}" for reason, n in self.by_reason.items())
            text += f" ({reasons})"
        return text + (f"; {self.retriable:,} may succeed later" if self.retriable else "")


def write_covers(
    spark: SparkSession,
    source: CoverSource,
    out: S3Prefix,
    cache: S3Prefix,
    parameters: CoversParameters,
    report: Callable[[str], None],
    *,
    run: str,
    private: bool = False,
) -> CoversResult:
    """Read the covers of ``source`` and write the files of a version below ``out``.

    Written are ``shards/*.tar`` (for each cover an image and a JSON file), and as Parquet
    ``index/`` (``INDEX_COLUMNS``), ``rejected/`` and ``duplicates/``. Duplicates are known only
    when all shards are written, so shards also hold them; the index lists the accepted covers.

    Args:
        cache: keeps downloads for the next run.
        report: takes lines of text on the progress.
        run: unique to this run.
        private: whether private addresses may be fetched.

    Raises:
        BadInputError: the source has no covers, or too many of its rows are rejected.
        NotReadyError: too many images could not be fetched, for transient reasons.
    """
    rows = find_covers(spark, source, parameters)
    with_image, last_position, read = _count_rows(rows)
    report(f"{read:,} rows name {with_image:,} images")
    shards = last_position // parameters.covers_per_shard + 1
    done = spark.sparkContext.accumulator(0)
    tasks = max(1, min(spark.sparkContext.defaultParallelism, shards))
    task = ShardTask(
        source=source.prefix,
        out=out,
        cache=cache,
        parameters=parameters,
        private=private,
        connections_per_host=max(1, parameters.connections_per_host // tasks),
        run=run,
        done=done,
    )
    to_fetch = _with_chunk(rows.where("reason is null"), parameters.covers_per_shard)
    with report_progress(with_image, lambda: int(done.value), report):
        normalised = (
            with_ledger(to_fetch, cache, spark)
            .repartitionById(shards, "chunk")
            .mapInArrow(task, spark_schema(NORMALISED_SCHEMA))
            .localCheckpoint()
        )
    all_rows = rows.where("reason is not null").unionByName(normalised, allowMissingColumns=True)
    deduplicated = deduplicate_and_group(all_rows, parameters.placeholder_books, spark)
    decided = deduplicated.rows.persist(StorageLevel.MEMORY_AND_DISK)
    result = _result(decided, read)
    _check_rejects(source.address, result, parameters.max_reject_share)
    files = read // _ROWS_PER_FILE + 1
    for folder, table in (
        (INDEX, decided.where("reason is null").select(*INDEX_COLUMNS)),
        (REJECTED, decided.where("reason is not null").select(*_REJECTED_COLUMNS)),
        (DUPLICATES, deduplicated.pairs),
    ):
        parts = table.repartitionByRange(files, "position") if files > 1 else table.coalesce(1)
        parts.sortWithinPartitions(
            *(name for name in ("position", "other_position") if name in table.columns)
        ).write.parquet(out.uri(folder))
    decided.unpersist()
    report(result.summary())
    return result


def _with_chunk(rows: DataFrame, covers_per_shard: int) -> DataFrame:
    """Add ``chunk``, the shard's number; rows with one URL share it, so it is fetched once."""
    same_url = Window.partitionBy(fn.coalesce("url", fn.col("position").cast("string")))
    first = fn.min("position").over(same_url)
    return rows.withColumn("chunk", fn.floor(first / covers_per_shard).cast("int"))


def _count_rows(rows: DataFrame) -> tuple[int, int, int]:
    """Return the number of rows with an image, the last position of one, and the total."""
    has_image = fn.col("reason").isNull()
    last = fn.max(fn.when(has_image, fn.col("position")))
    counts = rows.agg(fn.count_if(has_image), fn.coalesce(last, fn.lit(0)), fn.count("*")).first()
    return (counts[0], counts[1], counts[2]) if counts else (0, 0, 0)


def _result(decided: DataFrame, read: int) -> CoversResult:
    # XOR of a hash per cover does not depend on their order; keys are unique, so none cancel out.
    hashes = fn.xxhash64("key", "title", "author", "category", "sha256", "group")
    counts = decided.groupBy("reason").agg(fn.count("*"), fn.bit_xor(hashes)).collect()
    by_reason = {row[0]: row[1] for row in counts if row[0]}
    by_reason = dict(sorted(by_reason.items(), key=lambda item: (-item[1], item[0])))
    accepted, content_hash = next(((row[1], row[2]) for row in counts if row[0] is None), (0, 0))
    if accepted + sum(by_reason.values()) != read:
        raise RuntimeError(f"rows are lost: {read} read, {accepted} accepted, {by_reason} rejected")
    schema = {
        field.name: field.dataType.simpleString() for field in decided.select(*INDEX_COLUMNS).schema
    }
    return CoversResult(accepted, by_reason, f"{content_hash & (2**64 - 1):016x}", schema)


def _check_rejects(address: str, result: CoversResult, max_reject_share: float) -> None:
    """Raise an error if too few rows are accepted.

    Raises:
        NotReadyError: enough rows may be accepted later, because some failures are transient.
        BadInputError: otherwise.
    """
    max_rejected = (result.accepted + result.rejected) * max_reject_share
    if result.accepted and result.rejected <= max_rejected:
        return
    text = f"covers {address!r}: {result.summary()}"
    if result.retriable and result.rejected - result.retriable <= max_rejected:
        raise NotReadyError(f"{text}: run it again later, or raise max_reject_share")
    raise BadInputError(f"{text}: raise max_reject_share, or {CURE}")
