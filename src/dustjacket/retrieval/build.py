"""The step ``index_covers``: embed every cover with the champion and publish the index."""

import io
import json
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from pyspark.sql import SparkSession
from safetensors.numpy import save

from dustjacket.clip.data import read_pairs
from dustjacket.clip.embed import embed_covers
from dustjacket.clip.read import load_version
from dustjacket.clip.registry import PROMOTED, ensure_starting
from dustjacket.covers.read import read_index
from dustjacket.job import Job
from dustjacket.parameters import ClipParameters, IndexParameters
from dustjacket.retrieval.search import EMBEDDINGS, KNOWN, MODEL, ROWS
from dustjacket.storage import Store

_COVERS_PER_TASK = 500


def index_covers(job: Job, spark: SparkSession) -> None:
    """Embed all covers of a version, in Spark tasks, and publish them with what they show.

    The model is the newest promoted one; before any is, the starting weights.
    """
    parameters = IndexParameters.model_validate(job.plan.parameters)
    covers = job.input("covers")
    model = (
        job.input(PROMOTED)
        if PROMOTED in job.plan.inputs
        else ensure_starting(job.store, ClipParameters(), covers)
    )
    settings, batch_size = job.settings, parameters.batch_size

    def embed(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        store = Store(settings)
        clip = load_version(store, model)
        for part in parts:
            pairs = read_pairs(store, covers, part, clip.image_size)
            found = embed_covers(clip, pairs.images, batch_size)
            yield pd.DataFrame({"key": pairs.books["key"], "embedding": list(found)})

    books = read_index(job.store, covers)
    parts = -(-len(books) // _COVERS_PER_TASK)
    rows = spark.createDataFrame(books[["key", "shard", "offset", "size"]])
    embedded: Any = (
        rows.repartitionByRange(parts, "key")
        .mapInPandas(embed, "key string, embedding array<float>")
        .toPandas()
    )
    by_key = embedded.set_index("key").loc[books["key"], "embedding"]
    vectors = np.stack(by_key.tolist()).astype(np.float32)
    table = io.BytesIO()
    books[list(KNOWN)].to_parquet(table, index=False)
    job.draft.put(EMBEDDINGS, save({"covers": vectors}))
    job.draft.put(ROWS, table.getvalue())
    about = {"kind": model.kind, "version": model.version, "covers": covers.version}
    job.draft.put(MODEL, json.dumps(about).encode())
    job.publish(
        rows={"covers": len(books)},
        schema={name: str(kind) for name, kind in books[list(KNOWN)].dtypes.items()},
        facts={"model": f"{model.kind}/{model.version}", "dimensions": vectors.shape[1]},
    )
