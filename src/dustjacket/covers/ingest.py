"""The function of the step ``ingest_covers``: publish the covers of a source."""

import logging
from typing import TYPE_CHECKING

from dustjacket.covers.publish import write_covers
from dustjacket.covers.read import INDEX
from dustjacket.covers.result import INDEX_COLUMNS
from dustjacket.covers.s3_prefix import S3Prefix
from dustjacket.covers.source import cache_prefix, is_image_name, stage_covers
from dustjacket.covers.step import CoversFacts, CoversParameters
from dustjacket.errors import HeldBackError, UnchangedError
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.kinds import Kind
from dustjacket.records.erased import discard_sources, read_erased
from dustjacket.records.expectations import broken_rules, read_schema
from dustjacket.sources.beside import stage_beside
from dustjacket.sources.files import discard_copies

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = logging.getLogger(__name__)


def ingest_covers(job: Job[CoversParameters], spark: "SparkSession | None") -> None:
    """Read the covers of a source and publish them, with all rejected rows and their reasons.

    Args:
        spark: runs the tasks that write shards; None: this process does, and nothing is tracked.

    Raises:
        BadInputError, NotReadyError: see :func:`dustjacket.covers.publish.write_covers`.
        HeldBackError: a cover breaks a rule of the parameter ``expectations``.
        UnchangedError: the images that an earlier run failed to fetch failed again.
    """
    parameters = job.parameters
    rules = read_schema(parameters.expectations, job.store, INDEX_COLUMNS)
    out = S3Prefix.of_draft(job.draft)
    earlier = job.store.with_digest(job.draft.kind, job.plan.digest)
    scratch = job.draft.scratch()
    source = stage_covers(parameters.source, job.store)
    result = write_covers(
        spark,
        source,
        out,
        S3Prefix.of_store(job.store, cache_prefix(parameters.source)),
        S3Prefix.of_store(job.store, scratch.prefix),
        parameters,
        log.info,
        run=job.draft.attempt,
        private=job.settings.allow_private_addresses,
        catalog=job.input(Kind.CATALOG) if Kind.CATALOG in job.plan.inputs else None,
    )
    scratch.discard()
    discard_sources(source.files, parameters.files, job.store)
    if read_erased(job.store).names:
        discard_copies(stage_beside(parameters.source, job.store, is_image_name), job.store)
    facts = earlier and CoversFacts.of(earlier)
    if earlier and facts and facts.retriable and facts.content_hash == result.content_hash:
        raise UnchangedError(
            f"covers {parameters.source!r}: the same {result.accepted} covers as in "
            f"{earlier.version}, {result.retriable} still cannot be fetched: nothing to publish"
        )

    broken = broken_rules(rules, parameters.expectations, job.store, job.draft, INDEX)

    def publish() -> None:
        if broken:
            raise HeldBackError(f"covers {broken.sentence(parameters.source)}")
        job.publish(
            rows={"accepted": result.accepted, "rejected": result.rejected},
            schema=result.schema,
            facts=result.facts(),
        )

    if spark is None:
        publish()
        return
    from dustjacket.covers.track import tracked

    with tracked(job, spark, result, out, broken):
        publish()
