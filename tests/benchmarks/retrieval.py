"""Latency of a search by vector and text for 12 covers, compared with faiss's flat index.

``N`` covers (20,000, 200,000 and 1,000,000 by default): vectors of 512 dimensions around 2,000
centres, and titles of 50,000 words in Zipf's distribution. A query is a vector near a cover, and
the cover's title. Dustjacket also searches the words, combines both scores and omits
near-duplicates; the peer searches vectors only and looks the rows up in a list. They take turns on
the same threads. ``/recall`` is recall against brute force, for vectors only. ``/open`` is the time
to read and verify a published index of 20,590 covers and answer the first query; there the peer's
figure is the limit, in seconds. With ``APPROXIMATE=1`` the peer is faiss's IVF at nprobe 16, and
``/recall`` shows its recall.
"""

import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from rich.console import Console
from safetensors.numpy import save

from dustjacket.pipeline.kinds import Kind
from dustjacket.platform.object_store import object_store
from dustjacket.retrieval.read import EMBEDDINGS, INDEX_COLUMNS, ROWS, VECTORS, load_index
from dustjacket.retrieval.search import CoverIndex
from dustjacket.storage.manifest import Manifest, version_name
from dustjacket.storage.store import Store
from tests.benchmarks.measure import fetched, line

DIMENSIONS, TOP, ROUNDS = 512, 12, 3
QUERIES = {20_000: 200, 200_000: 100, 1_000_000: 40}
THREADS = len(os.sched_getaffinity(0))
APPROXIMATE = bool(os.environ.get("APPROXIMATE"))
OPENED, LIMIT_S = 20_590, 2.0


def faiss():
    """Return the module of faiss, installed at the first call."""
    sys.path.append(str(fetched("faiss", "faiss-cpu")))
    import faiss as module

    module.omp_set_num_threads(THREADS)
    return module


def generated(count: int, rng: np.random.Generator) -> tuple[np.ndarray, pd.DataFrame]:
    """Return embeddings of covers, and their rows."""
    centres = rng.standard_normal((2_000, DIMENSIONS), np.float32)
    vectors = rng.standard_normal((count, DIMENSIONS), np.float32)
    vectors += centres[rng.integers(len(centres), size=count)]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths = rng.integers(2, 8, size=count)
    words = np.minimum(rng.zipf(1.3, size=int(lengths.sum())), 50_000)
    named = np.split(np.char.add("w", words.astype(str)), np.cumsum(lengths)[:-1])
    return vectors, pd.DataFrame(
        {
            "key": [f"{at:08d}" for at in range(count)],
            "title": [" ".join(title) for title in named],
            "author": [f"a{at} b{at % 997}" for at in rng.integers(count // 3, size=count)],
            "category": [f"Genre {at}" for at in rng.integers(30, size=count)],
            "shard": [f"shards/{at // 1000:05d}.tar" for at in range(count)],
            "offset": np.arange(count) % 1000 * 20_000,
            "size": 20_000,
            "sha256": [f"{at:064x}" for at in range(count)],
            "width": 256,
            "height": 384,
            "look": np.arange(count),
        }
    )


def milliseconds(work: Callable[[int], object], queries: int) -> list[float]:
    """Return the milliseconds of each query."""
    took = []
    for query in range(queries):
        began = time.perf_counter()
        work(query)
        took.append(1000 * (time.perf_counter() - began))
    return took


def compare(count: int) -> None:
    """Measure one size and print its lines."""
    rng = np.random.default_rng(13)
    vectors, rows = generated(count, rng)
    queries = QUERIES.get(count, 100)
    targets = rng.integers(count, size=queries)
    query_vectors = vectors[targets] + 0.02 * rng.standard_normal((queries, DIMENSIONS), np.float32)
    query_vectors /= np.linalg.norm(query_vectors, axis=1, keepdims=True)
    titles = list(rows["title"].iloc[targets])
    table = pa.Table.from_pandas(rows).append_column("genre", pa.nulls(count, pa.string()))
    index = CoverIndex(vectors, table)
    module = faiss()
    flat = module.IndexFlatIP(DIMENSIONS)
    if APPROXIMATE:
        lists = round(4 * np.sqrt(count))
        flat = module.IndexIVFFlat(flat, DIMENSIONS, lists, module.METRIC_INNER_PRODUCT)
        flat.train(vectors[:: max(1, count // (40 * lists))])
        flat.nprobe = 16
    flat.add(vectors)
    records = rows.to_dict("records")

    def peer(query: int) -> list[dict]:
        scores, found = flat.search(query_vectors[query : query + 1], TOP)
        return [
            records[row] | {"score": float(score)}
            for row, score in zip(found[0], scores[0], strict=True)
        ]

    def ours(query: int) -> list:
        return index.search(query_vectors[query], titles[query], TOP)

    ours(0), peer(0)
    our_ms, peer_ms = [], []
    for _ in range(ROUNDS):
        our_ms += milliseconds(ours, queries)
        peer_ms += milliseconds(peer, queries)
    name = f"retrieval/{count // 1000}k"
    note = f"{THREADS} threads; faiss {'IVF, nprobe 16' if APPROXIMATE else 'flat'}"
    for share in (50, 99):
        own, other = (float(np.percentile(took, share)) for took in (our_ms, peer_ms))
        line(f"{name}/p{share}", own, other, "ms", len(our_ms), note, 2)
    exact = [set(np.argsort(-(vectors @ query))[:TOP]) for query in query_vectors]
    alone = [{int(hit.key) for hit in index.search(query, top=TOP)} for query in query_vectors]
    others = [{int(row["key"]) for row in peer(query)} for query in range(queries)]
    recalls = [
        np.mean([len(a & b) / TOP for a, b in zip(exact, found, strict=True)])
        for found in (alone, others)
    ]
    line(f"{name}/recall", *map(float, recalls), "recall@12", queries, "of brute force", 4)


def published(store: Store, count: int) -> Manifest:
    """Publish a generated index in the format of index_covers."""
    vectors, rows = generated(count, np.random.default_rng(13))
    draft = store.draft(Kind.COVER_INDEX, version_name(datetime.now(UTC), "0" * 12))
    draft.put(EMBEDDINGS, save({VECTORS: vectors}))
    table = io.BytesIO()
    rows[list(INDEX_COLUMNS)].to_parquet(table, index=False)
    draft.put(ROWS, table.getvalue())
    facts = {"weights": "", "model": "none/none"}
    return draft.publish(facts=facts, parents={"covers": "none"})[0]


def opening() -> None:
    """Measure the opening of an index."""
    query, took = np.eye(1, DIMENSIONS, dtype=np.float32)[0], []
    with (
        tempfile.TemporaryDirectory() as scratch,
        object_store(Path(scratch), Console(stderr=True)) as settings,
    ):
        store = Store(settings)
        manifest = published(store, OPENED)
        for _ in range(5):
            began = time.monotonic()
            load_index(store, manifest).search(query, "w1 w2")
            took.append(time.monotonic() - began)
    line("retrieval/open", float(np.median(took)), LIMIT_S, "s", OPENED, "verified, from S3", 2)


def main() -> None:
    """Measure every size."""
    sizes = os.environ.get("N") or ",".join(map(str, QUERIES))
    opening()
    for size in sizes.split(","):
        compare(int(size))


if __name__ == "__main__":
    main()
