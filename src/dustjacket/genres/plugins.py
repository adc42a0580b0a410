"""Candidate classifiers of other packages, found by entry point.

A package offers one with an entry point of the group :data:`GROUP`: its name is the candidate's,
and what it names is a :class:`ClassifierPlugin`. The selection compares those that its parameter
``plugins`` names, on the same folds as all others. A published classifier holds the arrays and the
JSON of a plug-in's model, never a pickle; the package must be installed wherever it is used.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from dustjacket.errors import BadInputError, NotReadyError

GROUP = "dustjacket.classifiers"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MAX_REASON = 200


class BookText(NamedTuple):
    """What a classifier reads of a book."""

    title: str
    author: str | None
    description: str | None


class PluginModel(Protocol):
    """A fitted classifier of a plug-in."""

    def scores(self, books: Sequence[BookText]) -> np.ndarray:
        """Return (books, genres) margins, or logarithms of probabilities; all finite."""

    def description(self) -> dict[str, Any]:
        """Return everything but the arrays, as JSON."""

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all arrays, by name."""


class ClassifierPlugin(Protocol):
    """A candidate classifier of another package.

    Attributes:
        features: a short description of its features.
        grid: the hyperparameters to try; ``({},)`` if there are none.
    """

    features: str
    grid: Sequence[Mapping[str, float]]

    def fit(
        self,
        books: Sequence[BookText],
        labels: np.ndarray,
        sample_weight: np.ndarray,
        genres: int,
        hyperparameters: Mapping[str, float],
        seed: int,
    ) -> PluginModel:
        """Return a model fitted to books; runs in a Spark task.

        Args:
            labels: (books,) from 0 to ``genres`` - 1; not every genre need occur.
            sample_weight: (books,) above 0.
            genres: how many columns the scores have.
            hyperparameters: one of the grid.
            seed: the same seed must give the same model.
        """

    def restore(self, description: dict[str, Any], arrays: dict[str, np.ndarray]) -> PluginModel:
        """Return the model that ``description`` and ``arrays`` came from."""


class PluginError(BadInputError):
    """A plug-in cannot be loaded, or failed."""


def load_plugin(name: str) -> ClassifierPlugin:
    """Return the plug-in of an installed package.

    Raises:
        PluginError: none or several have the name, or it cannot be imported.
    """
    (entry,) = _found(name) or (None,)
    if entry is None:
        known = ", ".join(sorted(entry_points(group=GROUP).names)) or "none"
        raise PluginError(f"plug-in {name}: no installed package offers it; offered: {known}")
    with _one_line_of(name):
        plugin: ClassifierPlugin = entry.load()
        _ = plugin.features, plugin.grid[0], plugin.fit, plugin.restore
    return plugin


def _found(name: str) -> list[EntryPoint]:
    if not _NAME.fullmatch(name):
        raise PluginError(f"plug-in {name[:40]!r}: a name has a-z, 0-9 and _, at most 40 of them")
    found = list({entry.value: entry for entry in entry_points(group=GROUP, name=name)}.values())
    if len(found) > 1:
        raise PluginError(f"plug-in {name}: several packages offer it: uninstall all but one")
    return found


def plugin_versions(names: Sequence[str]) -> dict[str, str]:
    """Return the version of the package of each plug-in; empty where it is not installed."""
    versions = {}
    for name in names:
        offered = entry_points(group=GROUP, name=name)
        packages = {f"{entry.dist.name} {entry.dist.version}" for entry in offered if entry.dist}
        versions[f"{GROUP}:{name}"] = ", ".join(sorted(packages))
    return versions


@contextmanager
def _one_line_of(name: str) -> Iterator[None]:
    """Run the code of a plug-in; any error of it becomes a PluginError of one line."""
    try:
        yield
    except PluginError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  # it is not our code
        text = " ".join(f"{type(error).__name__}: {error}".split())[:_MAX_REASON]
        raise PluginError(f"plug-in {name}: {text}") from None


@dataclass(frozen=True)
class PluggedModel:
    """The model of a plug-in, as the other models of a scorer are."""

    KIND: ClassVar[str] = "plugin"

    name: str
    model: PluginModel
    use_descriptions: bool
    genres: int
    encoder: ClassVar[None] = None

    def scores(
        self,
        titles: Sequence[str],
        authors: Sequence[str | None],
        *,
        descriptions: Sequence[str | None] | None = None,
        sentences: np.ndarray | None = None,  # noqa: ARG002  # others read them
    ) -> np.ndarray:
        """Return (books, genres) scores.

        Raises:
            PluginError: it failed, or its scores have a wrong shape or are not finite.
        """
        read = descriptions if self.use_descriptions and descriptions else [None] * len(titles)
        books = [BookText(*each) for each in zip(titles, authors, read, strict=True)]
        with _one_line_of(self.name):
            found = np.asarray(self.model.scores(books), np.float32)
        if found.shape != (len(books), self.genres) or not np.isfinite(found).all():
            raise PluginError(
                f"plug-in {self.name}: scores are not finite, or not of shape "
                f"({len(books)}, {self.genres}) but {found.shape}"
            )
        return found

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all arrays, by the names in the saved file."""
        return {f"plugin.{name}": np.asarray(array) for name, array in self.model.arrays().items()}

    def description(self) -> dict[str, Any]:
        """Return everything but the arrays, as JSON."""
        return {
            "plugin": self.name,
            "descriptions": self.use_descriptions,
            "genres": self.genres,
            "own": self.model.description(),
        }

    @classmethod
    def restore(cls, description: dict[str, Any], arrays: dict[str, np.ndarray]) -> "PluggedModel":
        """Return the model that :meth:`description` and :meth:`arrays` came from.

        Raises:
            NotReadyError: the plug-in is not installed, or cannot read what it wrote.
        """
        name = description["plugin"]
        own = {key.removeprefix("plugin."): array for key, array in arrays.items()}
        try:
            with _one_line_of(name):
                model = load_plugin(name).restore(description["own"], own)
        except PluginError as error:
            raise NotReadyError(f"{error}; the classifier needs it: install its package") from None
        return cls(name, model, description["descriptions"], description["genres"])


def fit_plugin(
    name: str,
    books: Sequence[BookText],
    labels: np.ndarray,
    sample_weight: np.ndarray,
    genres: int,
    hyperparameters: Mapping[str, float],
    seed: int,
    *,
    described: bool,
) -> PluggedModel:
    """Return the fitted model of a plug-in as its saved form gives it; runs in a Spark task.

    Arguments are those of :meth:`ClassifierPlugin.fit`.

    Raises:
        PluginError: it failed, or what it saves is not JSON and numbers.
    """
    with _one_line_of(name):
        fitted = load_plugin(name).fit(books, labels, sample_weight, genres, hyperparameters, seed)
        model = PluggedModel(name, fitted, described, genres)
        description, arrays = json.loads(json.dumps(model.description())), model.arrays()
        if any(array.dtype.kind not in "bif" for array in arrays.values()):
            raise TypeError("arrays must be of numbers")
        return PluggedModel.restore(description, arrays)
