"""Fits of plug-ins, each in one Spark task: a failure comes back as one line."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from pyspark import Broadcast

from dustjacket.genres.candidates import Hyperparameters
from dustjacket.genres.fold_scores import FoldScores
from dustjacket.genres.linear import balance, training_rows
from dustjacket.genres.plugins import BookText, PluggedModel, PluginError, fit_plugin
from dustjacket.genres.training_data import TrainingData

Result = TypeVar("Result")


@dataclass(frozen=True)
class _Fit:
    """What to fit: fields are those of ``fit_plugin``, and the rows of the training books."""

    name: str
    rows: np.ndarray
    labels: np.ndarray
    sample_weight: np.ndarray
    left_out: np.ndarray
    genres: int
    hyperparameters: Hyperparameters
    seed: int
    described: bool

    def run(self, texts: "Broadcast[list[BookText]]") -> PluggedModel:
        books = [
            texts.value[row]._replace(description=None) if left_out else texts.value[row]
            for row, left_out in zip(self.rows, self.left_out, strict=True)
        ]
        return fit_plugin(
            self.name, books, self.labels, self.sample_weight, self.genres, self.hyperparameters,
            self.seed, described=self.described,
        )  # fmt: skip


def score_plugin(
    data: TrainingData,
    name: str,
    hyperparameters: Hyperparameters,
    fold: int,
    share: float,
    sample_weight: np.ndarray | None,
    *,
    described: bool,
) -> FoldScores:
    """Fit a plug-in to all books but those of a fold, and score those; see ``Fits.score``.

    Raises:
        PluginError: it failed.
    """
    fit = _fit(data, name, hyperparameters, fold, share, sample_weight)
    held_out, texts = np.flatnonzero(data.folds == fold), data.texts

    def run() -> tuple[np.ndarray, float, float]:
        began = time.monotonic()
        model = fit.run(texts)
        titles, authors, read = zip(*(texts.value[row] for row in held_out), strict=True)
        scores = model.scores(titles, authors, descriptions=read if described else None)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return scores, time.monotonic() - began, memory

    return FoldScores(held_out, *_in_task(data, run))


def fit_plugin_to_all(
    data: TrainingData, name: str, hyperparameters: Hyperparameters
) -> PluggedModel:
    """Return the model of a plug-in, fitted to all training books.

    Raises:
        PluginError: it failed.
    """
    fit, texts = _fit(data, name, hyperparameters, None, 1.0, None), data.texts
    saved = _in_task(data, lambda: (model := fit.run(texts)).description() | {"": model.arrays()})
    return PluggedModel.restore(saved, saved.pop(""))


def _fit(
    data: TrainingData,
    name: str,
    hyperparameters: Hyperparameters,
    fold: int | None,
    share: float,
    sample_weight: np.ndarray | None,
) -> _Fit:
    seed = data.parameters.seed
    rows = training_rows(data.labels, data.folds, fold, share, seed)
    weights = np.ones(len(rows)) if sample_weight is None else sample_weight[rows]
    labels = data.labels[rows]
    if hyperparameters.get("balanced"):
        weights = weights * balance(labels)
    own = {key: value for key, value in hyperparameters.items() if key != "balanced"}
    return _Fit(
        name, rows, labels, weights, data.left_out[rows], len(data.genres), own, seed,
        bool(data.described.any()),
    )  # fmt: skip


def _in_task(data: TrainingData, run: Callable[[], Result]) -> Result:
    def caught(_: int) -> Result | str:
        try:
            return run()
        except PluginError as error:  # a task that fails is long in the log
            return str(error)

    result = data.spark.sparkContext.parallelize([0], 1).map(caught).collect()[0]
    if isinstance(result, str):
        raise PluginError(result)
    return result
