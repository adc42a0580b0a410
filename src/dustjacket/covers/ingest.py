"""The function of the step ``ingest_covers``: publish the covers of a source."""

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
from dustjacket.pipeline.runs import step_run
from dustjacket.sources.rejects import examples

log = logging.getLogger(__name__)

_FIGURE_COVERS = 24
_EXAMPLE_PAIRS = 100
_SIZE_COLUMNS = ("original_width", "original_height", "original_bytes", "width", "height", "size")


def ingest_covers(job: Job[CoversParameters], spark: SparkSession) -> None:
    """Read the covers of a source and publish them, with all rejected rows and their reasons.

    Raises:
        BadInputError, NotReadyError: see :func:`dustjacket.covers.publish.write_covers`.
        UnchangedError: the images that an earlier run failed to fetch failed again.
    """
    parameters = job.parameters
    out = S3Prefix.of_draft(job.draft)
    earlier = job.store.with_digest(job.draft.kind, job.plan.digest)
    result = write_covers(
        spark,
        stage_covers(parameters.source, job.store),
        out,
        S3Prefix.of_store(job.store, cache_prefix(parameters.source)),
        parameters,
        log.info,
        run=job.draft.attempt,
        private=job.settings.allow_private_addresses,
    )
    facts = earlier and CoversFacts.of(earlier)
    if earlier and facts and facts.retriable and facts.content_hash == result.content_hash:
        raise UnchangedError(
            f"covers {parameters.source!r}: the same {result.accepted} covers as in "
            f"{earlier.version}, {result.retriable} still cannot be fetched: nothing to publish"
        )
    index, rejected, duplicates = (
        spark.read.parquet(out.uri(folder)) for folder in (INDEX, REJECTED, DUPLICATES)
    )
    with step_run(job):
        mlflow.log_metrics(_metrics(result, index, duplicates))
        mlflow.log_table(examples(rejected, "position"), "rejected_covers.json")
        mlflow.log_table(
            duplicates.orderBy("position").limit(_EXAMPLE_PAIRS).toPandas(), "duplicates.json"
        )
        mlflow.log_figure(contact_sheet(_first_covers(out, index)), "covers.png")
        job.publish(
            rows={"accepted": result.accepted, "rejected": result.rejected},
            schema=result.schema,
            facts=result.facts(),
        )


def _metrics(result: CoversResult, index: DataFrame, duplicates: DataFrame) -> dict[str, float]:
    """Return counts, and minimum, median and maximum of sizes in pixels and bytes."""
    counts = {name: getattr(result, name) for name in ("accepted", "rejected", "retriable")}
    counts["read"] = result.accepted + result.rejected
    counts |= {f"rejected.{reason}": n for reason, n in result.by_reason.items()}
    pairs = duplicates.groupBy("kind", "decision").count().collect()
    counts |= {f"pairs.{row['kind']}.{row['decision']}": row["count"] for row in pairs}
    sizes = index.agg(
        *(
            aggregate(name).alias(f"{name}.{label}")
            for name in _SIZE_COLUMNS
            for label, aggregate in (("min", fn.min), ("median", fn.median), ("max", fn.max))
        )
    ).first()
    return {f"covers.{name}": n for name, n in (counts | (sizes.asDict() if sizes else {})).items()}


def _first_covers(out: S3Prefix, index: DataFrame) -> list[tuple[str, bytes]]:
    rows = index.orderBy("position").limit(_FIGURE_COVERS).collect()
    return [(row["title"], out.read(row["shard"], row["offset"], row["size"])) for row in rows]
