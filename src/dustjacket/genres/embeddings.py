"""Sentence embeddings of a whole catalog: computed once in Spark, published, and read back."""

import logging
from collections.abc import Iterator

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, SparkSession

from dustjacket.genres.sentences import Encoder
from dustjacket.genres.step import ClassifierParameters
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.manifest import Manifest, digest_of
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)

KIND, _FILES = Kind.SENTENCE_EMBEDDINGS, "sentences"
_BOOKS_PER_TASK = 2_000
_BOOK_KEY = ["file", "position"]


def catalog_sentences(
    job: Job[ClassifierParameters], spark: SparkSession, books: DataFrame, encoder: Encoder
) -> pd.DataFrame:
    """Return the embedding of every book: ``file``, ``position`` and ``sentence``.

    The first run that needs the embeddings of a catalog by a model publishes them.

    Args:
        books: all books of the job's catalog.
    """
    catalog = job.input(Kind.CATALOG)
    digest = digest_of({"catalog": catalog.version, "model": encoder.digest})
    published = job.store.with_digest(KIND, digest)
    if published is None:
        published = _publish(job, books, encoder, digest)
    else:
        log.info("reading the published sentence embeddings of catalog/%s", catalog.version)
    return read_sentences(spark, job.store, published)


def read_sentences(spark: SparkSession, store: Store, published: Manifest) -> pd.DataFrame:
    """Return published embeddings: ``file``, ``position``, ``sentence`` (float16) of each book."""
    table: pd.DataFrame = spark.read.parquet(
        *store.verified_uris(published, f"{_FILES}/")
    ).toPandas()
    table["sentence"] = [np.frombuffer(value, np.float16) for value in table["sentence"]]
    return table


def _publish(
    job: Job[ClassifierParameters], books: DataFrame, encoder: Encoder, digest: str
) -> Manifest:
    count = books.count()
    log.info("embedding %d books with %s", count, encoder.name)

    def embed(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for part in parts:
            sentences = encoder.encode(list(part["title"]), list(part["author"]))
            yield part[_BOOK_KEY].assign(
                sentence=[row.tobytes() for row in sentences.astype(np.float16)]
            )

    tasks = -(-count // _BOOKS_PER_TASK)
    inputs = books.select(*_BOOK_KEY, "title", "author").repartition(max(2, tasks))
    draft = job.store.draft(KIND, f"{job.plan.version.partition('-')[0]}-{digest}")
    inputs.mapInPandas(embed, "file string, position long, sentence binary").write.parquet(
        draft.uri(_FILES)
    )
    manifest, _ = draft.publish(
        rows={"books": count},
        parameters=encoder.description(),
        code=job.plan.code,
        parents={Kind.CATALOG: job.plan.inputs[Kind.CATALOG]},
        dag_run_id=job.plan.dag_run_id,
        schema={"file": "string", "position": "long", "sentence": "float16 of unit length"},
    )
    return manifest
