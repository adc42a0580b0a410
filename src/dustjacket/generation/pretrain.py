"""Make the decoder's starting weights: train it on covers of the sample's kind that no sample has.

``make generator-weights`` draws the covers once, trains, and goes on where it was stopped. The
covers leave out held-out words, books of the test side, every title of the test side of the usual
sample, and one in nine pairs of colour and motif (:func:`is_new_pair`), with which it is measured
whether a generator composes what it has never seen together.
"""

import argparse
import json
import os
import random
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save

from dustjacket.clip.checkpoints import Checkpoint
from dustjacket.clip.conse import SIZE, build_conse
from dustjacket.clip.embed import embed_texts
from dustjacket.clip.prompts import VARIANTS, prompt
from dustjacket.generation.batches import ConditionedArt
from dustjacket.generation.network import BASE, Decoder, DecoderShape
from dustjacket.generation.step import GeneratorParameters
from dustjacket.generation.train import GeneratorState, fit
from dustjacket.generation.weights import FILE, StartingWeights, write_weights
from dustjacket.identity.text import normalise
from dustjacket.pretrained.hardware import has_fast_bf16
from dustjacket.sample import DEFAULT_COVERS, DEFAULT_SEED, cover_books
from dustjacket.sample.drawing import draw_cover
from dustjacket.sample.grammar import (
    TRAINING_COLOURS,
    TRAINING_MOTIFS,
    SampleBook,
    is_held_out,
    make_book,
)
from dustjacket.settings import home
from dustjacket.splits import book_group, split_of
from dustjacket.storage.host import new_file

_NEW_PAIRS = 9
_CHUNK = 50
_VALIDATION = 64
"""Covers that are not learnt from."""
_CHECKPOINT_STEPS = 50
RECIPE = {"learning_rate": 2e-3, "warmup": 0.005}
Row = tuple[np.ndarray, str, str, str]
"""Art, title, author and genre of a cover."""


def is_new_pair(book: SampleBook) -> bool:
    """Return whether no cover that starting weights have seen has the book's colour and motif."""
    colour, motif = TRAINING_COLOURS.index(book.colour), TRAINING_MOTIFS.index(book.motif)
    return (colour + motif) % _NEW_PAIRS == 0


def barred_titles() -> frozenset[str]:
    """Return the titles on the test side of the usual sample, normalised."""
    return frozenset(
        normalise(title)
        for title, author in cover_books(DEFAULT_COVERS, DEFAULT_SEED)
        if split_of(book_group(title, author)) == "test"
    )


def draw_row(number: int, barred: frozenset[str]) -> Row:
    """Return a cover without text, the same for the same number."""
    rng = random.Random(f"art {number}")  # noqa: S311
    while True:
        book = make_book(rng)
        if not (
            is_held_out(book.title)
            or is_new_pair(book)
            or normalise(book.title) in barred
            or split_of(book_group(book.title, book.author)) == "test"
        ):
            break
    art = draw_cover(book, rng, text=False).convert("RGB").resize(BASE, Image.Resampling.BOX)
    return np.asarray(art), book.title, book.author or "", book.genre.name


class _DrawRow:
    """:func:`draw_row` of a number, for a process."""

    def __init__(self) -> None:
        self.barred = barred_titles()

    def __call__(self, number: int) -> Row:
        return draw_row(number, self.barred)


def draw_covers(count: int, file: Path) -> dict[str, np.ndarray]:
    """Return ``count`` covers and their books, as ``art``, ``title``, ``author`` and ``genre``.

    They are kept in ``file``; more of them are drawn after those that are there.
    """
    kept: dict[str, np.ndarray] = dict(np.load(file)) if file.is_file() else {}
    begun = len(kept["art"]) if kept else 0
    if begun >= count:
        return {name: values[:count] for name, values in kept.items()}
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        rows = list(pool.map(_DrawRow(), range(begun, count), chunksize=_CHUNK))
    columns = zip(("art", "title", "author", "genre"), zip(*rows, strict=True), strict=True)
    drawn = {name: np.stack(values) for name, values in columns}
    both = {name: np.concatenate([kept[name], drawn[name]]) if kept else drawn[name]
            for name in drawn}  # fmt: skip
    with new_file(file) as opened:
        np.savez(opened, **both)  # type: ignore[arg-type]
    return both


def embed_titles(covers: dict[str, np.ndarray], file: Path) -> np.ndarray:
    """Return the (1, n, T) conditions of covers: standardised embeddings of their prompts.

    Each cover has one of the prompts of :func:`dustjacket.clip.prompts.prompt_variants`, chosen by
    chance. They are kept in ``file``.
    """
    count = len(covers["title"])
    if file.is_file() and len(kept := np.load(file)) == count:
        embedded = kept
    else:
        books = list(zip(covers["title"], covers["author"], covers["genre"], strict=True))
        variants = np.random.default_rng(count).integers(VARIANTS, size=count)
        texts = [
            prompt(title, author if variant & 1 else None, genre if variant & 2 else None)
            for (title, author, genre), variant in zip(books, variants, strict=True)
        ]
        titles = [prompt(title, author or None) for title, author, _ in books[:500]]
        encoder = build_conse(torch.empty(0, 3, SIZE, SIZE, dtype=torch.uint8), titles)
        embedded = embed_texts(encoder, texts)
        np.save(file, embedded)
    centred = embedded - embedded.mean(0)
    conditions: np.ndarray = (centred / centred.std())[None].astype(np.float32)
    return conditions


class FileCheckpoints:
    """Keeps the newest checkpoint in a file, and writes its averaged weights."""

    def __init__(self, file: Path, shape: DecoderShape, batch_size: int, weights: Path) -> None:
        self.file, self.shape, self.batch_size, self.weights = file, shape, batch_size, weights

    def read(self, steps: int) -> Checkpoint | None:
        """Return the newest checkpoint, if there is one, for a training to ``steps`` steps."""
        if not self.file.is_file():
            return None
        parts: dict[str, dict[str, torch.Tensor]] = {"weights": {}, "moments": {}, "best": {}}
        with safe_open(self.file, "pt") as opened:
            kept = json.loads(opened.metadata()["state"])
            state = GeneratorState(**(kept | {"steps": steps}))
            for name in opened.keys():  # noqa: SIM118
                part, _, rest = name.partition("/")
                parts[part][rest] = opened.get_tensor(name)
        return Checkpoint(state, **parts)

    def write(self, checkpoint: Checkpoint, *, last: bool = False) -> None:  # noqa: ARG002
        """Keep a checkpoint in place of the one before, and write its averaged weights."""
        tensors = {
            f"{part}/{name}": tensor
            for part in ("weights", "moments", "best")
            for name, tensor in getattr(checkpoint, part).items()
        }
        with new_file(self.file) as opened:
            opened.write(save(tensors, {"state": json.dumps(asdict(checkpoint.state))}))
        images = checkpoint.state.step * self.batch_size
        write_weights(StartingWeights(self.shape, images, checkpoint.best), self.weights)


def pretrain(
    folder: Path, covers: int, steps: int, weights: Path, parameters: GeneratorParameters
) -> None:
    """Train on ``covers`` covers to ``steps`` steps in all, from the checkpoint in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = draw_covers(covers, folder / "covers.npz")
    conditions = torch.from_numpy(embed_titles(drawn, folder / "titles.npy"))
    art = torch.from_numpy(drawn["art"])
    references = torch.zeros(len(art), 1, dtype=torch.long)  # none is seen
    validation, training = (
        ConditionedArt(art[rows], conditions[:, rows], references[rows])
        for rows in (slice(_VALIDATION), slice(_VALIDATION, None))
    )
    shape = DecoderShape(conditions.shape[2], parameters.width)
    checkpoints = FileCheckpoints(
        folder / "checkpoint.safetensors", shape, parameters.batch_size, weights
    )
    torch.manual_seed(parameters.seed)
    decoder = Decoder(shape)
    decoder.even_out(conditions[0])
    result = fit(
        decoder, training, validation, parameters, checkpoints=checkpoints,
        resume=checkpoints.read(steps), state=GeneratorState(steps=steps),
    )  # fmt: skip
    print(f"trained {result.steps} steps: {result}; its weights are in {weights}")


def main() -> None:
    """Read the arguments of ``make generator-weights`` and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--covers", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=30_000, help="of the whole training")
    given = parser.parse_args()
    parameters = GeneratorParameters(
        precision="bf16" if has_fast_bf16() else "fp32",
        reference_share=0,
        checkpoint_steps=_CHECKPOINT_STEPS,
        **RECIPE,
    )
    folder = home() / "generator-weights"
    pretrain(folder, given.covers, given.steps, folder / FILE.name, parameters)


if __name__ == "__main__":
    main()
