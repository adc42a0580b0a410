"""Pairs of pictures that people compare without knowing which of them was drawn."""

import io
import random
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image
from starlette.exceptions import HTTPException

from dustjacket.errors import NotReadyError
from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

if TYPE_CHECKING:
    from dustjacket.generation.blind_pictures import BlindPictures

Side = Literal["left", "right"]
Choice = Literal["left", "right", "neither"]
_SHOWN = (192, 288)
_MAX_OPEN = 1000
"""Pairs that wait for a vote; the oldest go first."""


@dataclass(frozen=True)
class BlindPair:
    """Two pictures for one title, one of which the generator drew.

    Attributes:
        token: names the pair; it says nothing about which is which.
        generator: ``<kind>/<version>`` that drew.
        other: source of the other picture: real, or retrieved.
        images: PNG files by side.
    """

    token: str
    caller: str
    title: str
    generator: str
    other: str
    drawn: Side
    images: dict[Side, bytes]

    def vote(self, choice: Choice) -> Literal[1, 0, -1]:
        """Return 1 if the drawn picture is chosen, -1 if the other is, and 0 for neither."""
        if choice == "neither":
            return 0
        return 1 if choice == self.drawn else -1


class BlindPairs:
    """Deals pairs of the newest evaluation's pictures, and keeps them until their vote."""

    def __init__(self, store: Store) -> None:
        """Read nothing yet."""
        self._store = store
        self._random = random.SystemRandom()
        self._open: OrderedDict[str, BlindPair] = OrderedDict()
        self._lock = Lock()

        @lru_cache(1)
        def read(manifest: Manifest) -> "tuple[BlindPictures | None, str]":
            from dustjacket.generation.blind_pictures import read_blind_pictures

            with self._lock:
                self._open.clear()  # a book of a pair may have been erased
            candidate = manifest.parents.get(Kind.GENERATOR_CANDIDATE, "")
            return read_blind_pictures(store, manifest), f"{Kind.GENERATOR_CANDIDATE}/{candidate}"

        self._read = read

    def deal(self, caller: str) -> BlindPair:
        """Return a pair for a caller.

        Raises:
            NotReadyError: no evaluation has pictures.
            CorruptVersionError: they cannot be read.
        """
        newest = self._store.newest(Kind.GENERATOR_EVALUATION)
        kept, generator = self._read(newest) if newest else (None, "")
        if kept is None or not len(kept.titles):
            raise NotReadyError(
                "there are no pictures to compare yet: run the DAG evaluate_generator"
            )
        row = self._random.randrange(len(kept.titles))
        other = self._random.choice([name for name in kept.pictures if name != "drawn"])
        drawn: Side = self._random.choice(("left", "right"))
        opposite: Side = "right" if drawn == "left" else "left"
        images = {
            drawn: _png(kept.pictures["drawn"][row]),
            opposite: _png(kept.pictures[other][row]),
        }
        pair = BlindPair(
            secrets.token_urlsafe(16), caller, kept.titles[row], generator, other, drawn, images
        )
        with self._lock:
            self._open[pair.token] = pair
            if len(self._open) > _MAX_OPEN:
                self._open.popitem(last=False)
        return pair

    def find(self, caller: str, token: str) -> BlindPair:
        """Return a pair that was dealt to a caller.

        Raises:
            HTTPException: with status 404: it is not known, or has its vote.
        """
        pair = self._open.get(token)
        if pair is None or pair.caller != caller:
            raise HTTPException(404, "this pair is not open any more: take another")
        return pair

    def close(self, caller: str, token: str) -> BlindPair:
        """Return a pair and forget it, so that it gets one vote; see :meth:`find`."""
        with self._lock:
            pair = self.find(caller, token)
            del self._open[token]
        return pair


def _png(picture: np.ndarray) -> bytes:
    body = io.BytesIO()
    Image.fromarray(picture).resize(_SHOWN, Image.Resampling.LANCZOS).save(body, "PNG")
    return body.getvalue()
