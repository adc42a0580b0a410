"""The pictures of a candidate beside others for the same titles, measured by a judge."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from dustjacket.clip.embed import embed_texts
from dustjacket.clip.prompts import query_prompts
from dustjacket.clip.read import load_version
from dustjacket.generation.generator import Generator
from dustjacket.generation.judge import (
    NETWORK_FEATURES,
    Judge,
    picture_features,
    title_features,
    train_judge,
)
from dustjacket.generation.library import JUDGED, Side, genre_codes
from dustjacket.generation.measures import (
    Precision,
    TitleGallery,
    compare,
    copying,
    diversity,
    kid,
    kid_difference,
    kid_interval,
    measure_precision,
)
from dustjacket.generation.near_copies import NearCopies, Nearest
from dustjacket.generation.schemas import GeneratorEvaluationParameters
from dustjacket.metrics.bootstrap import Interval
from dustjacket.metrics.paired import PairedOutcome
from dustjacket.metrics.shares import share_interval
from dustjacket.retrieval.read import model_of, newest_index_of, read_embeddings
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)

DRAWN, REAL, RETRIEVED = "drawn", "real art", "nearest training cover"
GENRE_MEAN, FLAT, SHUFFLED = "mean of the genre", "mean colour of each picture", "shuffled titles"
FLOOR, SERVING = "real art of the training side", "serving generator"
SHOWN = 12
"""Titles of the contact sheet."""
_REQUESTS = 32


@dataclass(frozen=True)
class Assessment:
    """What is measured of a candidate's pictures for one side's titles.

    Attributes:
        side: the titles, with their real art.
        pictures: (S, N, height, width, 3) drawn art of the size that is measured, by seed.
        shown: (S, some, height, width, 3) the first titles' art as it was drawn.
        precision: R-precision by name of the pictures.
        ceilings: the judge's recall@10 of real art, by side.
        fits, shows: see :class:`~dustjacket.generation.gate.GeneratorGateInput`.
        kids: kernel inception distance to real art, with 95 % interval, by name.
        kid_difference: see :class:`~dustjacket.generation.gate.GeneratorGateInput`.
        varies: :func:`diversity` of the drawn pictures, and of different real covers.
        nearest: the nearest training cover of each of S x N pictures.
        near_copies: share of near copies, and its 95 % interval.
        copying: of :func:`~dustjacket.generation.measures.copying`.
        seconds: of drawing.
    """

    side: Side
    pictures: np.ndarray
    shown: np.ndarray
    precision: dict[str, Precision]
    ceilings: dict[str, float]
    fits: PairedOutcome
    shows: PairedOutcome
    kids: dict[str, tuple[float, Interval]]
    kid_difference: Interval | None
    varies: dict[str, float]
    nearest: Nearest
    near_copies: tuple[float, Interval]
    copying: tuple[float, float]
    seconds: float

    def facts(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        rate, interval = self.near_copies
        nearer, p = self.copying
        return {
            "side": self.side.name,
            "judge": self.ceilings,
            "precision": {name: found.facts() for name, found in self.precision.items()},
            "kid": {
                name: {"kid": value, "interval": list(ends)}
                for name, (value, ends) in self.kids.items()
            },
            "diversity": self.varies,
            "near_copies": {
                "rate": rate, "interval": list(interval), "nearer_than_held_out": nearer, "p": p,
            },
        }  # fmt: skip


class Assessor:
    """Measures generators against the same judge, trained once."""

    def __init__(
        self,
        sides: Mapping[str, Side],
        near_copies: NearCopies,
        retrieved: Mapping[str, np.ndarray],
        parameters: GeneratorEvaluationParameters,
    ) -> None:
        """Train the judge on the training side.

        Args:
            sides: train, validation and test.
            retrieved: by side, (N,) rows of the training covers that :func:`retrieve` finds.
        """
        self._sides, self._near_copies, self._retrieved = sides, near_copies, retrieved
        self._parameters = parameters
        self._features = {name: picture_features(side.art) for name, side in sides.items()}
        self._titles = {name: title_features(side.titles) for name, side in sides.items()}
        train = sides["train"]
        log.info("training the judge on %d covers", len(train.books))
        self._judge: Judge = train_judge(
            self._features["train"], self._titles["train"], parameters.seed
        )
        codes = genre_codes(*sides.values())
        self._genres = dict(zip(sides, codes, strict=True))

    def gallery(self, name: str) -> TitleGallery:
        """Return the titles of one side."""
        titles = self._judge.embed_titles(self._titles[name])
        return TitleGallery(titles, self._genres[name], self._sides[name].groups)

    def ceilings(self) -> dict[str, float]:
        """Return the judge's recall@10 of real art among all titles, by side."""
        found = {}
        for name in ("validation", "test"):
            real = self._embed(self._features[name][None])
            hits = self.gallery(name).hits(real, 10)
            found[name] = float(hits.mean()) if len(hits) else 0.0
        return found

    def assess(self, name: str, candidate: Generator, serving: Generator | None) -> Assessment:
        """Draw for one side's titles, and measure."""
        side, parameters = self._sides[name], self._parameters
        started = time.monotonic()
        drawn = [draw(candidate, side, seed) for seed in range(parameters.seeds)]
        seconds = time.monotonic() - started
        pictures = np.stack([pictures for pictures, _ in drawn])
        log.info("%d pictures drawn in %.0f s", pictures.shape[0] * pictures.shape[1], seconds)
        features = self._compared(side, pictures)
        embedded = {named: self._embed(values) for named, values in features.items()}
        gallery, own = self.gallery(name), features[DRAWN][0]
        kids = {DRAWN: own, FLOOR: self._features["train"]}
        if serving:
            kids[SERVING] = picture_features(draw(serving, side, 0)[0])
        real = _of_network(self._features[name])
        resampling = {"resamples": parameters.resamples, "seed": parameters.seed}
        nearest = self._near_copies.nearest(pictures.reshape(-1, *pictures.shape[2:]))
        copies = nearest.copies.reshape(pictures.shape[:2]).mean(axis=0)
        return Assessment(
            side=side,
            pictures=pictures,
            shown=np.stack([shown for _, shown in drawn]),
            precision={
                named: measure_precision(gallery, found) for named, found in embedded.items()
            },
            ceilings=self.ceilings(),
            fits=compare(gallery, embedded[DRAWN], embedded[GENRE_MEAN], 10),
            shows=compare(gallery, embedded[DRAWN][:1], embedded[FLAT], 1),
            kids={
                named: (
                    kid(_of_network(values), real),
                    kid_interval(_of_network(values), real, **resampling),
                )
                for named, values in kids.items()
            },
            kid_difference=kid_difference(
                _of_network(own), _of_network(kids[SERVING]), real, **resampling
            ) if serving else None,
            varies={
                "one title": diversity(embedded[DRAWN]),
                "different real covers": diversity(embedded[REAL][0][:, None]),
            },
            nearest=nearest,
            near_copies=(
                float(copies.mean()) if len(copies) else 0.0, share_interval(copies, side.groups),
            ),
            copying=copying(nearest.cosines, self._near_copies.nearest(side.art).cosines),
            seconds=seconds,
        )  # fmt: skip

    def _compared(self, side: Side, pictures: np.ndarray) -> dict[str, np.ndarray]:
        """Return (S, N, features) of the drawn pictures, and of what stands beside them."""
        train, genres = self._sides["train"], self._genres[side.name]
        drawn = np.stack([picture_features(each) for each in pictures])
        means = _genre_means(train.art, self._genres["train"], int(genres.max(initial=0)) + 1)
        flat = np.broadcast_to(
            pictures[0].mean(axis=(1, 2), keepdims=True).round().astype(np.uint8), pictures[0].shape
        )
        order = np.random.default_rng(self._parameters.seed).permutation(len(side.books))
        compared = {
            DRAWN: drawn,
            REAL: self._features[side.name][None],
            GENRE_MEAN: picture_features(means)[genres][None],
            FLAT: picture_features(flat)[None],
            SHUFFLED: drawn[:, order],
        }
        if side.name in self._retrieved:
            compared[RETRIEVED] = self._features["train"][self._retrieved[side.name]][None]
        return compared

    def _embed(self, features: np.ndarray) -> np.ndarray:
        """Return (S, N, D) embeddings of (S, N, features)."""
        flat = self._judge.embed_pictures(features.reshape(-1, features.shape[-1]))
        embedded: np.ndarray = flat.reshape(*features.shape[:2], -1)
        return embedded


def draw(generator: Generator, side: Side, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the (N, height, width, 3) pictures of a side's titles for one seed, as measured.

    The second array has the pictures of the first ``SHOWN`` titles, as they were drawn.
    """
    requests, (width, height) = side.requests(seed), JUDGED
    pictures = np.empty((len(requests), height, width, 3), np.uint8)
    shown = []
    for start in range(0, len(requests), _REQUESTS):
        for row, drawn in enumerate(generator.draw(requests[start : start + _REQUESTS]), start):
            reduced = Image.fromarray(drawn).resize(JUDGED, Image.Resampling.BOX)
            pictures[row] = np.asarray(reduced)
            if row < SHOWN:
                shown.append(drawn)
    return pictures, np.stack(shown) if shown else pictures[:0]


def retrieve(store: Store, champion: Manifest, sides: Mapping[str, Side]) -> dict[str, np.ndarray]:
    """Return the row of the training cover that the search finds first for each title, by side.

    Empty if the champion has no cover index yet.
    """
    index = newest_index_of(store, champion)
    if index is None:
        log.warning("%s has no cover index: retrieval is not measured", champion.version)
        return {}
    hashes, vectors = read_embeddings(store, index)
    position = pd.Series(range(len(hashes)), index=hashes)
    position = position[~position.index.duplicated()]
    train = sides["train"].books["sha256"]
    known = np.flatnonzero(train.isin(position.index).to_numpy())
    if not len(known):
        return {}
    covers = vectors[position[train.iloc[known]].to_numpy()]
    clip = load_version(store, model_of(store, index))
    return {
        name: known[(embed_texts(clip, query_prompts(side.books)) @ covers.T).argmax(axis=1)]
        for name, side in sides.items()
        if name != "train" and len(side.books)
    }


def _of_network(features: np.ndarray) -> np.ndarray:
    return features[:, :NETWORK_FEATURES]


def _genre_means(art: np.ndarray, genres: np.ndarray, count: int) -> np.ndarray:
    """Return (count, height, width, 3) the mean art of each genre; of all art where it has none."""
    means = np.empty((count, *art.shape[1:]), np.uint8)
    for code in range(count):
        own = genres == code
        means[code] = (art[own] if own.any() else art).mean(axis=0).round()
    return means
