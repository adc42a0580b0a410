"""Cross-validation of all candidates, in MLflow as it goes."""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from multiprocessing.pool import ThreadPool

import mlflow
import numpy as np

from dustjacket.errors import BadInputError
from dustjacket.genres.calibration import fit_calibration, out_of_fold
from dustjacket.genres.candidates import (
    CANDIDATES,
    Candidate,
    Point,
    SparkCandidate,
    TaskCandidate,
    VoteCandidate,
)
from dustjacket.genres.features import SELECTED
from dustjacket.genres.fits import Fits, Scored, in_place
from dustjacket.genres.scores import logarithms
from dustjacket.genres.selection import Result
from dustjacket.genres.step import CandidateName
from dustjacket.genres.training_data import TrainingData
from dustjacket.metrics.classification import probability_metrics

log = logging.getLogger(__name__)


def able(known: TrainingData) -> list[Candidate]:
    """Return the candidates that are asked for and can compete; say why others cannot.

    Raises:
        BadInputError: none can.
    """
    asked = [CANDIDATES[name] for name in dict.fromkeys(known.parameters.candidates)]
    embedded = {c.name for c in asked if isinstance(c, TaskCandidate) and c.embedded}
    if known.sentences is None and embedded:
        log.warning("without sentence embeddings: %s left out", ", ".join(sorted(embedded)))
        asked = [candidate for candidate in asked if candidate.name not in embedded]
    learners = {c.learner for c in asked if isinstance(c, TaskCandidate)}
    if len(learners) < 2 and any(isinstance(c, VoteCandidate) for c in asked):
        log.warning("vote left out: it needs two different linear classifiers")
        asked = [candidate for candidate in asked if not isinstance(candidate, VoteCandidate)]
    if not asked:
        raise BadInputError("no candidate can compete: name others, or give a sentence_model")
    return asked


def compare(fits: Fits, candidates: Sequence[Candidate]) -> list[Result]:
    """Score every candidate in every fold.

    A candidate is a child run, one of its settings a run below, a fold a step of its metrics.
    """
    tasks = [one for one in candidates if isinstance(one, TaskCandidate)]
    by_spark = [one for one in candidates if isinstance(one, SparkCandidate)]
    # Long fits first: short ones keep the other cores at work while the last long one ends.
    tasks.sort(key=lambda one: (bool(one.embedded), one.learner != "linear_svm"))
    progress = _Progress(
        sum(len(one.grid) for one in [*by_spark, *tasks]) * fits.known.parameters.folds
    )
    results: dict[CandidateName, Result] = {}
    if by_spark:
        fits.prepare()  # before threads ask for it
        results |= _try_all(fits, by_spark, progress)
    if tasks:
        fits.close()  # what Spark keeps is as much as the fits of linear classifiers need
        _ = fits.known.table  # made once, before threads ask for it
        results |= _try_all(fits, tasks, progress)
    votes = [one for one in candidates if isinstance(one, VoteCandidate)]
    found = [results[one.name] for one in candidates if one.name in results]
    return found + [_vote(fits.known, vote, found) for vote in votes]


def wants_selected(candidates: Sequence[Candidate]) -> bool:
    """Return whether some candidate learns of the most telling terms alone."""
    return any(isinstance(one, SparkCandidate) and one.column == SELECTED for one in candidates)


class _Progress:
    """Says how many fits are done, and how long the others will take if they are alike."""

    def __init__(self, total: int) -> None:
        self._total, self._done, self._began = total, 0, time.monotonic()

    def step(self, what: str) -> None:
        self._done += 1
        left = (time.monotonic() - self._began) / self._done * (self._total - self._done)
        log.info("fit %d of %d: %s; about %.0f s left", self._done, self._total, what, left)


def _try_all(
    fits: Fits, candidates: Sequence[Candidate], progress: _Progress
) -> dict[CandidateName, Result]:
    done: dict[str, Scored] = {}
    # One fit of a small table does not keep all cores at work.
    with ThreadPool(fits.known.spark.sparkContext.defaultParallelism) as pool:
        # Asked for at once: the next candidate is fitted while the one before is calibrated.
        scored = [
            pool.imap(partial(_score, fits, one, done), _order(fits.known, one))
            for one in candidates
        ]
        return {
            one.name: _try(fits.known, one, parts, progress)
            for one, parts in zip(candidates, scored, strict=True)
        }


def _order(known: TrainingData, candidate: Candidate) -> list[tuple[int, int]]:
    # Fold by fold, so that a worker's features of a fold serve all points of the grid.
    return [(fold, at) for fold in range(known.parameters.folds) for at in _points(candidate)]


def _score(
    fits: Fits, candidate: Candidate, done: dict[str, Scored], fit: tuple[int, int]
) -> Scored:
    fold, at = fit
    point = candidate.grid[at]
    if not isinstance(candidate, SparkCandidate):
        return fits.score(candidate, point, fold)
    key = f"{candidate.estimator.__name__} {candidate.column} {sorted(point.items())} {fold}"
    if key not in done:
        done[key] = fits.score(candidate, point, fold)
    return done[key]


def _try(
    known: TrainingData, candidate: Candidate, scored: Iterable[Scored], progress: _Progress
) -> Result:
    with mlflow.start_run(run_name=candidate.name, nested=True):
        mlflow.log_params({"candidate": candidate.name, "features": candidate.features})
        runs = [_start_point(candidate, at) for at in _points(candidate)]
        parts: list[list[Scored]] = [[] for _ in runs]
        values: list[list[float]] = [[] for _ in runs]
        try:
            for (fold, at), part in zip(_order(known, candidate), scored, strict=True):
                parts[at].append(part)
                values[at].append(_log_fold(known, part, fold, runs[at]))
                progress.step(f"{candidate.name} {_settings(candidate.grid[at])}, fold {fold}")
        except BaseException:
            for run_id in runs:
                mlflow.MlflowClient().set_terminated(run_id, "FAILED")
            raise
        tried = [
            Result(
                candidate, point, values[at], sum(part.seconds for part in parts[at]),
                max(part.memory_mib for part in parts[at]),
            )
            for at, point in enumerate(candidate.grid)
        ]  # fmt: skip
        for run_id, result in zip(runs, tried, strict=True):
            _log_result(result, known.parameters.metric, run_id)
            mlflow.MlflowClient().set_terminated(run_id)
        best = max(_points(candidate), key=lambda at: tried[at].mean)
        whole = replace(
            tried[best],
            seconds=sum(result.seconds for result in tried),
            memory_mib=max(result.memory_mib for result in tried),
        )
        result = _calibrated(known, whole, parts[best])
        mlflow.log_params({f"best.{setting}": value for setting, value in result.point.items()})
        _log_candidate(known, result)
    return result


def _points(candidate: Candidate) -> range:
    return range(len(candidate.grid))


def _settings(point: Point) -> str:
    return " ".join(f"{setting}={value:g}" for setting, value in point.items())


def _start_point(candidate: Candidate, at: int) -> str:
    point = candidate.grid[at]
    with mlflow.start_run(run_name=f"{candidate.name} {_settings(point)}", nested=True) as run:
        mlflow.log_params(point)
    mlflow.MlflowClient().update_run(run.info.run_id, status="RUNNING")
    return str(run.info.run_id)


def _vote(known: TrainingData, candidate: VoteCandidate, results: Sequence[Result]) -> Result:
    best: dict[str, Result] = {}
    for result in results:
        if isinstance(result.candidate, TaskCandidate):
            before = best.get(result.candidate.learner)
            if before is None or result.mean > before.mean:
                best[result.candidate.learner] = result
    members = tuple(best.values())
    names = ", ".join(member.candidate.name for member in members)
    mean = logarithms(np.mean([member.probabilities for member in members], axis=0))
    with mlflow.start_run(run_name=candidate.name, nested=True):
        mlflow.log_params({"candidate": candidate.name, "members": names})
        parts = [
            Scored(books, mean[books], 0.0)
            for books in (np.flatnonzero(known.folds == fold) for fold in np.unique(known.folds))
        ]
        values = [_log_fold(known, part, fold) for fold, part in enumerate(parts)]
        # A vote costs what its members cost.
        seconds = sum(member.seconds for member in members)
        memory = max(member.memory_mib for member in members)
        found = Result(candidate, {}, values, seconds, memory, members=members)
        result = _calibrated(known, found, parts)
        _log_candidate(known, result)
    return result


def _log_fold(known: TrainingData, part: Scored, fold: int, run_id: str | None = None) -> float:
    metrics = part.metrics(known) | {"seconds": part.seconds}
    if part.memory_mib:
        metrics["memory_mib"] = part.memory_mib
    mlflow.log_metrics(metrics, step=fold, run_id=run_id)
    return metrics[known.parameters.metric]


def _calibrated(known: TrainingData, result: Result, parts: Sequence[Scored]) -> Result:
    raw = in_place(parts, len(known.books), len(known.genres))
    return replace(
        result,
        probabilities=out_of_fold(raw, known.labels, known.folds),
        calibration=fit_calibration(raw, known.labels),
    )


def _log_candidate(known: TrainingData, result: Result) -> None:
    metric = known.parameters.metric
    _log_result(result, metric)
    whole = probability_metrics(list(known.books["genre"]), result.probabilities, known.genres)
    mlflow.log_metrics({f"out_of_fold.{name}": value for name, value in whole.items()})
    log.info(
        "%s: %s %.3f, calibration error %.3f, in %.0f s",
        result.candidate.name, metric, result.mean, whole["ece"], result.seconds,
    )  # fmt: skip


def _log_result(result: Result, metric: str, run_id: str | None = None) -> None:
    mlflow.log_metrics(
        {
            f"cv.{metric}.mean": result.mean,
            f"cv.{metric}.std": result.std,
            "cv.seconds": result.seconds,
            "cv.memory_mib": result.memory_mib,
        },
        run_id=run_id,
    )
