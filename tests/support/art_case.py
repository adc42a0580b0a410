"""Art that shows what its title names, and generators whose pictures are known beforehand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dustjacket.generation.generator import Request
from dustjacket.generation.judge import NETWORK_FEATURES
from dustjacket.generation.library import JUDGED, Side
from dustjacket.generation.near_copies import NearCopies

COLOURS = {
    "Red": (214, 40, 40), "Golden": (240, 190, 40), "Emerald": (20, 160, 90),
    "Blue": (45, 110, 220), "Violet": (140, 70, 200), "White": (250, 250, 245),
}  # fmt: skip
PLACES = ("North", "East", "South", "West", "Centre", "Shore", "Cave", "Peak")
"""Where the box of the title's colour stands."""
GENRES = {"Romance": 230, "History": 90}
"""Grey level of the ground."""


def _draw(colour: str, place: str, genre: str, rng: np.random.Generator) -> np.ndarray:
    art = np.full((JUDGED[1], JUDGED[0], 3), GENRES[genre], np.uint8)
    for _ in range(6):  # what no title names
        top, left = rng.integers(0, 66), rng.integers(0, 42)
        grey = rng.integers(0, 256)
        art[top : top + rng.integers(3, 9), left : left + rng.integers(3, 9)] = grey
    row, column = divmod(PLACES.index(place), 2)
    top, left = 2 + 18 * row + rng.integers(0, 3), 2 + 24 * column + rng.integers(0, 3)
    art[top : top + 14, left : left + 18] = COLOURS[colour]
    return art


def _side(name: str, count: int, seed: int) -> Side:
    rng = np.random.default_rng(seed)
    rows, art = [], []
    for number in range(count):
        colour, place = rng.choice(list(COLOURS)), rng.choice(PLACES)
        genre = rng.choice(list(GENRES))
        key = f"{name} {number:03d}"
        rows.append((key, f"The {colour} House of the {place}, {genre} {number}", genre))
        art.append(_draw(colour, place, genre, rng))
    books = pd.DataFrame(rows, columns=["key", "title", "genre"])
    books = books.assign(author=None, group=books["key"], known_genre=books["genre"])
    return Side(name, books.assign(sha256=books["key"]), np.stack(art))


def sides(train: int = 400, validation: int = 120, test: int = 120) -> dict[str, Side]:
    """Return three sides of a library."""
    counts = {"train": train, "validation": validation, "test": test}
    return {name: _side(name, count, seed) for seed, (name, count) in enumerate(counts.items())}


def near_copies_of(library: dict[str, Side]) -> NearCopies:
    train = library["train"]
    return NearCopies.of(list(train.books["key"]), train.art, library["validation"].art)


def quick_features(art: np.ndarray) -> np.ndarray:
    """Return the pixels of small versions, as many values as the judge's features, in no time."""
    small = art.reshape(len(art), 24, 3, 16, 3, 3).mean(axis=(2, 4)).reshape(len(art), -1)
    features = np.zeros((len(art), NETWORK_FEATURES + 144), np.float32)
    features[:, : small.shape[1]] = small / 255
    return features


@dataclass(frozen=True)
class Fake:
    """A generator that looks up what it draws.

    Attributes:
        picture: from a request to (height, width, 3) pixels.
    """

    picture: Callable[[Request], np.ndarray]
    version: str = "generator_candidate/fake"
    size: tuple[int, int] = JUDGED

    def draw(self, requests: Sequence[Request]) -> np.ndarray:
        return np.stack([self.picture(request) for request in requests])


def fakes(library: dict[str, Side]) -> dict[str, Fake]:
    """Return generators by what they draw."""
    train = library["train"]
    test = library["test"]
    real = dict(zip(test.titles, test.art, strict=True))
    means = {
        genre: train.art[train.books["genre"] == genre].mean(axis=0).astype(np.uint8)
        for genre in GENRES
    }
    trained: dict[str, np.ndarray] = {}
    for title, picture in zip(train.titles, train.art, strict=True):
        trained.setdefault(_named(title), picture)
    shuffled = dict(zip(real, np.roll(list(real.values()), 7, axis=0), strict=True))

    def noisy(picture: np.ndarray, seed: int) -> np.ndarray:
        noise = np.random.default_rng(seed).integers(-6, 7, picture.shape)
        return np.clip(picture.astype(int) + noise, 0, 255).astype(np.uint8)

    def flat(request: Request) -> np.ndarray:
        colour = COLOURS[request.title.split()[1]]
        return np.broadcast_to(np.array(colour, np.uint8), (JUDGED[1], JUDGED[0], 3)).copy()

    return {
        "real art": Fake(lambda request: noisy(real[request.title], request.seed)),
        "mean of the genre": Fake(lambda request: noisy(means[request.genre], request.seed)),
        "training art": Fake(lambda request: trained.get(_named(request.title), train.art[0])),
        "shuffled": Fake(lambda request: noisy(shuffled[request.title], request.seed)),
        "coloured rectangles": Fake(flat),
    }


def _named(title: str) -> str:
    """Return what a title names: a book of the training side has the same."""
    return " ".join(title.split()[:7])
