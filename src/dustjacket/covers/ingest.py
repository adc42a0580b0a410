"""The step ``ingest_covers``: covers of a source, published as a version."""

import logging

import mlflow
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from dustjacket.covers.figures import contact_sheet
from dustjacket.covers.publish import REJECTED, CoversResult, write_covers
from dustjacket.covers.read import DUPLICATES, INDEX
from dustjacket.covers.s3_prefix import S3Prefix
from dustjacket.covers.source import cache_prefix, stage_covers
from dustjacket.covers.step import CoversFacts, CoversParameters
from dustjacket.errors import UnchangedError
from dustjacket.pipeline.job import Job
from dustjacket.sources.rejects import examples
from dustjacket.tracking import runs as tracking

log = logging.getLogger(__name__)

_SHOWN = 24
_EXAMPLES = 20
_MEASURED = ("original_width", "original_height", "original_bytes", "width", "height", "size")


def ingest_covers(job: Job[CoversParameters], spark: SparkSession) -> None:
    """Read the covers of a source and publish them, with every rejected row and the reason why.

    Raises:
        BadInputError, NotReadyError: see :func:`dustjacket.covers.publish.write_covers`.
        UnchangedError: what an earlier run could not fetch cannot be fetched now.
    """
    parameters = job.parameters
    out = S3Prefix.of_draft(job.draft)
    before = job.store.with_digest(job.draft.kind, job.plan.digest)
    result = write_covers(
        spark,
        stage_covers(parameters.source, job.store),
        out,
        S3Prefix(job.settings, job.store.bucket, cache_prefix(parameters.source)),
        parameters,
        log.info,
        run=job.draft.attempt,
        private=job.settings.allow_private_addresses,
    )
    earlier = before and CoversFacts.of(before)
    if before and earlier and earlier.retriable and earlier.content_hash == result.content:
        raise UnchangedError(
            f"covers {parameters.source!r}: the same {result.accepted} covers as in "
            f"{before.version}, {result.retriable} still cannot be had: nothing to publish"
        )
    index, rejected, duplicates = (
        spark.read.parquet(out.uri(folder)) for folder in (INDEX, REJECTED, DUPLICATES)
    )
    with tracking.step_run(job):
        mlflow.log_metrics(_metrics(result, index, duplicates))
        mlflow.log_table(examples(rejected, "position"), "rejected_covers.json")
        mlflow.log_table(
            duplicates.orderBy("position").limit(_EXAMPLES * 5).toPandas(), "duplicates.json"
        )
        mlflow.log_figure(contact_sheet(_shown(out, index)), "covers.png")
        job.publish(
            rows={"accepted": result.accepted, "rejected": result.rejected},
            schema=result.schema,
            facts=result.facts(),
        )


def _metrics(result: CoversResult, index: DataFrame, duplicates: DataFrame) -> dict[str, float]:
    """Return the counts, and the least, middle and greatest of sizes in pixels and bytes."""
    counts = {name: getattr(result, name) for name in ("accepted", "rejected", "retriable")}
    counts["read"] = result.accepted + result.rejected
    counts |= {f"rejected.{reason}": n for reason, n in result.by_reason.items()}
    pairs = duplicates.groupBy("kind", "decision").count().collect()
    counts |= {f"pairs.{row['kind']}.{row['decision']}": row["count"] for row in pairs}
    sizes = index.agg(
        *(
            of(name).alias(f"{name}.{label}")
            for name in _MEASURED
            for label, of in (("min", fn.min), ("median", fn.median), ("max", fn.max))
        )
    ).first()
    return {f"covers.{name}": n for name, n in (counts | (sizes.asDict() if sizes else {})).items()}


def _shown(out: S3Prefix, index: DataFrame) -> list[tuple[str, bytes]]:
    books = index.orderBy("position").limit(_SHOWN).collect()
    return [
        (book["title"], out.read(book["shard"], book["offset"], book["size"])) for book in books
    ]
