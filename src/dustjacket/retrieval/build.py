"""The step ``index_covers``: embed every cover with the champion and publish the index."""

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
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dustjacket.clip.embed import embed_files, optimize_for_inference
from dustjacket.clip.model import Clip
from dustjacket.clip.read import load_version
from dustjacket.clip.registry import ensure_starting
from dustjacket.covers.read import read_images, read_index, read_look_alikes
from dustjacket.errors import BadInputError
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.parameters import COVER_CLIP, ClipParameters, IndexParameters
from dustjacket.retrieval.read import (
    EMBEDDINGS,
    KEPT,
    ROWS,
    VECTORS,
    embeddings,
    newest_index_of,
    weights_of,
)
from dustjacket.settings import Settings
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)

_COVERS_PER_TASK = 500


def index_covers(job: Job, spark: SparkSession) -> None:
    """Publish embeddings of all covers of a version with what they show.

    The model is the newest promoted one; before any is, the starting weights. An image that these
    weights and this code have embedded for an earlier index is not embedded again.

    Raises:
        BadInputError: too many covers cannot be read.
    """
    parameters = IndexParameters.model_validate(job.plan.parameters)
    covers = job.input("covers")
    model = (
        job.input(COVER_CLIP)
        if COVER_CLIP in job.plan.inputs
        else ensure_starting(job.store, ClipParameters(), covers)
    )
    books = read_index(job.store, covers)
    books["look"] = looks(books["key"], read_look_alikes(job.store, covers))
    images, vectors = _known(job, model)
    reused = int(books["sha256"].isin(images).sum())
    new = books[~books["sha256"].isin(images)].drop_duplicates("sha256")
    log.info("%d covers to embed; %d are known from an earlier index", len(new), reused)
    if len(new):
        found = _embedded(job, spark, covers, model, new, parameters.batch_size)
        images = images.append(pd.Index(new.set_index("key").loc[found["key"], "sha256"]))
        vectors = [*vectors, *(np.frombuffer(row, np.float32) for row in found["embedding"])]
    place = images.get_indexer(books["sha256"])
    broken = int((place < 0).sum())
    if broken > parameters.max_broken_share * len(books) or broken == len(books):
        raise BadInputError(
            f"{broken} of {len(books)} covers of covers/{covers.version} cannot be read: ingest "
            "them again, or raise max_broken_share"
        )
    books = books[place >= 0]
    _publish(job, model, books, np.stack([vectors[at] for at in place[place >= 0]]),
             embedded=len(books) - reused, reused=reused, unreadable=broken)  # fmt: skip


def looks(keys: pd.Series, alike: pd.DataFrame) -> np.ndarray:
    """Return (covers,) numbers; those of covers that hang together by looks are the same.

    Args:
        alike: a row a pair: key and other_key.
    """
    covers = pd.Index(keys)
    ends = covers.get_indexer(alike["key"]), covers.get_indexer(alike["other_key"])
    graph = coo_array((np.ones(len(alike), bool), ends), shape=(len(covers),) * 2)
    found: np.ndarray = connected_components(graph, directed=False)[1]
    return found


def _known(job: Job, model: Manifest) -> tuple[pd.Index, Any]:
    """Return hashes and embeddings of the images that these weights and this code have embedded."""
    earlier = newest_index_of(job.store, model)
    if earlier is None or earlier.code != job.plan.code:
        return pd.Index([], dtype=object), []
    images, vectors = embeddings(job.store, earlier)
    known = pd.Index(images, dtype=object)
    return known[~known.duplicated()], vectors[~known.duplicated()]


def _embedded(
    job: Job,
    spark: SparkSession,
    covers: Manifest,
    model: Manifest,
    books: pd.DataFrame,
    batch_size: int,
) -> pd.DataFrame:
    """Return key and embedding (float32 as bytes) of each cover that can be read, from Spark."""
    settings = job.settings

    def embed(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        clip = _loaded(settings, model.kind, model.version)
        store = Store(settings)
        for part in parts:
            for keys, found in embed_files(clip, read_images(store, covers, part), batch_size):
                yield pd.DataFrame({"key": keys, "embedding": [row.tobytes() for row in found]})

    tasks = -(-len(books) // _COVERS_PER_TASK)
    places = spark.createDataFrame(books[["key", "shard", "offset", "size"]])
    # By shard, for a task reads whole ones.
    ordered = places.repartitionByRange(tasks, "shard", "offset")
    found: pd.DataFrame = ordered.mapInPandas(embed, "key string, embedding binary").toPandas()
    return found


@lru_cache(1)
def _loaded(settings: Settings, kind: str, version: str) -> Clip:
    """Return a model ready to embed covers; the next task of a worker has it already."""
    store = Store(settings)
    return optimize_for_inference(load_version(store, store.manifest(kind, version)))


def _publish(
    job: Job, model: Manifest, books: pd.DataFrame, vectors: np.ndarray, **counted: int
) -> None:
    table = io.BytesIO()
    rows = books[list(KEPT)]
    rows.to_parquet(table, index=False)
    job.draft.put(EMBEDDINGS, save({VECTORS: vectors}))
    job.draft.put(ROWS, table.getvalue())
    job.publish(
        rows={"covers": len(rows)},
        schema={name: str(kind) for name, kind in rows.dtypes.items()},
        facts={
            "model": f"{model.kind}/{model.version}",
            "weights": weights_of(model),
            "dimensions": vectors.shape[1],
            **counted,
        },
    )
