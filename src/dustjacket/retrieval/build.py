"""The function of ``index_covers``: embed covers with the champion model, publish the index."""

import io
import logging
import os
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import torch
from pyspark.sql import SparkSession
from safetensors.numpy import save

from dustjacket.clip.embed import embed_files, optimize_for_inference
from dustjacket.clip.model import Clip
from dustjacket.clip.read import load_version
from dustjacket.clip.starting import ensure_starting
from dustjacket.clip.step import ClipParameters
from dustjacket.covers.groups import near_duplicate_groups
from dustjacket.covers.read import read_images, read_index, read_near_duplicates
from dustjacket.errors import BadInputError
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.kinds import Kind
from dustjacket.retrieval.read import (
    EMBEDDINGS,
    INDEX_COLUMNS,
    ROWS,
    VECTORS,
    newest_index_of,
    read_embeddings,
    weights_of,
)
from dustjacket.retrieval.step import IndexFacts, IndexParameters
from dustjacket.settings import Settings
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)

_COVERS_PER_TASK = 500


def index_covers(job: Job[IndexParameters], spark: SparkSession) -> None:
    """Publish the embeddings and rows of all covers of a version.

    The model is the champion, or the starting weights if no model is promoted yet. Images that the
    same weights and code embedded for an earlier index are not embedded again.

    Raises:
        BadInputError: too many covers cannot be decoded.
    """
    parameters = job.parameters
    covers = job.input(Kind.COVERS)
    model = (
        job.input(Kind.COVER_CLIP)
        if Kind.COVER_CLIP in job.plan.inputs
        else ensure_starting(job.store, ClipParameters(), covers)
    )
    books = read_index(job.store, covers)
    books["look"] = near_duplicate_groups(books["key"], read_near_duplicates(job.store, covers))
    images, vectors = _reusable_embeddings(job, model)
    reused = int(books["sha256"].isin(images).sum())
    new = books[~books["sha256"].isin(images)].drop_duplicates("sha256")
    log.info("%d covers to embed; %d have an embedding of an earlier index", len(new), reused)
    if len(new):
        embedded = _embed(job, spark, covers, model, new, parameters.batch_size)
        images = images.append(pd.Index(new.set_index("key").loc[embedded["key"], "sha256"]))
        vectors = [*vectors, *(np.frombuffer(body, np.float32) for body in embedded["embedding"])]
    rows = images.get_indexer(books["sha256"])
    broken = int((rows < 0).sum())
    if broken > parameters.max_broken_share * len(books) or broken == len(books):
        raise BadInputError(
            f"{broken} of {len(books)} covers of covers/{covers.version} cannot be decoded: ingest "
            "them again, or raise max_broken_share"
        )
    books = books[rows >= 0]
    _publish(job, model, books, np.stack([vectors[row] for row in rows[rows >= 0]]),
             embedded=len(books) - reused, reused=reused, unreadable=broken)  # fmt: skip


def _reusable_embeddings(job: Job[IndexParameters], model: Manifest) -> tuple[pd.Index, Any]:
    """Return hashes and embeddings of images that the same weights and code embedded earlier."""
    earlier = newest_index_of(job.store, model)
    if earlier is None or earlier.code != job.plan.code:
        return pd.Index([], dtype=object), []
    sha256, vectors = read_embeddings(job.store, earlier)
    images = pd.Index(sha256, dtype=object)
    return images[~images.duplicated()], vectors[~images.duplicated()]


def _embed(
    job: Job[IndexParameters],
    spark: SparkSession,
    covers: Manifest,
    model: Manifest,
    books: pd.DataFrame,
    batch_size: int,
) -> pd.DataFrame:
    """Return ``key`` and ``embedding`` (float32 bytes) of each cover that decodes, by Spark."""
    settings = job.settings.with_secrets_of("s3")

    def embed(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        clip = _load_clip(settings, model.kind, model.version)
        store = Store(settings)
        for part in parts:
            for keys, vectors in embed_files(clip, read_images(store, covers, part), batch_size):
                yield pd.DataFrame({"key": keys, "embedding": [row.tobytes() for row in vectors]})

    tasks = -(-len(books) // _COVERS_PER_TASK)
    ranges = spark.createDataFrame(books[["key", "shard", "offset", "size"]])
    # Sorted by shard, because a task reads whole shards.
    ordered = ranges.repartitionByRange(tasks, "shard", "offset")
    embedded: pd.DataFrame = ordered.mapInPandas(embed, "key string, embedding binary").toPandas()
    return embedded


@lru_cache(1)
def _load_clip(settings: Settings, kind: str, version: str) -> Clip:
    """Return a model for inference; cached for the next task of this worker."""
    store = Store(settings)
    return optimize_for_inference(load_version(store, store.manifest(kind, version)))


def _publish(
    job: Job[IndexParameters],
    model: Manifest,
    books: pd.DataFrame,
    vectors: np.ndarray,
    **counts: int,
) -> None:
    table = io.BytesIO()
    rows = books[list(INDEX_COLUMNS)]
    rows.to_parquet(table, index=False)
    job.draft.put(EMBEDDINGS, save({VECTORS: vectors}))
    job.draft.put(ROWS, table.getvalue())
    job.publish(
        rows={"covers": len(rows)},
        schema={name: str(kind) for name, kind in rows.dtypes.items()},
        facts=IndexFacts(
            model=f"{model.kind}/{model.version}",
            weights=weights_of(model),
            dimensions=vectors.shape[1],
            **counts,
        ),
    )
