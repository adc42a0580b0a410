"""What a generator draws of what titles name, on the sample: their colour and their thing.

A generator is trained for ``MINUTES`` (3) of one core's time on the art of a sample library, with
the model that comes with the package as champion, from random weights and from the starting weights
(``START``; a file of such weights draws as it is, without training). It then draws for ``N`` (300)
new titles, each of a colour and a thing that no training book has together (nor any cover that the
starting weights have seen); training books with such a pair are left out. Classifiers tell which of
the 9 colours and 32 things is drawn; they learn from other covers, and stop the benchmark if they
are right on less than 90 % of real art without text.

Beside it: real art of the same titles (the ceiling), and the art of the training cover whose title
is nearest by the text encoder (retrieval). Shares have 95 % intervals (Wilson); the last is that of
near copies of training covers. Recall@10 within the genre is that of the judge of
``evaluate_generator``. ``GUIDANCE`` (2) is the weight of the title, and ``SHEET=FILE.jpg``
keeps a sheet of what was drawn. ``SIDE=validation`` draws for other titles: choices are made on it.
"""

import copy
import os
import random
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image

from dustjacket.clip.conse import SIZE, build_conse
from dustjacket.clip.embed import embed_covers, embed_texts
from dustjacket.clip.model import Clip
from dustjacket.clip.prompts import prompt
from dustjacket.generation.assess import DRAWN, Assessor
from dustjacket.generation.data import KnownArt, condition_art
from dustjacket.generation.generator import Request
from dustjacket.generation.library import Side
from dustjacket.generation.near_copies import NearCopies
from dustjacket.generation.network import BASE, Decoder, DecoderShape
from dustjacket.generation.pretrain import is_new_pair
from dustjacket.generation.prior import unit
from dustjacket.generation.schemas import GeneratorEvaluationParameters
from dustjacket.generation.scratch import ScratchGenerator
from dustjacket.generation.step import GeneratorParameters
from dustjacket.generation.train import GeneratorState, fit
from dustjacket.generation.weights import read_weights
from dustjacket.metrics.shares import share_interval
from dustjacket.pretrained.hardware import has_fast_bf16
from dustjacket.sample.drawing import draw_cover
from dustjacket.sample.grammar import (
    SampleBook,
    is_held_out,
    make_book,
)
from dustjacket.splits import book_group, split_of
from tests.benchmarks.measure import STATE
from tests.benchmarks.motif_classifier import Classifier, train_classifier

COUNT, COVERS = int(os.environ.get("N") or 300), int(os.environ.get("COVERS") or 1200)
MINUTES, GUIDANCE = float(os.environ.get("MINUTES") or 3), float(os.environ.get("GUIDANCE") or 2)
STARTS = (os.environ.get("START") or "random,weights").split(",")
SIDE, SHEET = os.environ.get("SIDE") or "test", os.environ.get("SHEET")
_MIN_RIGHT = 0.9
_LEARNT_FROM = 5000
_TIMED_STEPS = 15
Cover = tuple[SampleBook, np.ndarray, np.ndarray]
"""A book, its art as it is drawn, and as the champion sees it."""


def cover(name: str) -> Cover:
    """Return a cover of a training or validation book, the same for the same name."""
    rng = random.Random(name)
    while is_held_out((book := make_book(rng)).title) or is_new_pair(book):
        pass
    return book, *art(book, rng)


def new_title(name: str) -> Cover:
    """Return a cover whose colour and thing no training book has together."""
    rng = random.Random(name)
    while is_held_out((book := make_book(rng)).title) or not is_new_pair(book):
        pass
    return book, *art(book, rng)


def art(book: SampleBook, rng: random.Random) -> tuple[np.ndarray, np.ndarray]:
    """Return the art of a book at the size of the decoder, and at that of the champion."""
    whole = draw_cover(book, rng, text=False).convert("RGB")
    sizes = (BASE, (SIZE, SIZE))
    small, large = (np.asarray(whole.resize(size, Image.Resampling.BOX)) for size in sizes)
    return small, large


def text_of(book: SampleBook) -> str:
    return prompt(book.title, book.author, book.genre.name)


def known_art(covers: list[Cover], clip: Clip) -> tuple[KnownArt, np.ndarray]:
    """Return the conditions of covers, and which of them are learnt from."""
    books = [book for book, *_ in covers]
    groups = np.array([book_group(book.title, book.author) for book in books])
    is_training = np.array([split_of(group) == "train" for group in groups])
    texts = np.stack(
        [
            embed_texts(clip, [prompt(book.title) for book in books]),
            embed_texts(clip, [text_of(book) for book in books]),
        ]
    )
    large = torch.from_numpy(np.stack([image for *_, image in covers])).permute(0, 3, 1, 2)
    small = np.stack([image for _, image, _ in covers])
    return condition_art(small, texts, embed_covers(clip, large), groups, is_training), is_training


def trained(known: KnownArt, clip: Clip, start: str) -> tuple[ScratchGenerator, str]:
    """Return a generator that was trained within the budget, and a note on its training."""
    parameters = GeneratorParameters(precision="bf16" if has_fast_bf16() else "fp32")
    torch.manual_seed(parameters.seed)
    decoder = Decoder(DecoderShape(known.training.conditions.shape[2], parameters.width))
    seen = 0
    if start != "random":
        weights = read_weights(None if start == "weights" else Path(start))
        assert weights, "the package has no starting weights: make generator-weights"
        weights.copy_into(decoder)
        seen = weights.images
    images = 0
    began, wall = time.process_time(), time.monotonic()
    if not start.endswith(".safetensors"):
        fit(copy.deepcopy(decoder), known.training, known.validation, parameters,
            state=GeneratorState(steps=_TIMED_STEPS))  # fmt: skip
        a_step = (time.process_time() - began) / _TIMED_STEPS
        steps = int((60 * MINUTES - _TIMED_STEPS * a_step) / a_step)
        fit(decoder, known.training, known.validation, parameters,
            state=GeneratorState(steps=steps))  # fmt: skip
        images = steps * parameters.batch_size
    taken = f"{time.process_time() - began:.0f} s of a core, {time.monotonic() - wall:.0f} s"
    pictures, steps = known.training.art.numpy(), parameters.sampling_steps
    generator = ScratchGenerator(
        f"bench/{start}", clip, known.conditioner, decoder.eval(), pictures, steps, size=BASE
    )
    return generator, f"{images:,} image-steps after {seen:,}; {taken}"


class Pictures:
    """A generator that returns pictures in the order of the titles."""

    version = "bench/pictures"
    size = BASE

    def __init__(self, pictures: np.ndarray) -> None:
        self._rest = pictures

    def draw(self, requests: Sequence[Request]) -> np.ndarray:
        """Return the next pictures."""
        count = len(requests)
        drawn, self._rest = self._rest[:count], self._rest[count:]
        return drawn


def side(name: str, covers: Sequence[Cover]) -> Side:
    """Return a side of the split, as the judge wants it."""
    rows = [
        {
            "key": f"{name} {number}", "title": book.title, "author": book.author,
            "group": book_group(book.title, book.author), "genre": book.genre.name,
            "known_genre": book.genre.name,
        }
        for number, (book, *_) in enumerate(covers)
    ]  # fmt: skip
    return Side(name, pd.DataFrame(rows), np.stack([image for _, image, _ in covers]))


def row(name: str, pictures: np.ndarray, books: list[SampleBook], classifier: Classifier,
        assessor: Assessor, note: str = "") -> None:  # fmt: skip
    """Print a row of the table."""
    colours, motifs = classifier.named(pictures)
    colour = np.array([book.colour for book in books]) == colours
    motif = np.array([book.motif for book in books]) == motifs
    cells = []
    for hits in (colour, motif, colour & motif):
        low, high = share_interval(hits)
        cells.append(f"{hits.mean():.3f} ({low:.3f} to {high:.3f})")
    found = assessor.assess("test", Pictures(pictures), None)
    within = found.precision[DRAWN].within_genre["recall_at_10"]
    cells.append(f"{within.share:.3f} ({within.low:.3f} to {within.high:.3f})")
    rate, (low, high) = found.near_copies
    cells.append(f"{rate:.3f} ({low:.3f} to {high:.3f})")
    print(f"| {name} | {' | '.join(cells)} | {note} |", flush=True)


def main() -> None:
    """Print the table."""
    began = time.monotonic()
    with ProcessPoolExecutor() as pool:
        covers = list(pool.map(cover, [f"library {n}" for n in range(COVERS)], chunksize=20))
        new = list(pool.map(new_title, [f"{SIDE} {n}" for n in range(COUNT)], chunksize=20))
    classifier = train_classifier(STATE / "generator-sample", _LEARNT_FROM)
    books, real = [book for book, *_ in new], np.stack([image for _, image, _ in new])
    titles = [prompt(book.title, book.author) for book, *_ in covers]
    clip = build_conse(torch.from_numpy(np.stack([image for *_, image in covers[:500]])).permute(
        0, 3, 1, 2), titles[:500])  # fmt: skip
    known, is_training = known_art(covers, clip)
    pictures = known.training.art.numpy()
    near = NearCopies.of(
        [str(n) for n in np.flatnonzero(is_training)], pictures, known.validation.art.numpy()
    )
    sides = {
        "train": side("train", [covers[n] for n in np.flatnonzero(is_training)]),
        "validation": side("validation", [covers[n] for n in np.flatnonzero(~is_training)]),
        "test": side("test", new),
    }
    assessor = Assessor(sides, near, {}, GeneratorEvaluationParameters(seeds=1))
    print(
        f"{len(known.training)} training covers, {COUNT} titles, {time.monotonic() - began:.0f} s"
    )
    print(
        "| pictures | colour | motif | both | R@10 in genre | near copies | training |\n"
        "|---|---|---|---|---|---|---|"
    )
    colours, motifs = classifier.named(real)
    right = (
        np.mean([book.colour == named for book, named in zip(books, colours, strict=True)]),
        np.mean([book.motif == named for book, named in zip(books, motifs, strict=True)]),
    )
    row("real art", real, books, classifier, assessor)
    assert min(right) >= _MIN_RIGHT, "the classifiers are too weak for this measure"
    texts = embed_texts(clip, [text_of(book) for book in books])
    library = embed_texts(clip, [text_of(covers[n][0]) for n in np.flatnonzero(is_training)])
    nearest = (unit(texts) @ unit(library).T).argmax(1)
    row("nearest training cover", pictures[nearest], books, classifier, assessor)
    for start in STARTS:
        generator, note = trained(known, clip, start)
        began = time.monotonic()
        drawn = generator.draw(
            [
                Request(
                    book.title,
                    book.author or "",
                    genre=book.genre.name,
                    seed=number,
                    guidance=GUIDANCE,
                )
                for number, book in enumerate(books)
            ]
        )
        seconds = (time.monotonic() - began) / len(books)
        row(
            f"drawn, from {start}",
            drawn,
            books,
            classifier,
            assessor,
            f"{note}; {seconds:.2f} s each",
        )
        if SHEET:
            write_sheet(drawn[:48], Path(SHEET).with_stem(f"{Path(SHEET).stem}-{start}"))


def write_sheet(pictures: np.ndarray, file: Path, columns: int = 12, scale: int = 2) -> None:
    """Write pictures as a small JPEG."""
    width, height = (scale * side + 4 for side in BASE)
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * width, rows * height), "white")
    for number, picture in enumerate(pictures):
        image = Image.fromarray(picture).resize((width - 4, height - 4), Image.Resampling.BICUBIC)
        sheet.paste(image, (number % columns * width, number // columns * height))
    sheet.save(file, quality=80)


if __name__ == "__main__":
    main()
