"""The newest candidate beside the champion: both search the same covers, so that a person can see.

A candidate has no index before it is promoted, so some covers are embedded here at the first
question. Its memory is freed when no question has come for a while.
"""

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dustjacket.errors import BadInputError, DustjacketError, NotReadyError
from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.store import Store
from dustjacket.studio.problems import UnpublishedError

if TYPE_CHECKING:
    from dustjacket.clip.model import Clip
    from dustjacket.retrieval.search import CoverIndex
    from dustjacket.storage.manifest import Manifest
    from dustjacket.studio.models import LoadedIndex

    _Key = tuple[Manifest, Manifest]

log = logging.getLogger(__name__)

MAX_COVERS = 1500
"""Covers of the index that both search, from all over it: a minute or two of one core."""
_BATCH = 16
_IDLE_S = 900.0


@dataclass(frozen=True)
class Compared:
    """A candidate and the champion over the same covers.

    Attributes:
        own: the candidate's covers; ``champion`` has the same covers.
    """

    manifest: "Manifest"
    clip: "Clip"
    own: "CoverIndex"
    champion: "CoverIndex"


class Candidates:
    """Reads the newest candidate at the first question, in a thread; frees it when idle."""

    def __init__(self, store: Store, cache: Path) -> None:
        """Read nothing yet."""
        self._store, self._cache = store, cache
        self._lock = threading.Lock()
        self._key: _Key | None = None
        self._compared: Compared | None = None
        self._progress = ""
        self._problem: DustjacketError | None = None
        self._asked_at = 0.0

    def compared(self, index: "LoadedIndex") -> Compared:
        """Return the newest candidate beside the index that serves.

        Raises:
            UnpublishedError: there is no candidate.
            BadInputError: the newest one serves already.
            NotReadyError: its covers are still being embedded; the message says how many.
        """
        candidate = self._store.newest(Kind.CLIP_CANDIDATE)
        if candidate is None:
            raise UnpublishedError("no candidate is published yet", "finetune_clip")
        champion = self._store.newest(Kind.COVER_CLIP)
        if champion and champion.parents.get(Kind.CLIP_CANDIDATE) == candidate.version:
            raise BadInputError(
                f"the newest candidate, {candidate.version}, serves already: a comparison needs "
                "one that does not"
            )
        key = (candidate, index.manifest)
        with self._lock:
            self._asked_at = time.monotonic()
            if key != self._key:
                self._key, self._compared, self._problem = key, None, None
                self._progress = "the candidate is being read"
                threading.Thread(
                    target=self._read, args=(key, candidate, index), name="candidate", daemon=True
                ).start()
            if self._problem:
                self._key = None  # the next question tries again
                raise self._problem
            if self._compared is None:
                raise NotReadyError(self._progress)
            return self._compared

    def forget_idle(self) -> None:
        """Free the memory if no question has come for a while."""
        with self._lock:
            if self._compared and time.monotonic() - self._asked_at > _IDLE_S:
                self._key = self._compared = None

    def _read(self, key: "_Key", candidate: "Manifest", index: "LoadedIndex") -> None:
        try:
            compared = self._embed(key, candidate, index)
        except DustjacketError as error:
            self._end(key, problem=error)
        except Exception as error:
            log.exception("the candidate %s cannot be read", candidate.version)
            why = f"the candidate cannot be read ({type(error).__name__}): see the Studio's log"
            self._end(key, problem=BadInputError(why))
        else:
            self._end(key, compared=compared)

    def _end(
        self,
        key: "_Key",
        compared: Compared | None = None,
        problem: DustjacketError | None = None,
    ) -> None:
        with self._lock:
            if key == self._key:  # not replaced meanwhile
                self._compared, self._problem = compared, problem

    def _embed(self, key: "_Key", candidate: "Manifest", index: "LoadedIndex") -> Compared | None:
        from dustjacket.clip.embed import embed_files, optimize_for_inference
        from dustjacket.clip.read import load_version

        clip = optimize_for_inference(load_version(self._store, candidate, self._cache))
        keys = [row[0] for row in index.index.books()]
        step = max(1, -(-len(keys) // MAX_COVERS))
        places = {name: place for place, name in enumerate(keys) if place % step == 0}

        def bodies() -> Iterator[tuple[str, bytes]]:
            for done, name in enumerate(places):
                if done % _BATCH == 0:
                    self._progress = f"covers of the candidate: {done:,} of {len(places):,}"
                if key != self._key:
                    return  # a newer candidate, or another index
                if body := index.read_image(name):
                    yield name, body

        found: list[str] = []
        vectors: list[np.ndarray] = []
        for names, part in embed_files(clip, bodies(), _BATCH):
            found += names
            vectors.append(part)
        if key != self._key:
            return None
        if not found:
            raise BadInputError("no cover of the index can be read: see the Studio's log")
        rows = np.array([places[name] for name in found])
        own = index.index.subset(rows, np.concatenate(vectors))
        return Compared(candidate, clip, own, index.index.subset(rows))
