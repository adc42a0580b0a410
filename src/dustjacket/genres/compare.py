"""Cross-validation of all candidates, logged to MLflow as it runs."""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from multiprocessing.pool import ThreadPool

import mlflow
import numpy as np

from dustjacket.genres.calibration import fit_calibration, out_of_fold
from dustjacket.genres.candidates import (
    Candidate,
    Hyperparameters,
    PluginCandidate,
    SparkCandidate,
    TaskCandidate,
    VoteCandidate,
)
from dustjacket.genres.eligible import leave_out
from dustjacket.genres.fits import Fits
from dustjacket.genres.fold_scores import FoldScores, merge_folds
from dustjacket.genres.plugins import PluginError
from dustjacket.genres.scores import logarithms
from dustjacket.genres.selection import CandidateResult
from dustjacket.genres.training_data import TrainingData
from dustjacket.metrics.classification import probability_metrics

log = logging.getLogger(__name__)


def cross_validate(
    fits: Fits, candidates: Sequence[Candidate], left_out: dict[str, str]
) -> list[CandidateResult]:
    """Score every candidate in every fold.

    Args:
        left_out: gets why a plug-in failed, by its name.

    In MLflow, a candidate is a child run, its hyperparameters are runs below that one, and a fold
    is a step of their metrics.
    """
    tasks = [candidate for candidate in candidates if isinstance(candidate, TaskCandidate)]
    by_spark = [candidate for candidate in candidates if isinstance(candidate, SparkCandidate)]
    # Long fits first, so that short ones fill the other cores while the last long one ends.
    tasks.sort(key=lambda candidate: (bool(candidate.embedded), candidate.learner != "linear_svm"))
    plugged = [candidate for candidate in candidates if isinstance(candidate, PluginCandidate)]
    grid_size = sum(len(candidate.grid) for candidate in [*by_spark, *tasks, *plugged])
    progress = _Progress(grid_size * fits.training_data.parameters.folds)
    by_name: dict[str, CandidateResult] = {}
    if by_spark:
        fits.prepare()  # before several threads need it
        by_name |= _cross_validate_all(fits, by_spark, progress)
    if tasks:
        fits.close()  # Spark's caches take as much memory as the fits of linear classifiers need
        _ = fits.training_data.shared  # made once, before several threads need it
        by_name |= _cross_validate_all(fits, tasks, progress)
    for candidate in plugged:
        try:
            by_name |= _cross_validate_all(fits, [candidate], progress)
        except PluginError as error:
            leave_out(candidate.name, error, left_out)
    votes = [candidate for candidate in candidates if isinstance(candidate, VoteCandidate)]
    results = [by_name[candidate.name] for candidate in candidates if candidate.name in by_name]
    return results + [_vote(fits.training_data, vote, results) for vote in votes]


class _Progress:
    """Logs the number of fits done, and the time left if the others take as long."""

    def __init__(self, total: int) -> None:
        self._total, self._done, self._began = total, 0, time.monotonic()

    def step(self, fit: str) -> None:
        self._done += 1
        left = (time.monotonic() - self._began) / self._done * (self._total - self._done)
        log.info("fit %d of %d: %s; about %.0f s left", self._done, self._total, fit, left)


def _cross_validate_all(
    fits: Fits, candidates: Sequence[Candidate], progress: _Progress
) -> dict[str, CandidateResult]:
    done: dict[str, FoldScores] = {}
    # One fit of a small catalog does not use all cores.
    with ThreadPool(fits.training_data.spark.sparkContext.defaultParallelism) as pool:
        # All submitted at once: the next candidate is fitted while the last one is calibrated.
        scored = [
            pool.imap(partial(_score, fits, candidate, done), _order(fits.training_data, candidate))
            for candidate in candidates
        ]
        return {
            candidate.name: _collect(fits.training_data, candidate, parts, progress)
            for candidate, parts in zip(candidates, scored, strict=True)
        }


def _order(training_data: TrainingData, candidate: Candidate) -> list[tuple[int, int]]:
    # Fold by fold, so that a worker's cached features of a fold serve the whole grid.
    folds = range(training_data.parameters.folds)
    return [(fold, index) for fold in folds for index in _grid_indices(candidate)]


def _score(
    fits: Fits, candidate: Candidate, done: dict[str, FoldScores], fit: tuple[int, int]
) -> FoldScores:
    fold, index = fit
    hyperparameters = candidate.grid[index]
    if not isinstance(candidate, SparkCandidate):
        return fits.score(candidate, hyperparameters, fold)
    values = sorted(hyperparameters.items())
    key = f"{candidate.estimator.__name__} {candidate.column} {values} {fold}"
    if key not in done:
        done[key] = fits.score(candidate, hyperparameters, fold)
    return done[key]


def _collect(
    training_data: TrainingData,
    candidate: Candidate,
    scored: Iterable[FoldScores],
    progress: _Progress,
) -> CandidateResult:
    """Log a candidate's fits as they end, and return its result."""
    with mlflow.start_run(run_name=candidate.name, nested=True):
        mlflow.log_params({"candidate": candidate.name, "features": candidate.features})
        runs = [_start_run(candidate, index) for index in _grid_indices(candidate)]
        parts: list[list[FoldScores]] = [[] for _ in runs]
        values: list[list[float]] = [[] for _ in runs]
        try:
            order = _order(training_data, candidate)
            for (fold, index), part in zip(order, scored, strict=True):
                parts[index].append(part)
                values[index].append(_log_fold(training_data, part, fold, runs[index]))
                hyperparameters = _format(candidate.grid[index])
                progress.step(f"{candidate.name} {hyperparameters}, fold {fold}")
        except BaseException:
            for run_id in runs:
                mlflow.MlflowClient().set_terminated(run_id, "FAILED")
            raise
        results = [
            CandidateResult(
                candidate, hyperparameters, values[index],
                sum(part.seconds for part in parts[index]),
                max(part.memory_mib for part in parts[index]),
            )
            for index, hyperparameters in enumerate(candidate.grid)
        ]  # fmt: skip
        for run_id, result in zip(runs, results, strict=True):
            _log_result(result, training_data.parameters.metric, run_id)
            mlflow.MlflowClient().set_terminated(run_id)
        best = max(_grid_indices(candidate), key=lambda index: results[index].mean)
        uncalibrated = replace(
            results[best],
            seconds=sum(result.seconds for result in results),
            memory_mib=max(result.memory_mib for result in results),
        )
        whole = calibrated(training_data, uncalibrated, parts[best])
        mlflow.log_params({f"best.{name}": value for name, value in whole.hyperparameters.items()})
        _log_candidate(training_data, whole)
    return whole


def _grid_indices(candidate: Candidate) -> range:
    return range(len(candidate.grid))


def _format(hyperparameters: Hyperparameters) -> str:
    return " ".join(f"{name}={value:g}" for name, value in hyperparameters.items())


def _start_run(candidate: Candidate, index: int) -> str:
    hyperparameters = candidate.grid[index]
    name = f"{candidate.name} {_format(hyperparameters)}"
    with mlflow.start_run(run_name=name, nested=True) as run:
        mlflow.log_params(hyperparameters)
    mlflow.MlflowClient().update_run(run.info.run_id, status="RUNNING")
    return str(run.info.run_id)


def _vote(
    training_data: TrainingData, candidate: VoteCandidate, results: Sequence[CandidateResult]
) -> CandidateResult:
    """Return the vote of the best result of each learner."""
    best: dict[str, CandidateResult] = {}
    for result in results:
        if isinstance(result.candidate, TaskCandidate):
            current = best.get(result.candidate.learner)
            if current is None or result.mean > current.mean:
                best[result.candidate.learner] = result
    members = tuple(best.values())
    names = ", ".join(member.candidate.name for member in members)
    scores = logarithms(np.mean([member.probabilities for member in members], axis=0))
    with mlflow.start_run(run_name=candidate.name, nested=True):
        mlflow.log_params({"candidate": candidate.name, "members": names})
        folds = training_data.folds
        parts = [
            FoldScores(books, scores[books], 0.0)
            for books in (np.flatnonzero(folds == fold) for fold in np.unique(folds))
        ]
        values = [_log_fold(training_data, part, fold) for fold, part in enumerate(parts)]
        # A vote costs what its members cost.
        seconds = sum(member.seconds for member in members)
        memory = max(member.memory_mib for member in members)
        vote = CandidateResult(candidate, {}, values, seconds, memory, members=members)
        whole = calibrated(training_data, vote, parts)
        _log_candidate(training_data, whole)
    return whole


def _log_fold(
    training_data: TrainingData, part: FoldScores, fold: int, run_id: str | None = None
) -> float:
    """Log the metrics of a fold, and return the deciding one."""
    metrics = part.metrics(training_data) | {"seconds": part.seconds}
    if part.memory_mib:
        metrics["memory_mib"] = part.memory_mib
    mlflow.log_metrics(metrics, step=fold, run_id=run_id)
    return metrics[training_data.parameters.metric]


def calibrated(
    training_data: TrainingData, result: CandidateResult, parts: Sequence[FoldScores]
) -> CandidateResult:
    """Return a result with its calibration, and probabilities of scores of all folds."""
    scores = merge_folds(parts, len(training_data.books), len(training_data.genres))
    return replace(
        result,
        probabilities=out_of_fold(scores, training_data.labels, training_data.folds),
        calibration=fit_calibration(scores, training_data.labels),
    )


def _log_candidate(training_data: TrainingData, result: CandidateResult) -> None:
    metric = training_data.parameters.metric
    _log_result(result, metric)
    true = list(training_data.books["genre"])
    metrics = probability_metrics(true, result.probabilities, training_data.genres)
    mlflow.log_metrics({f"out_of_fold.{name}": value for name, value in metrics.items()})
    log.info(
        "%s: %s %.3f, calibration error %.3f, in %.0f s",
        result.candidate.name, metric, result.mean, metrics["ece"], result.seconds,
    )  # fmt: skip


def _log_result(result: CandidateResult, metric: str, run_id: str | None = None) -> None:
    mlflow.log_metrics(
        {
            f"cv.{metric}.mean": result.mean,
            f"cv.{metric}.std": result.std,
            "cv.seconds": result.seconds,
            "cv.memory_mib": result.memory_mib,
        },
        run_id=run_id,
    )
