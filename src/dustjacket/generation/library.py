"""The covers of an evaluation: textless art, titles and genres of each side of the split."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dustjacket.evaluation.covers import (
    group_codes,
    read_books,
    read_genre_names,
    with_genres,
)
from dustjacket.generation.generator import Request
from dustjacket.generation.schemas import GeneratorEvaluationParameters
from dustjacket.generation.textless import textless_art
from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.parents import parent_of
from dustjacket.storage.store import Store

JUDGED = (48, 72)
"""Width and height at which all art is measured, in pixels: that of the smallest decoder.

Real art is reduced to it too: otherwise its sharpness would distinguish it from drawn art.
"""


@dataclass(frozen=True)
class Side:
    """Some covers of one side of the split.

    Attributes:
        name: train, validation or test.
        books: N rows of labels, with ``known_genre``.
        art: (N, height, width, 3) 8-bit textless art of the size ``JUDGED``.
    """

    name: str
    books: pd.DataFrame
    art: np.ndarray

    @property
    def titles(self) -> list[str]:
        """The N titles."""
        return list(self.books["title"])

    @property
    def groups(self) -> np.ndarray:
        """(N,) the code of each cover's book group."""
        return group_codes(self.books)

    def requests(self, seed: int) -> list[Request]:
        """Return what is drawn for each title with one seed; the genre is the predicted one."""
        return [
            Request(title=title, author=author or "", genre=genre, seed=seed)
            for title, author, genre in zip(
                self.books["title"], self.books["author"], self.books["genre"], strict=True
            )
        ]


def read_sides(
    store: Store, labels: Manifest, parameters: GeneratorEvaluationParameters
) -> dict[str, Side]:
    """Return a random sample of each side, by its name.

    Covers that cannot be decoded are left out, and those whose rights holder reserves mining.
    """
    covers = parent_of(store, labels, Kind.COVERS)
    books = read_books(store, labels)
    books = with_genres(books, read_genre_names(store, labels, books))
    limits = {"train": parameters.training_covers}
    sides = {}
    for name in ("train", "validation", "test"):
        rows = books[books["split"] == name]
        count = min(len(rows), limits.get(name, parameters.titles))
        rows = rows.sample(count, random_state=parameters.seed).sort_values("position")
        readable, art = textless_art(store, covers, rows, JUDGED)
        sides[name] = Side(name, readable.reset_index(drop=True), art)
    return sides


def genre_codes(*sides: Side) -> list[np.ndarray]:
    """Return the codes of the known genres of each side's covers, the same for all sides."""
    codes = pd.factorize(pd.concat([side.books["known_genre"] for side in sides]))[0]
    return np.split(codes, np.cumsum([len(side.books) for side in sides])[:-1])
