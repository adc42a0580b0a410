"""A guard against regressions, before a release: a few ratios beside those that were stored.

Each side is measured in processor-seconds of one thread, six times in turn, so that other work on
the machine changes little. A ratio fails if its whole 95 % interval is below ``LEAST`` of the
stored one: such a loss is no noise. Without a network, servers and Java.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import open_clip
import pyarrow as pa
import torch
from torch.utils.data import DataLoader

from dustjacket.clip.conse import build_conse
from dustjacket.clip.data import square
from dustjacket.clip.embed import embed_files, optimize_for_inference
from dustjacket.clip.model import load, save
from dustjacket.covers.check import check_cover
from dustjacket.covers.step import CoversParameters
from dustjacket.genres.hashed_ngrams import count_ngrams
from dustjacket.retrieval.search import CoverIndex
from dustjacket.sample.grammar import make_book
from tests.benchmarks.embedding import Stored, peer, stored
from tests.benchmarks.hashed_ngrams import peer_count
from tests.benchmarks.ingest_covers import normalise
from tests.benchmarks.measure import line, median_interval
from tests.benchmarks.retrieval import generated

ROUNDS, LEAST = 6, 0.75
STORED = {"embedding": 1.8, "check": 0.88, "ngrams": 4.9, "search": 0.65, "command": 0.62}
"""How many times as long the other side takes, on an AMD EPYC with bf16."""

Work = Callable[[], object]


def own_seconds(work: Work) -> float:
    """Return the processor-seconds of this process for ``work``."""
    began = time.process_time()
    work()
    return time.process_time() - began


def child_seconds(work: Work) -> float:
    """Return the processor-seconds of the processes that ``work`` starts and waits for."""
    before = os.times()
    work()
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])


@contextmanager
def embedding() -> Iterator[tuple[Work, Work]]:
    """Embed covers, beside open_clip with autocast to bf16."""
    with tempfile.TemporaryDirectory() as scratch:
        files, titles = stored(Path(scratch), 32)
        weights = Path(scratch) / "weights"
        save(
            build_conse(torch.stack([square(f.read_bytes(), 224) for f in files]), titles), weights
        )
        ours, model = optimize_for_inference(load(weights)), load(weights).model
        transform = open_clip.transform.image_transform_v2(
            open_clip.transform.PreprocessCfg(**model.visual.preprocess_cfg), is_train=False
        )
        yield (
            lambda: list(embed_files(ours, ((f.name, f.read_bytes()) for f in files), 16)),
            lambda: peer(DataLoader(Stored(files, transform), 16), model, bf16=True),
        )


@contextmanager
def check() -> Iterator[tuple[Work, Work]]:
    """Check and normalise covers, beside Pillow alone, which checks nothing."""
    with tempfile.TemporaryDirectory() as scratch:
        files, _ = stored(Path(scratch), 100, side=400)
        bodies, parameters = [file.read_bytes() for file in files], CoversParameters()
        yield (
            lambda: [check_cover(body, parameters) for body in bodies],
            lambda: [normalise(file) for file in files],
        )


@contextmanager
def ngrams() -> Iterator[tuple[Work, Work]]:
    """Hash the n-grams of titles, beside scikit-learn."""
    rng = random.Random(13)
    books = [make_book(rng) for _ in range(5000)]
    columns = [book.title for book in books], [book.author for book in books]
    yield lambda: count_ngrams(*columns), lambda: peer_count(*columns)


@contextmanager
def search() -> Iterator[tuple[Work, Work]]:
    """Search 20,000 covers by vector and words, beside a product with all vectors and a sort."""
    rng = np.random.default_rng(13)
    vectors, rows = generated(20_000, rng)
    table = pa.Table.from_pandas(rows).append_column("genre", pa.nulls(len(rows), pa.string()))
    index, asked = CoverIndex(vectors, table), range(0, 20_000, 500)
    titles = list(rows["title"])
    yield (
        lambda: [index.search(vectors[at], titles[at], 12) for at in asked],
        lambda: [np.argsort(-(vectors @ vectors[at]))[:12] for at in asked],
    )


@contextmanager
def command() -> Iterator[tuple[Work, Work]]:
    """Start the command line, beside the import of the libraries that it is made of."""
    libraries = "import botocore.exceptions, httpx, pydantic_settings, rich.console, tenacity"

    def run(code: str) -> Work:
        return lambda: subprocess.run([sys.executable, "-c", code], check=True)

    yield run("import dustjacket.cli.app"), run(libraries)


BENCHMARKS = {
    "embedding": (embedding, own_seconds),
    "check": (check, own_seconds),
    "ngrams": (ngrams, own_seconds),
    "search": (search, own_seconds),
    "command": (command, child_seconds),
}


def main() -> None:
    """Print each ratio; exit with 1 if one has fallen."""
    torch.set_num_threads(1)
    fallen = []
    for name, (sides, seconds) in BENCHMARKS.items():
        with sides() as (ours, other):
            ours(), other()
            taken = [(seconds(ours), seconds(other)) for _ in range(ROUNDS)]
        ratios = [theirs / mine for mine, theirs in taken]
        bounds = median_interval(ratios)
        note = f"the other side takes so many times as long; stored: {STORED[name]}"
        line(f"quick/{name}", ratios, [1.0] * ROUNDS, "times", ROUNDS, note, 2)
        if bounds is None or bounds[1] < LEAST * STORED[name]:
            fallen.append(name)
    if fallen:
        sys.exit(f"slower than the stored ratios by more than a quarter: {', '.join(fallen)}")


if __name__ == "__main__":
    main()
