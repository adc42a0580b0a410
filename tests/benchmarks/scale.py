"""What grows with what, and where a size first hurts: unit costs, their exponents, and money.

Measures ingestion of a listing and of covers (as ``dustjacket ingest`` does, in one process),
embedding of covers, and search, each at 1, 4 and 16 times its smallest size, ``ROUNDS`` (2) times,
each in a process of its own, in processor-seconds, so that other load counts little. A power law is
fitted to each; exponents have 95 % intervals (least squares of logarithms; Student's t). What 20
thousand to 100 million covers cost is extrapolated by these. ``PRICE`` names a file of prices;
docs/price.yaml is an example. Manifests, shards and listing calls of each size are simulated:
metadata only.
"""

import io
import json
import math
import os
import resource
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import yaml
from rich.console import Console
from scipy import stats

from dustjacket.cli.local_ingest import ingest
from dustjacket.pipeline.steps import STEPS
from dustjacket.retrieval.search import CoverIndex
from dustjacket.sample import make_sample
from dustjacket.storage.manifest import FileEntry, Manifest, parse_manifest
from dustjacket.storage.store import Store
from dustjacket.upkeep.inventory import take_inventory
from tests.benchmarks.measure import machine
from tests.benchmarks.retrieval import generated
from tests.support.bucket import store_in_memory

SCALES, ROUNDS = (1, 4, 16), int(os.environ.get("ROUNDS") or 2)
LISTING, COVERS, EMBEDDED, SEARCHED = 4_000, 60, 24, 20_000
SIZES = (20_000, 1_000_000, 10_000_000, 100_000_000)
PER_SHARD, PAGE = 1_000, 1_000
MEMORY = "memory, MiB"
_GIB = 2**30
_QUERIES = 20


@dataclass(frozen=True)
class Law:
    """How a figure grows: ``start + unit * size ** exponent``.

    Attributes:
        start: what is there before the first book; 0 but for memory.
        low, high: 95 % interval of the exponent; for memory, of ``unit``, as its exponent is 1.
    """

    start: float
    unit: float
    exponent: float
    low: float
    high: float

    def at(self, size: float) -> float:
        """Return the value at a size."""
        return self.start + self.unit * size**self.exponent


def fit(sizes: list[int], values: list[float], *, of_memory: bool) -> Law:
    """Return the law of values at sizes: least squares of logarithms, of memory a line."""
    x, y = (sizes, values) if of_memory else (np.log(sizes), np.log(values))
    found = stats.linregress(x, y)
    half = stats.t.ppf(0.975, len(x) - 2) * found.stderr
    low, high = found.slope - half, found.slope + half
    if of_memory:
        return Law(max(found.intercept, 0), max(found.slope, 0), 1.0, low, high)
    return Law(0.0, math.exp(found.intercept), found.slope, low, high)


def processor_seconds() -> float:
    """Return the time of all cores that this process and its ended children took."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


class InThisProcess:
    """Stands for a pool of processes, so that memory and time are those of the whole work."""

    def __init__(self, *_: object, **__: object) -> None:
        self.map = map
        self.shutdown = lambda **_: None


def of_ingestion(step: str, rows: int) -> dict[str, float]:
    """Ingest a sample; return its processor-seconds, peak memory and stored bytes."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        kind = "listing" if step == "ingest_catalog" else "covers"
        small = {"rows": 10, "covers": 10} | {"rows" if kind == "listing" else "covers": rows}
        library = make_sample(Path(folder, "sample"), small["rows"], small["covers"], 13)
        source = library.listing if kind == "listing" else library.covers
        out, console = Path(folder, "out"), Console(quiet=True)

        before = processor_seconds()
        with patch("dustjacket.pipeline.engine.ProcessPoolExecutor", InThisProcess):
            ingest(STEPS[step], {"source": str(source)}, out, console)
        found["processor seconds"] = processor_seconds() - before
        found[MEMORY] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found["stored bytes"] = sum(
            each.stat().st_size for each in out.rglob("*") if each.is_file()
        )
    return found


def of_embedding(covers: int) -> dict[str, float]:
    """Embed covers as ``index_covers`` does, on one core."""
    import torch

    from dustjacket.clip.conse import build_conse
    from dustjacket.clip.data import square
    from dustjacket.clip.embed import embed_files, optimize_for_inference
    from tests.benchmarks.embedding import stored

    with tempfile.TemporaryDirectory() as folder:
        files, titles = stored(Path(folder), covers)
        bodies = [(file.name, file.read_bytes()) for file in files]
        images = torch.stack([square(body, 224) for _, body in bodies[:EMBEDDED]])
        clip = optimize_for_inference(build_conse(images, titles[:EMBEDDED]))
        list(embed_files(clip, bodies[:8], 8))
        before = processor_seconds()
        list(embed_files(clip, bodies, 128))
        return {"processor seconds": processor_seconds() - before}


def of_search(covers: int) -> dict[str, float]:
    """Search an index; return the seconds of one query on one core, and the index's memory."""
    rng = np.random.default_rng(13)
    vectors, rows = generated(covers, rng)
    table = pa.Table.from_pandas(rows).append_column("genre", pa.nulls(covers, pa.string()))
    tracemalloc.start()
    index = CoverIndex(vectors, table)
    memory = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    titles = list(rows["title"].iloc[:_QUERIES])
    index.search(vectors[0], titles[0], 12)
    before = processor_seconds()
    for query, title in enumerate(titles):
        index.search(vectors[query], title, 12)
    seconds = (processor_seconds() - before) / _QUERIES
    return {
        "seconds a query": seconds,
        MEMORY: (memory + vectors.nbytes + table.nbytes) / 2**20,
    }


class Pages:
    """Answers listings of one version with so many objects, a page at a time, and counts calls."""

    def __init__(self, manifest: Manifest, body: bytes) -> None:
        self.manifest, self.body, self.calls = manifest, body, 0

    def get_paginator(self, _: str) -> "Pages":
        return self

    def paginate(self, **call: Any) -> Iterator[dict[str, Any]]:
        name = f"{self.manifest.kind}/{self.manifest.version}"
        if not name.startswith(call["Prefix"].rstrip("/")):
            self.calls += 1
            yield {}
            return
        now = datetime.now(UTC)
        keys = [f"{self.manifest.prefix}{file.path}" for file in self.manifest.files]
        keys.append(f"{name}/manifest.json")
        for start in range(0, len(keys), PAGE):
            self.calls += 1
            yield {
                "Contents": [
                    {"Key": key, "Size": 1, "LastModified": now}
                    for key in keys[start : start + PAGE]
                ]
            }

    def get_object(self, **_: Any) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.body)}


def simulated(covers: int) -> dict[str, float]:
    """Write, read and list the metadata of a version of so many covers."""
    shards = -(-covers // PER_SHARD)
    files = [
        FileEntry(path=f"shards/{number:06d}.tar", size=20_000_000, sha256=f"{number:064x}")
        for number in range(shards)
    ]
    began = processor_seconds()
    manifest = Manifest(
        kind="covers", version="20260101T000000000000Z-000000000000", attempt="attempt-00000000",
        published_at=datetime.now(UTC), files=files,
    )  # fmt: skip
    body = manifest.model_dump_json(by_alias=True, indent=2).encode()
    parse_manifest(body, "covers")
    manifests = processor_seconds() - began
    store: Store = store_in_memory()
    pages = Pages(manifest, body)
    store.client = pages  # type: ignore[assignment]
    tracemalloc.start()
    began = processor_seconds()
    take_inventory(store)
    listing = processor_seconds() - began
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {
        "shards": shards, "manifest, MiB": len(body) / 2**20, "manifest, seconds": manifests,
        "listing calls": pages.calls, "inventory, seconds": listing,
        "inventory, MiB": memory / 2**20,
    }  # fmt: skip


PARTS: dict[str, tuple[int, Callable[[int], dict[str, float]]]] = {
    "listing": (LISTING, partial(of_ingestion, "ingest_catalog")),
    "covers": (COVERS, partial(of_ingestion, "ingest_covers")),
    "embedding": (EMBEDDED, of_embedding),
    "search": (SEARCHED, of_search),
}


def in_new_process(name: str, size: int) -> dict[str, float]:
    """Measure one size in this process, after a small one that imports all that is needed."""
    smallest, work = PARTS[name]
    work(smallest // 2)
    return work(size)


def measure() -> Iterator[tuple[str, int, dict[str, float]]]:
    """Yield the part, the size and the figures of each measurement."""
    for name, (smallest, _) in PARTS.items():
        for scale in SCALES * ROUNDS:
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                found = pool.submit(in_new_process, name, smallest * scale).result()
            print(name, smallest * scale, json.dumps(found), file=sys.stderr, flush=True)
            yield name, smallest * scale, found


def fit_all(measured: list[tuple[str, int, dict[str, float]]]) -> dict[str, dict[str, Law]]:
    """Return the law of each figure of each part."""
    laws: dict[str, dict[str, Law]] = {}
    for part in PARTS:
        sizes = [size for name, size, _ in measured if name == part]
        found = [figures for name, _, figures in measured if name == part]
        laws[part] = {
            key: fit(sizes, [one[key] for one in found], of_memory=key == MEMORY)
            for key in found[0]
        }
    return laws


def cost(size: int, laws: dict[str, dict[str, Law]], price: dict[str, Any]) -> dict[str, Any]:
    """Return what a size costs, and what hurts first."""
    seconds = {
        name: laws[name]["processor seconds"].at(size)
        for name in ("listing", "covers", "embedding")
    }
    stored = sum(laws[name]["stored bytes"].at(size) for name in ("listing", "covers")) / _GIB
    memory = {name: laws[name][MEMORY].at(size) / 1024 for name in ("listing", "covers", "search")}
    search = laws["search"]["seconds a query"].at(size)
    cores = price["machine"]["cores"]
    hours = {name: at / 3600 / cores for name, at in seconds.items()}
    shards = -(-size // PER_SHARD)
    money = (
        sum(seconds.values()) / 3600 * price["core_hour"]
        + shards * 2 / 1000 * price["thousand_puts"]
        + size / 1000 * price["thousand_gets"]
    )
    limits = price["acceptable"]
    ratios = {
        **{f"{name}: memory": at / price["machine"]["memory_gib"] for name, at in memory.items()},
        **{f"{name}: hours on {cores} cores": at / limits["hours"] for name, at in hours.items()},
        "search: seconds a query": search / limits["search_seconds"],
    }  # fmt: skip
    worst = max(ratios, key=lambda name: ratios[name])
    return {
        "covers": size, "core hours": sum(seconds.values()) / 3600, "stored, GiB": stored,
        "largest process, GiB": max(memory.values()), "search, s": search, "once": money,
        "a month": stored * price["gib_month"],
        "first to hurt": f"{worst} ({ratios[worst]:.1%} of what is acceptable)",
    }  # fmt: skip


def print_tables(laws: dict[str, dict[str, Law]], price: dict[str, Any]) -> None:
    """Print the laws, the costs and the simulation as Markdown."""
    print("| | at 1,000 | grows as size to the | 95 % interval |\n|---|---|---|---|")
    for part, of in laws.items():
        for key, law in of.items():
            interval = f"{law.low:.2f} to {law.high:.2f}"
            if key == MEMORY:
                low, high = (max(bound, 0) * 1e6 / 1024 for bound in (law.low, law.high))
                interval = f"{law.unit * 1e6 / 1024:.2f} GiB a million ({low:.2f} to {high:.2f})"
            print(f"| {part}: {key} | {law.at(1000):,.3g} | {law.exponent:.2f} | {interval} |")
    rows = [cost(size, laws, price) for size in SIZES]
    print(f"\n| {' | '.join(rows[0])} |\n|{'---|' * len(rows[0])}")
    for row in rows:
        shown = (at if isinstance(at, str) else f"{at:,.3g}" for at in row.values())
        print(f"| {' | '.join(shown)} |")
    simulations = {size: simulated(size) for size in SIZES}
    names = ["covers", *simulations[SIZES[0]]]
    print(f"\n| {' | '.join(names)} |\n|{'---|' * len(names)}")
    for size, found in simulations.items():
        print(f"| {size:,} | {' | '.join(f'{at:,.3g}' for at in found.values())} |")


def main() -> None:
    """Measure, fit, and print the tables."""
    default = Path(__file__).parents[2] / "docs" / "price.yaml"
    price = yaml.safe_load(Path(os.environ.get("PRICE") or default).read_text())
    print(
        f"{machine()}; {ROUNDS} rounds at {', '.join(map(str, SCALES))} times the smallest size\n"
    )
    print_tables(fit_all(list(measure())), price)


if __name__ == "__main__":
    main()
