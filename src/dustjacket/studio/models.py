"""What answers now: a classifier, and a cover index with the model that made it, whole or not."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from botocore.exceptions import BotoCoreError, ClientError

from dustjacket.covers.read import read_image
from dustjacket.errors import DustjacketError, NotReadyError
from dustjacket.pipeline.parameters import COVER_CLIP
from dustjacket.pipeline.steps import STEPS, in_use
from dustjacket.retrieval.read import index_in_use, load_index, model_of
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store
from dustjacket.studio.problems import UnpublishedError
from dustjacket.studio.schemas import VersionRef
from dustjacket.tracking.links import run_page

if TYPE_CHECKING:
    from dustjacket.clip.model import Clip
    from dustjacket.genres.scorer import Scorer
    from dustjacket.retrieval.search import CoverIndex

log = logging.getLogger(__name__)

_CANDIDATE = "clip_candidate"  # of which a promotion makes a champion
_IMAGES_KEPT = 1024
_TEXTS = 32  # that are embedded at once, so that others wait for no more


@dataclass(frozen=True)
class Genres:
    """A published classifier."""

    manifest: Manifest
    scorer: "Scorer"
    by: tuple[VersionRef, ...]


@dataclass(frozen=True)
class Covers:
    """A published index, the model that made it, and its covers' images.

    Attributes:
        image: image file of a cover, by its key.
        genres: (genres, dimensions) what stands for each genre among covers, and their names.
    """

    manifest: Manifest
    labels: Manifest | None
    clip: "Clip"
    index: "CoverIndex"
    image: Callable[[str], bytes | None]
    genres: tuple[np.ndarray, list[str]]
    by: tuple[VersionRef, ...]

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return (texts, dimensions) embeddings."""
        from dustjacket.clip.embed import embed_texts

        return embed_texts(self.clip, texts, _TEXTS)


class Models:
    """The models in use.

    ``genres`` and ``covers`` are replaced whole, when all of what is new has been read; who has
    taken one of them before goes on with it.
    """

    def __init__(self, store: Store, cache: Path) -> None:
        """Hold nothing until the first :meth:`refresh`; ``cache`` keeps classifiers' files."""
        self.store, self._cache = store, cache
        self._genres: Genres | None = None
        self._covers: Covers | None = None
        self.problem: str | None = "the models are being read"

    @property
    def genres(self) -> Genres:
        """The classifier.

        Raises:
            NotReadyError: there is none; an UnpublishedError if nobody has made one.
        """
        if self._genres is None:
            raise self._missing("no classifier is published yet", "ingest_catalog")
        return self._genres

    @property
    def covers(self) -> Covers:
        """The cover index and its model.

        Raises:
            NotReadyError: there is none; an UnpublishedError if nobody has made one.
        """
        if self._covers is None:
            raise self._missing("no cover index is published yet", "ingest_covers")
        return self._covers

    def _missing(self, what: str, dag: str) -> NotReadyError:
        """Return why there is nothing: a problem, or, without one, a DAG that nobody has run."""
        if self.problem:
            return NotReadyError(self.problem)
        return UnpublishedError(f"{what}: run the DAG {dag}, and the others follow", dag)

    @property
    def ready(self) -> tuple[bool, bool]:
        """Whether there is a classifier, and a cover index."""
        return self._genres is not None, self._covers is not None

    @property
    def made(self) -> dict[str, VersionRef]:
        """What answers now: ``classifier``, ``clip`` (its model), ``index``, and its ``labels``."""
        found = {"classifier": self._genres.by[0]} if self._genres else {}
        if self._covers:
            found |= zip(("clip", "index", "labels"), self._covers.by, strict=False)
        return found

    def refresh(self) -> bool:
        """Read what was published since the last call; return whether anything was new.

        What cannot be read leaves what there is in its place, and :attr:`problem` says why.
        """
        before, problems = (self._genres, self._covers), []
        for read in (self._read_genres, self._read_covers, self._find_runs):
            try:
                read()
            except DustjacketError as error:
                problems.append(str(error))
            except (BotoCoreError, ClientError) as error:
                problems.append(f"the object store does not answer ({type(error).__name__})")
            except Exception as error:  # noqa: BLE001 - one that cannot be read is not all
                problems.append(f"what is newest cannot be read ({type(error).__name__}: {error})")
        told = "; ".join(dict.fromkeys(problems)) or None
        if told and told != self.problem:
            log.warning("%s", told)
        self.problem = told
        return before != (self._genres, self._covers)

    def _read_genres(self) -> None:
        champion = in_use(self.store, "genre_classifier")
        if champion is None or (self._genres and self._genres.manifest.version == champion.version):
            return
        from dustjacket.genres.read import load_scorer
        from dustjacket.genres.scorer import predict_genre

        scorer = load_scorer(self.store, champion, self._cache)
        predict_genre(scorer, "The first question", None)  # so that it is as quick as the next
        reached = champion.facts.get("test", {}).get("f1_weighted")
        note = f"{scorer.name}, f1_weighted {reached:.3f}" if reached else scorer.name
        self._genres = Genres(champion, scorer, (_made(champion, note),))
        log.info("genres are told by %s", champion.version)

    def _read_covers(self) -> None:
        if self.store.newest("cover_index") is None:
            return
        index, labels = index_in_use(self.store), self.store.newest("labelled_covers")
        if labels and labels.parents.get("covers") != index.parents["covers"]:
            labels = None  # its genres are those of other covers
        held = self._covers
        if held and (held.manifest, held.labels) == (index, labels):
            return
        from dustjacket.clip.embed import embed_texts, optimize_for_inference
        from dustjacket.clip.read import load_version
        from dustjacket.clip.zero_shot import embed_genres

        model = model_of(self.store, index)
        same = held and held.manifest.facts["model"] == index.facts["model"]
        clip = (
            held.clip if held and same else optimize_for_inference(load_version(self.store, model))
        )
        found = load_index(self.store, index, model)
        covers = self.store.manifest("covers", index.parents["covers"])
        named = found.genres

        @lru_cache(_IMAGES_KEPT)
        def image(key: str) -> bytes | None:
            row = found.cover(key)
            return read_image(self.store, covers, vars(row)) if row else None

        self._covers = Covers(
            manifest=index,
            labels=labels,
            clip=clip,
            index=found,
            image=image,
            genres=(embed_genres(partial(embed_texts, clip), named or [""]), named),
            by=(
                _made(model, model.facts.get("model", "")),
                _made(index, f"{len(found):,} covers"),
                *([_made(labels, "")] if labels else []),
            ),
        )
        log.info("covers are found in %s by %s", index.version, index.facts["model"])

    def _find_runs(self) -> None:
        """Link what has no link yet: MLflow may start later, or be away."""
        if self._genres and (found := self._linked(self._genres.by)) != self._genres.by:
            self._genres = replace(self._genres, by=found)
        if self._covers and (found := self._linked(self._covers.by)) != self._covers.by:
            self._covers = replace(self._covers, by=found)

    def _linked(self, by: tuple[VersionRef, ...]) -> tuple[VersionRef, ...]:
        return tuple(
            one if one.run else one.model_copy(update={"run": self._run(one)}) for one in by
        )

    def _run(self, made: VersionRef) -> str | None:
        made_as = _CANDIDATE if made.kind == COVER_CLIP else made.kind
        step = next((step for step in STEPS.values() if step.publishes == made_as), None)
        if step is None or not step.experiment:
            return None
        version = made.version
        if made_as != made.kind:
            version = self.store.manifest(made.kind, version).parents.get(made_as, "")
        return run_page(self.store.settings, step.experiment, version) or None


def _made(manifest: Manifest, note: str) -> VersionRef:
    return VersionRef(kind=manifest.kind, version=manifest.version, run=None, note=note)
