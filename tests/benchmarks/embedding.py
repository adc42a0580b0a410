"""Covers embedded a second, beside open_clip's own loop over the same stored JPEGs.

Ours is what a Spark task of ``index_covers`` does (decode, resize, embed), in as many processes as
there are cores, with one thread each. The loop is a PyTorch DataLoader with open_clip's transform
and ``encode_image``, on as many threads, at the best of its batch sizes, loader's workers, and fp32
or autocast to bf16. Models load beforehand, and both embed ``N`` covers (256 by default) in turn.
``/apart`` is how far that which makes ours quick moves a cosine of a title and a cover.
"""

import os
import random
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import open_clip
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from dustjacket.clip.conse import NAME as LITE
from dustjacket.clip.conse import build_conse
from dustjacket.clip.data import square
from dustjacket.clip.embed import embed_covers, embed_files, embed_texts, optimize_for_inference
from dustjacket.clip.model import Clip, load, random_model, save
from dustjacket.pretrained.hardware import has_fast_bf16
from dustjacket.retrieval.step import IndexParameters
from dustjacket.sample.drawing import draw_cover
from dustjacket.sample.grammar import make_book
from tests.benchmarks.measure import line

MODELS = ("ViT-B-32", LITE)
COVERS, ROUNDS, TRIED = int(os.environ.get("N") or 256), 6, 128
BATCHES, WORKERS = (16, 32, 64, 128), (0, 2)
CORES = len(os.sched_getaffinity(0))
_clip: Clip | None = None  # of a process of ours


def stored(folder: Path, count: int, side: int = 256) -> tuple[list[Path], list[str]]:
    """Draw covers and store them as an ingestion does; return their files and titles."""
    rng, files, titles = random.Random(13), [], []
    for number in range(count):
        book = make_book(rng)
        image = draw_cover(book, rng).convert("RGB")
        size = (side, round(side * image.height / image.width))
        image.resize(size, Image.Resampling.LANCZOS).save(
            file := folder / f"{number}.jpg", quality=90
        )
        files.append(file)
        titles.append(book.title)
    return files, titles


def ready(weights: Path) -> None:
    """Make a process of ours what a Spark task is."""
    global _clip  # noqa: PLW0603  # a process has one model, as a Spark worker has
    torch.set_num_threads(1)
    _clip = optimize_for_inference(load(weights))


def embed(files: list[Path]) -> int:
    """Embed files in such a process."""
    bodies = ((file.name, file.read_bytes()) for file in files)
    return sum(len(names) for names, _ in embed_files(_clip, bodies, IndexParameters().batch_size))


class Stored(Dataset):
    """The peer's data set."""

    def __init__(self, files: list[Path], transform: Callable) -> None:
        self.files, self.transform = files, transform

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, at: int) -> torch.Tensor:
        return self.transform(Image.open(self.files[at]))


@torch.inference_mode()
def peer(loader: DataLoader, model: torch.nn.Module, *, bf16: bool) -> int:
    """Embed a data set by open_clip."""
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        return sum(len(model.encode_image(images, normalize=True)) for images in loader)


def rate(work: Callable[[], int]) -> float:
    """Return covers a second."""
    began = time.monotonic()
    return work() / (time.monotonic() - began)


def peers(model: torch.nn.Module, files: list[Path]) -> tuple[Callable[[], int], str]:
    """Return the peer's loop at its best, and what that is."""
    preprocess = open_clip.transform.PreprocessCfg(**model.visual.preprocess_cfg)
    transform = open_clip.transform.image_transform_v2(preprocess, is_train=False)
    found = {}
    for batch, workers, bf16 in product(BATCHES, WORKERS, (False, True)):
        if bf16 and not has_fast_bf16():
            continue

        def loop(
            some: list[Path], batch: int = batch, workers: int = workers, bf16: bool = bf16
        ) -> int:
            loader = DataLoader(Stored(some, transform), batch, num_workers=workers)
            return peer(loader, model, bf16=bf16)

        found[batch, workers, bf16] = rate(lambda loop=loop: loop(files[:TRIED])), loop
    best = max(found, key=lambda setting: found[setting][0])
    batch, workers, bf16 = best
    how = f"batch {batch}, {workers} workers, {'autocast to bf16' if bf16 else 'fp32'}"
    return partial(found[best][1], files), how


def apart(weights: Path, files: list[Path], titles: list[str]) -> tuple[float, str]:
    """Return how far what makes ours quick moves a cosine, and whether titles find the same."""
    clip = load(weights)
    images = torch.stack([square(file.read_bytes(), clip.image_size) for file in files])
    texts = embed_texts(clip, titles)
    exact = texts @ embed_covers(clip, images).T
    found = texts @ embed_covers(optimize_for_inference(clip), images).T
    ten = [np.argsort(-cosines, axis=1)[:, :10] for cosines in (exact, found)]
    same = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(*ten, strict=True)])
    own = [np.mean([at in row for at, row in enumerate(rows)]) for rows in ten]
    return float(np.abs(exact - found).max()), (
        f"{same:.1%} of the ten nearest covers are the same; recall@10 {own[0]:.3f} else, "
        f"{own[1]:.3f} so"
    )


def main() -> None:
    """Measure each model."""
    torch.set_num_threads(CORES)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files, titles = stored(folder, COVERS)
        for name in os.environ.get("MODELS", ",".join(MODELS)).split(","):
            weights = folder / name
            if name == LITE:
                images = torch.stack([square(file.read_bytes(), 224) for file in files])
                clip = build_conse(images, titles)
            else:
                clip = random_model(name, 13)
            save(clip, weights)
            model = load(weights).model
            if name != LITE:
                model.visual.conv1.__class__ = torch.nn.Conv2d  # open_clip's own
            theirs, how = peers(model, files)
            with get_context("spawn").Pool(CORES, ready, (weights,)) as pool:
                parts = [files[at::CORES] for at in range(CORES)]

                def ours(pool=pool, parts=parts) -> int:
                    return sum(pool.map(embed, parts, chunksize=1))

                ours()
                rates = [(rate(ours), rate(theirs)) for _ in range(ROUNDS)]
            mine, others = zip(*rates, strict=True)
            note = f"{CORES} threads; open_clip: {how}"
            line(f"embedding/{name}", mine, others, "covers/s", COVERS, note)
            moved, said = apart(weights, files, titles)
            line(f"embedding/{name}/apart", moved, 0, "cosine", COVERS, said, 5)


if __name__ == "__main__":
    main()
