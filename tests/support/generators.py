"""A generator of cover art for tests: it draws at once, and the same for the same request."""

import hashlib
import io
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

import numpy as np
from PIL import Image

from dustjacket.errors import NotReadyError
from dustjacket.generation.blind_pictures import FILE, BlindPictures
from dustjacket.generation.concepts import Artist, ConceptTools, Gallery
from dustjacket.generation.generator import Request
from dustjacket.generation.near_copies import NearCopies
from dustjacket.storage.manifest import version_name
from dustjacket.storage.store import Store
from tests.support.studio_case import COVERS, loaded_index


class DrawnGenerator:
    """Draws two fields of colours that the request decides."""

    version = "cover_generator/test-1"
    size = (96, 144)

    def draw(self, requests: Sequence[Request]) -> np.ndarray:
        return np.stack([self._one(request) for request in requests])

    def _one(self, request: Request) -> np.ndarray:
        seed = int.from_bytes(hashlib.sha256(repr(request).encode()).digest()[:8], "big")
        rng = np.random.default_rng(seed)
        width, height = self.size
        art = np.empty((height, width, 3), np.uint8)
        art[:] = rng.integers(0, 255, 3)
        art[rng.integers(height // 3, height) :] = rng.integers(0, 255, 3)
        return art


class CopyingGenerator(DrawnGenerator):
    """Draws real covers, as a generator does that has learnt them by heart."""

    def _one(self, request: Request) -> np.ndarray:
        art: np.ndarray = training_art()[request.seed % COVERS]
        return art


@lru_cache
def training_art() -> np.ndarray:
    """Return the real covers at the size of the generators."""
    index = loaded_index()
    pictures = []
    for row in range(COVERS):
        body = index.read_image(f"{row:08d}")
        assert body
        with Image.open(io.BytesIO(body)) as cover:
            pictures.append(np.asarray(cover.convert("RGB").resize(DrawnGenerator.size)))
    return np.stack(pictures)


def near_copies_of_covers() -> NearCopies:
    keys = [f"{row:08d}" for row in range(COVERS)]
    return NearCopies.of(keys, training_art(), training_art()[:0])


GREYS = {"drawn": 10, "real": 120, "retrieved": 230}
"""Grey levels of the pictures that are compared blind, by source."""


def publish_pictures(store: Store) -> None:
    """Publish an evaluation of a generator with pictures to compare."""
    pictures: dict[str, np.ndarray] = {
        "drawn": _grey("drawn"),
        "real": _grey("real"),
        "retrieved": _grey("retrieved"),
    }
    version = version_name(datetime(2026, 1, 1, tzinfo=UTC), "0" * 12)
    draft = store.draft("generator_evaluation", version)
    draft.put(FILE, BlindPictures(["One", "Two", "Three"], pictures).to_bytes())
    draft.publish(parents={"generator_candidate": "candidate-1"})


def _grey(source: str) -> np.ndarray:
    return np.full((3, 72, 48, 3), GREYS[source], np.uint8)


class WorkerInThread:
    """Runs tasks as a worker does, without a process, once they may run."""

    def __init__(self, open_tools: Callable[[], ConceptTools]) -> None:
        self.tools = open_tools()
        self.may_run = threading.Event()
        self.may_run.set()

    def run(self, task: Callable[[ConceptTools], Any]) -> Any:
        assert self.may_run.wait(60)
        return task(self.tools)

    def end(self) -> None:
        self.may_run.set()


def gallery() -> Gallery:
    index = loaded_index()
    return Gallery(index.clip, index.index)


def no_generator() -> Artist:
    raise NotReadyError("no cover generator is published yet: run `dustjacket run`")


def drawing_tools(generator: type[DrawnGenerator] = DrawnGenerator) -> ConceptTools:
    near_copies = near_copies_of_covers()
    return ConceptTools(artist=lambda: Artist(generator(), near_copies), gallery=gallery)


copying_tools = partial(drawing_tools, CopyingGenerator)


def tools_without_generator() -> ConceptTools:
    return ConceptTools(artist=no_generator, gallery=gallery)
