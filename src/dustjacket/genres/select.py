"""The step ``select_classifier``: compare candidates, publish the one that is chosen."""

import logging
import tempfile
from collections.abc import Sequence
from itertools import islice
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from pyspark.sql import DataFrame, SparkSession

from dustjacket import tracking
from dustjacket.catalog.read import read_books
from dustjacket.errors import BadInputError
from dustjacket.genres.candidates import CANDIDATES, Candidate, Point
from dustjacket.genres.export import export
from dustjacket.genres.features import SELECTED, fit_features, with_terms
from dustjacket.genres.figures import bar_figure, confusion_figure
from dustjacket.genres.metrics import confusion, f1_by_genre, probability_metrics
from dustjacket.genres.read import SCORER
from dustjacket.genres.registry import REGISTERED, champion, ensure_registered
from dustjacket.genres.scorer import Scorer
from dustjacket.genres.selection import Fold, Result, make_folds, select
from dustjacket.job import Job
from dustjacket.parameters import ClassifierParameters

log = logging.getLogger(__name__)


def select_classifier(job: Job, spark: SparkSession) -> None:
    """Choose a classifier by cross-validation, test it once on held-out books, publish it.

    Raises:
        BadInputError: the catalog is too small: it has one genre, no test book, or a fold of it
            would have nothing to learn or to be tested on.
    """
    parameters = ClassifierParameters.model_validate(job.plan.parameters)
    catalog = job.input("catalog")
    books = read_books(spark, job.store, catalog)
    test: pd.DataFrame = books.where("split = 'test'").select("title", "author", "genre").toPandas()
    if test.empty:
        raise BadInputError(f"catalog/{catalog.version} has no test book: give a larger listing")
    parts = spark.sparkContext.defaultParallelism
    known = with_terms(books.where("split <> 'test'")).select("genre", "group", "terms")
    known = known.repartition(parts, "group").cache()

    with tracking.step_run(job, tracking.GENRES) as run, tempfile.TemporaryDirectory() as scratch:
        results = cross_validate(known, parameters)
        chosen = select(results)
        log.info("selected %s", chosen.candidate.name)
        scorer = refit(known, chosen, parameters)
        rows = known.count()
        known.unpersist()
        metrics = evaluate(scorer, test)
        before = champion(job.store, besides=job.plan.version)
        verdict = judge(metrics, before, test, parameters)
        scorer.save(Path(scratch))
        for file in sorted(Path(scratch).iterdir()):
            job.draft.upload(f"{SCORER}/{file.name}", file)
        _track(results, chosen, scorer, test, metrics)
        registered = ensure_registered(
            Path(scratch), job.plan.version, {"candidate": chosen.candidate.name, **verdict}
        )
        _, won = job.publish(
            rows={"train": rows, "test": len(test)},
            facts={
                "selected": chosen.candidate.name,
                "model_version": registered.version,
                "candidates": [_summary(result) for result in results],
                "test": metrics,
                "genres": scorer.genres,
                "run_id": run.info.run_id,
                **verdict,
            },
        )
        if won:
            _set_aliases(registered.version, promoted=verdict["verdict"] == "promoted")


def cross_validate(books: DataFrame, parameters: ClassifierParameters) -> list[Result]:
    """Score every candidate in every fold, in MLflow as it goes.

    A candidate is a child run, one of its settings a run below, a fold a step of its metrics.
    """
    candidates = [CANDIDATES[name] for name in dict.fromkeys(parameters.candidates)]
    folds = list(
        make_folds(books, parameters, select=any(c.features == SELECTED for c in candidates))
    )
    try:
        return [_try(candidate, folds, parameters) for candidate in candidates]
    finally:
        for fold in folds:
            fold.release()


def _try(candidate: Candidate, folds: Sequence[Fold], parameters: ClassifierParameters) -> Result:
    tried = []
    # One fit of a small table does not keep all cores at work.
    cores = folds[0].train.sparkSession.sparkContext.defaultParallelism
    fits = [(point, fold) for point in candidate.grid for fold in folds]

    def score(fit: tuple[Point, Fold]) -> dict[str, float]:
        point, fold = fit
        return fold.score(candidate, point, parameters.seed)

    with (
        mlflow.start_run(run_name=candidate.name, nested=True),
        ThreadPool(cores) as pool,
    ):
        scored = pool.imap(score, fits)
        mlflow.log_params({"candidate": candidate.name, "features": candidate.features})
        for point in candidate.grid:
            name = " ".join(f"{setting}={value:g}" for setting, value in point.items())
            with mlflow.start_run(run_name=f"{candidate.name} {name}", nested=True):
                mlflow.log_params(point)
                scores = []
                for fold, found in zip(folds, islice(scored, len(folds)), strict=True):
                    scores.append(found)
                    mlflow.log_metrics(found, step=fold.number)
                values = [score[parameters.metric] for score in scores]
                result = Result(candidate, point, values, sum(s["seconds"] for s in scores))
                _log_result(result, parameters.metric)
                tried.append(result)
        best = max(tried, key=lambda result: result.mean)
        seconds = sum(result.seconds for result in tried)
        result = Result(candidate, best.point, best.values, seconds)
        _log_result(result, parameters.metric)
        mlflow.log_params({f"best.{setting}": value for setting, value in best.point.items()})
    log.info("%s: %s %.3f in %.0f s", candidate.name, parameters.metric, result.mean, seconds)
    return result


def _log_result(result: Result, metric: str) -> None:
    mlflow.log_metrics(
        {
            f"cv.{metric}.mean": result.mean,
            f"cv.{metric}.std": result.std,
            "cv.seconds": result.seconds,
        }
    )


def refit(books: DataFrame, chosen: Result, parameters: ClassifierParameters) -> Scorer:
    """Return the chosen candidate, at its best settings, fitted to all of ``books``."""
    candidate = chosen.candidate
    features = fit_features(books, parameters.vocabulary, select=candidate.features == SELECTED)
    rows = features.labelled(books).cache()
    try:
        model = candidate.fit(rows, chosen.point, parameters.seed)
        return export(candidate.name, features, model)
    finally:
        rows.unpersist()


def evaluate(scorer: Scorer, books: pd.DataFrame) -> dict[str, float]:
    """Return the metrics of a scorer on books with title, author and genre."""
    found = scorer.probabilities(list(books["title"]), list(books["author"]))
    return probability_metrics(list(books["genre"]), found, scorer.genres)


def judge(
    metrics: dict[str, float],
    before: tuple[str, Scorer] | None,
    test: pd.DataFrame,
    parameters: ClassifierParameters,
) -> dict[str, str]:
    """Return whether a classifier takes the champion's place, by the same test books, and why."""
    metric = parameters.metric
    if before is None:
        return {"verdict": "promoted", "reason": "there is no champion yet"}
    version, scorer = before
    theirs = evaluate(scorer, test)[metric]
    figures = f"{metric} {metrics[metric]:.3f} against {theirs:.3f} of {version}"
    verdict = "promoted" if metrics[metric] > theirs else "not_better"
    return {"verdict": verdict, "reason": f"{figures}, on {len(test)} test books"}


def _summary(result: Result) -> dict[str, Any]:
    return {
        "name": result.candidate.name,
        "cv_mean": result.mean,
        "cv_std": result.std,
        "seconds": round(result.seconds, 2),
        "settings": result.point,
    }


def _track(
    results: Sequence[Result],
    chosen: Result,
    scorer: Scorer,
    test: pd.DataFrame,
    metrics: dict[str, float],
) -> None:
    mlflow.log_metrics({f"test.{name}": value for name, value in metrics.items()})
    mlflow.set_tag("selected", chosen.candidate.name)
    table = pd.DataFrame([_summary(result) for result in results])
    mlflow.log_table(table.astype({"settings": str}), "cross_validation.json")
    found = scorer.probabilities(list(test["title"]), list(test["author"]))
    predicted = [scorer.genres[at] for at in found.argmax(axis=1)]
    true = list(test["genre"])
    mlflow.log_figure(confusion_figure(*confusion(true, predicted)), "confusion.png")
    by_genre = f1_by_genre(true, predicted)
    mlflow.log_figure(bar_figure(by_genre, "F1 on test books"), "f1_by_genre.png")


def _set_aliases(version: str, *, promoted: bool) -> None:
    client = mlflow.MlflowClient()
    client.set_registered_model_alias(REGISTERED, tracking.CHALLENGER, version)
    if promoted:
        client.set_registered_model_alias(REGISTERED, tracking.CHAMPION, version)
