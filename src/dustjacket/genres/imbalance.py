"""Genres of very different sizes: no weights, class weights or logit adjustment, by macro F1."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

import mlflow
import numpy as np
import pandas as pd

from dustjacket.genres.compare import calibrated
from dustjacket.genres.facts import LOGIT_ADJUSTMENT
from dustjacket.genres.fits import Fits
from dustjacket.genres.fold_scores import FoldScores
from dustjacket.genres.plugins import PluginError
from dustjacket.genres.scores import logarithms, softmax
from dustjacket.genres.selection import CandidateResult
from dustjacket.genres.training_data import TrainingData
from dustjacket.metrics.classification import f1_by_genre, label_metrics

log = logging.getLogger(__name__)

_STRENGTHS = (0.25, 0.5, 0.75, 1.0)
_METRIC = "f1_macro"


@dataclass(frozen=True)
class Treatment:
    """The selected classifier with one treatment of imbalance.

    Attributes:
        values: macro F1 in each fold.
        by_genre: F1 of each genre, out of fold.
        result: what :func:`treat_imbalance` may take for the selected one.
    """

    name: str
    values: tuple[float, ...]
    by_genre: Mapping[str, float]
    result: CandidateResult

    @property
    def mean(self) -> float:
        """Mean over the folds."""
        return float(np.mean(self.values))


def treat_imbalance(fits: Fits, selected: CandidateResult) -> tuple[CandidateResult, str]:
    """Return the selected classifier with the treatment of the highest mean macro F1, and its name.

    Class weights are those that make all genres weigh the same; a plug-in that cannot take them
    goes without. Logit adjustment (Menon et al., Long-tail learning via logit adjustment, 2021)
    takes a multiple of the logarithm of each genre's frequency from its score; for the value in a
    fold, the multiple is chosen on the other folds. The table of all by genre is logged. Without
    the parameter ``treat_imbalance``, it returns what was selected, and no name.
    """
    data = fits.training_data
    if not data.parameters.treat_imbalance:
        return selected, ""
    plain = _weighted(fits, selected, balanced=False)
    unadjusted = _treatment("none", plain, plain.probabilities, data)
    treatments = [unadjusted]
    try:
        weighted = _weighted(fits, selected, balanced=True)
        treatments.append(_treatment("class_weights", weighted, weighted.probabilities, data))
    except PluginError as error:
        log.warning("imbalance, class_weights left out: %s", error)
    treatments.append(_adjusted(plain, data))
    # Of equal ones the first: it is the simplest.
    best = max(treatments, key=lambda treatment: treatment.mean)
    for treatment in treatments:
        log.info("imbalance, %s: %s %.3f", treatment.name, _METRIC, treatment.mean)
        mlflow.log_metric(f"imbalance.{treatment.name}.{_METRIC}", treatment.mean)
    table = pd.DataFrame({treatment.name: treatment.by_genre for treatment in treatments})
    table.insert(0, "books", data.books["genre"].value_counts().reindex(table.index))
    mlflow.log_table(table.rename_axis("genre").reset_index(), "imbalance.json")
    return best.result, best.name


def _treatment(
    name: str, result: CandidateResult, probabilities: np.ndarray, data: TrainingData
) -> Treatment:
    best = probabilities.argmax(axis=1)
    values = tuple(
        label_metrics(data.labels[held_out], best[held_out])[_METRIC]
        for held_out in (data.folds == fold for fold in np.unique(data.folds))
    )
    predicted = [data.genres[at] for at in best]
    return Treatment(name, values, f1_by_genre(list(data.books["genre"]), predicted), result)


def _weighted(fits: Fits, result: CandidateResult, *, balanced: bool) -> CandidateResult:
    """Return a result with class weights or without, scored again unless it is so already."""
    if result.members:
        members = tuple(_weighted(fits, each, balanced=balanced) for each in result.members)
        if all(one is other for one, other in zip(members, result.members, strict=True)):
            return result
        scores = logarithms(np.mean([member.probabilities for member in members], axis=0))
        folds = fits.training_data.folds
        parts = [
            FoldScores(books, scores[books], 0.0)
            for books in (np.flatnonzero(folds == fold) for fold in np.unique(folds))
        ]
        return _scored(fits, replace(result, members=members), parts)
    if bool(result.hyperparameters.get("balanced")) == balanced:
        return result
    others = {name: at for name, at in result.hyperparameters.items() if name != "balanced"}
    changed = replace(result, hyperparameters=others | ({"balanced": 1.0} if balanced else {}))
    folds_of = range(fits.training_data.parameters.folds)
    return _scored(fits, changed, [fits.score_result(changed, fold) for fold in folds_of])


def _scored(fits: Fits, result: CandidateResult, parts: list[FoldScores]) -> CandidateResult:
    data = fits.training_data
    values = [part.metrics(data)[data.parameters.metric] for part in parts]
    return calibrated(data, replace(result, values=values), parts)


def _adjusted(plain: CandidateResult, data: TrainingData) -> Treatment:
    books = np.bincount(data.labels, minlength=len(data.genres))
    prior = np.log(books / books.sum())
    scores = logarithms(plain.probabilities)

    def best_strength(rows: np.ndarray) -> float:
        def macro(strength: float) -> float:
            best = (scores[rows] - strength * prior).argmax(axis=1)
            return label_metrics(data.labels[rows], best)[_METRIC]

        return max(_STRENGTHS, key=macro)

    strengths = np.zeros(len(scores))
    for fold in np.unique(data.folds):
        held_out = data.folds == fold
        strengths[held_out] = best_strength(np.flatnonzero(~held_out))
    nested = softmax(scores - strengths[:, None] * prior)
    shift = -best_strength(np.arange(len(scores))) * prior
    result = replace(
        plain,
        probabilities=softmax(scores + shift),
        calibration=replace(plain.calibration, shift=tuple(shift.tolist())),
    )
    return _treatment(LOGIT_ADJUSTMENT, result, nested, data)
