"""The models that serve now, replaced as newer versions are published."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from botocore.exceptions import BotoCoreError, ClientError

from dustjacket.errors import DustjacketError, NotReadyError
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store
from dustjacket.studio.problems import UnpublishedError
from dustjacket.studio.schemas import VersionRef

if TYPE_CHECKING:
    from dustjacket.clip.model import Clip
    from dustjacket.genres.scorer import Scorer
    from dustjacket.genres.why import TrainingBooks
    from dustjacket.retrieval.search import CoverIndex

log = logging.getLogger(__name__)

TEXTS_PER_BATCH = 32
"""Texts embedded at once: few, so that other requests get their turn soon."""


@dataclass(frozen=True)
class LoadedModel:
    """A published version in memory, and the versions that its answers name."""

    manifest: Manifest
    by: tuple[VersionRef, ...]


@dataclass(frozen=True)
class LoadedClassifier(LoadedModel):
    """A genre classifier.

    Attributes:
        trained_on: a line on the books that it was trained on.
        training_books: returns the books that it was trained on, read at the first call; None if
            their catalog was deleted.
    """

    scorer: "Scorer"
    trained_on: str = ""
    training_books: "Callable[[], TrainingBooks | None]" = lambda: None


@dataclass(frozen=True)
class LoadedIndex(LoadedModel):
    """A cover index, and the CLIP model that made it.

    Attributes:
        labels: manifest of the predicted genres of the covers; None if there are none.
        read_image: returns the image file of a cover by its key, or None if there is no such cover.
        genre_vectors: (genres, dimensions) embeddings of ``genre_names``.
    """

    labels: Manifest | None
    clip: "Clip"
    index: "CoverIndex"
    read_image: Callable[[str], bytes | None]
    genre_names: list[str]
    genre_vectors: np.ndarray

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return (texts, dimensions) embeddings of unit length."""
        from dustjacket.clip.embed import embed_texts

        return embed_texts(self.clip, texts, TEXTS_PER_BATCH)


Loaded = TypeVar("Loaded", bound=LoadedModel)


class Slot(Generic[Loaded]):
    """The model of one kind that serves now, or the reason why there is none.

    Attributes:
        model: replaced as a whole, so a request that holds the previous model can finish with it.
        problem: why the newest version could not be loaded; None if it could.
    """

    def __init__(self, name: str, dag: str) -> None:
        """Make an empty slot.

        Args:
            name: name of the kind in messages.
            dag: the first DAG to run when none is published.
        """
        self._name, self._dag = name, dag
        self.model: Loaded | None = None
        self.problem: str | None = "the models are still loading"

    def require(self) -> Loaded:
        """Return the model.

        Raises:
            UnpublishedError: none is published yet.
            NotReadyError: none could be loaded.
        """
        if self.model is not None:
            return self.model
        if self.problem:
            raise NotReadyError(self.problem)
        raise UnpublishedError(
            f"no {self._name} is published yet: run the DAG {self._dag}; the others follow",
            self._dag,
        )

    def refresh(self, *updates: Callable[[Loaded | None], Loaded | None]) -> bool:
        """Pass the model through ``updates``; return whether it changed.

        An update that fails keeps the model, and :attr:`problem` says why it failed.
        """
        before, problems = self.model, []
        for update in updates:
            try:
                self.model = update(self.model)
            except DustjacketError as error:
                problems.append(str(error))
            except (BotoCoreError, ClientError) as error:
                problems.append(f"the object store does not answer ({type(error).__name__})")
            except Exception as error:  # noqa: BLE001 - an unreadable version must not end the Studio
                problems.append(
                    f"the newest version cannot be read ({type(error).__name__}: {error})"
                )
        self.problem = _joined(problems)
        return self.model is not before


class Models:
    """The classifier, the cover index and the cover generator that serve now.

    The generator is a name only: the process that draws reads its weights.
    """

    def __init__(self, store: Store, cache: Path) -> None:
        """Load nothing until the first :meth:`refresh`.

        Args:
            cache: folder for the files of models and indexes.
        """
        self.store, self._cache = store, cache
        self.classifier = Slot[LoadedClassifier]("classifier", "ingest_catalog")
        self.index = Slot[LoadedIndex]("cover index", "ingest_covers")
        self.generator = Slot[LoadedModel]("cover generator", "train_generator")

    @property
    def problem(self) -> str | None:
        """Why a newer version does not serve, or None."""
        slots: tuple[Slot[Any], ...] = (self.classifier, self.index, self.generator)
        return _joined([slot.problem for slot in slots if slot.problem])

    @property
    def versions(self) -> dict[str, VersionRef]:
        """The versions that serve, by name: classifier, clip, index, labels, generator."""
        versions: dict[str, VersionRef] = {}
        if self.classifier.model:
            versions["classifier"] = self.classifier.model.by[0]
        if self.index.model:
            versions |= zip(("clip", "index", "labels"), self.index.model.by, strict=False)
        if self.generator.model:
            versions["generator"] = self.generator.model.by[0]
        return versions

    def refresh(self) -> bool:
        """Load what was published since the last call; return whether anything changed."""
        from dustjacket.studio.loading import (
            find_generator,
            link_runs,
            load_classifier,
            load_index,
        )

        before = self.problem
        changed = [
            self.classifier.refresh(
                lambda model: load_classifier(self.store, self._cache, model),
                lambda model: model and link_runs(self.store, model),
            ),
            self.index.refresh(
                lambda model: load_index(self.store, self._cache, model),
                lambda model: model and link_runs(self.store, model),
            ),
            self.generator.refresh(lambda model: find_generator(self.store, model)),
        ]
        if self.problem and self.problem != before:
            log.warning("%s", self.problem)
        return any(changed)


def _joined(problems: Sequence[str]) -> str | None:
    return "; ".join(dict.fromkeys(problems)) or None
