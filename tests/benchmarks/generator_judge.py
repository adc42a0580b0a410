"""What the judge of cover generators makes of pictures whose worth is known.

Art of the sample's books is drawn without text. The judge learns from the training side as in
``evaluate_generator``; "generators" that return known pictures for the test titles are measured.
Intervals are at 95 %, by book group. ``N`` books (1100).
"""

import os
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pandas as pd
from PIL import Image, ImageFilter

from dustjacket.generation.assess import DRAWN, GENRE_MEAN, Assessor
from dustjacket.generation.evaluate import gate_input
from dustjacket.generation.gate import decide_generator
from dustjacket.generation.generator import Request
from dustjacket.generation.library import JUDGED, Side
from dustjacket.generation.measures import Share
from dustjacket.generation.near_copies import NearCopies
from dustjacket.generation.schemas import GeneratorEvaluationParameters
from dustjacket.sample.drawing import draw_cover
from dustjacket.sample.grammar import make_book
from dustjacket.splits import book_group, split_of

COUNT = int(os.environ.get("N") or 1100)
_BLUR = 3  # pixels
Picture = Callable[[Request], np.ndarray]


class Known:
    """A generator that returns a known picture for a title."""

    version = "known/pictures"
    size = JUDGED

    def __init__(self, picture: Picture) -> None:
        self._picture = picture

    def draw(self, requests: Sequence[Request]) -> np.ndarray:
        """Return the pictures of the requests."""
        return np.stack([self._picture(request) for request in requests])


def drawn(seed: int) -> tuple[dict[str, str], np.ndarray]:
    """Return a book and its art without text, as it is judged."""
    book = make_book(random.Random(f"judge {seed}"))
    art = draw_cover(book, random.Random(seed), text=False).resize(JUDGED, Image.Resampling.BOX)
    group = book_group(book.title, book.author)
    row = {
        "key": str(seed), "title": book.title, "author": book.author, "group": group,
        "genre": book.genre.name, "known_genre": book.genre.name, "split": split_of(group),
    }  # fmt: skip
    return row, np.asarray(art)


def known_pictures(sides: dict[str, Side]) -> dict[str, Picture]:
    """Return what each kind of known picture is for a request."""
    test, train = sides["test"], sides["train"]
    real = dict(zip(test.titles, test.art, strict=True))
    others = dict(zip(test.titles, np.roll(test.art, len(test.art) // 2, axis=0), strict=True))

    def blurred(request: Request) -> np.ndarray:
        picture = Image.fromarray(real[request.title])
        return np.asarray(picture.filter(ImageFilter.GaussianBlur(_BLUR)))

    def of_the_genre(request: Request) -> np.ndarray:
        same = np.flatnonzero((train.books["genre"] == request.genre).to_numpy())
        rows = same if len(same) else np.arange(len(train.books))
        picture: np.ndarray = train.art[rows[len(request.title) % len(rows)]]
        return picture

    def plain(request: Request) -> np.ndarray:
        colour = real[request.title].mean(axis=(0, 1)).astype(np.uint8)
        return np.broadcast_to(colour, (JUDGED[1], JUDGED[0], 3)).copy()

    return {
        "real art": lambda request: real[request.title],
        f"real art, blurred by {_BLUR} pixels": blurred,
        "real art of other titles": lambda request: others[request.title],
        "training art of the same genre": of_the_genre,
        "mean colour of the real art": plain,
    }


def shown(share: Share) -> str:
    """Return a share with its interval."""
    return f"{share.share:.3f} ({share.low:.3f} to {share.high:.3f})"


def main() -> None:
    """Print a row for each kind of picture."""
    with ProcessPoolExecutor() as pool:
        rows, art = zip(*pool.map(drawn, range(COUNT), chunksize=20), strict=True)
    books, pictures = pd.DataFrame(rows), np.stack(art)
    sides = {}
    for name in ("train", "validation", "test"):
        own = (books["split"] == name).to_numpy()
        sides[name] = Side(name, books[own].reset_index(drop=True), pictures[own])
    train, parameters = sides["train"], GeneratorEvaluationParameters(seeds=1)
    copies = NearCopies.of(list(train.books["key"]), train.art, sides["validation"].art)
    began = time.monotonic()
    assessor = Assessor(sides, copies, {}, parameters)
    counts = f"{len(train.books)} training covers, {len(sides['test'].books)} test titles"
    print(f"{counts}; judge ready after {time.monotonic() - began:.0f} s")
    print("| pictures | R@10 | in genre, R@10 | in genre, R@1 | near copies | KID | verdict |")
    print("|---|---|---|---|---|---|---|")
    for name, picture in known_pictures(sides).items():
        found = assessor.assess("test", Known(picture), None)
        decision = decide_generator(gate_input(found, 0, ()), parameters)
        of, (rate, (low, high)), (kid, ends) = (
            found.precision[DRAWN], found.near_copies, found.kids[DRAWN],
        )  # fmt: skip
        within = of.within_genre
        print(
            f"| {name} | {shown(of.all_titles['recall_at_10'])} | {shown(within['recall_at_10'])} "
            f"| {shown(within['recall_at_1'])} | {rate:.3f} ({low:.3f} to {high:.3f}) "
            f"| {kid:.3f} ({ends[0]:.3f} to {ends[1]:.3f}) | {decision.verdict} |",
            flush=True,
        )
    mean = found.precision[GENRE_MEAN]
    print(
        f"| mean of the genre's training art | {shown(mean.all_titles['recall_at_10'])} "
        f"| {shown(mean.within_genre['recall_at_10'])} "
        f"| {shown(mean.within_genre['recall_at_1'])} | | | |"
    )


if __name__ == "__main__":
    main()
