"""The step ``select_classifier``: compare candidates, publish the one that is chosen."""

import logging
import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, SparkSession

from dustjacket.catalog.read import read_books
from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.genres.candidates import CANDIDATES, TaskCandidate
from dustjacket.genres.compare import cross_validate, eligible, needs_selected_terms
from dustjacket.genres.embeddings import catalog_sentences
from dustjacket.genres.evaluate import NOT_BETTER, PROMOTED, compare_with_champion, evaluate
from dustjacket.genres.fits import Fits
from dustjacket.genres.paper import repeat_paper
from dustjacket.genres.read import SCORER, load_scorer
from dustjacket.genres.registry import KIND, REGISTERED, ensure_registered
from dustjacket.genres.scorer import Scorer
from dustjacket.genres.selection import select
from dustjacket.genres.sentences import Encoder, find_encoder
from dustjacket.genres.step import ClassifierFacts, ClassifierParameters
from dustjacket.genres.track import summary, track_candidates, track_evaluation
from dustjacket.genres.training_data import TestData, TrainingData, check_folds, with_fold
from dustjacket.pipeline.job import Job
from dustjacket.tracking import runs as tracking

log = logging.getLogger(__name__)

_READ = ["file", "position", "title", "author", "description", "genre"]
_SUSPECTS = 20


def select_classifier(job: Job[ClassifierParameters], spark: SparkSession) -> None:
    """Choose a classifier by cross-validation, test it once on held-out books, publish it.

    Raises:
        BadInputError: the catalog is too small: it has one genre, no test book, or a fold of it
            would have nothing to learn or to be tested on.
    """
    if done := job.store.with_digest(KIND, job.plan.digest):
        tracking.connect(job.settings)  # an attempt ended between its version and its aliases
        _set_aliases(ClassifierFacts.of(done))
        return
    parameters = job.parameters
    books = read_books(spark, job.store, job.input("catalog"))
    encoder = _encoder(parameters)
    with tracking.step_run(job) as run, tempfile.TemporaryDirectory() as scratch:
        repeated = repeat_paper(books) if parameters.repeat_paper else {}
        mlflow.log_metrics({f"repeated.{name}": value for name, value in repeated.items()})
        known, test = read_known(job, spark, books, encoder, parameters)
        candidates = eligible(known)
        fits = Fits(known, select=needs_selected_terms(candidates))
        with closing(known), closing(fits):
            results = cross_validate(fits, candidates)
            track_candidates(results, parameters.metric)
            chosen = select(results)
            log.info("selected %s", chosen.candidate.name)
            scorer = Scorer(
                chosen.candidate.name,
                known.genres,
                fits.fit_all(chosen, encoder),
                chosen.calibration,
            )
            found = evaluate(fits, chosen, scorer, test)
        track_evaluation(found, test.books, known.genres, parameters.metric)
        before = job.step.in_use(job.store)
        load = partial(load_scorer, job.store, cache=Path(scratch, "champion"))
        verdict = compare_with_champion(found, before, load, test, parameters.metric)
        kept = before.version if before and verdict["verdict"] == NOT_BETTER else job.plan.version
        mlflow.set_tags({"selected": chosen.candidate.name, **verdict})
        made = Path(scratch, "made")
        scorer.save(made)
        for file in sorted(made.iterdir()):
            job.draft.upload(f"{SCORER}/{file.name}", file)
        registered = ensure_registered(
            made, scorer, job.plan.version, {"candidate": scorer.name, **verdict}
        )
        manifest, _ = job.publish(
            rows={"train": len(known.books), "test": len(test.books)},
            facts=ClassifierFacts(
                selected=chosen.candidate.name,
                model_version=str(registered.version),
                candidates=[summary(result) for result in results],
                test=found.test,
                intervals=found.intervals,
                out_of_fold=found.out_of_fold,
                down_weighted=found.down_weighted,
                suspects=found.suspects.head(_SUSPECTS).to_dict("records"),
                repeated_paper=repeated,
                genres=scorer.genres,
                run_id=run.info.run_id,
                champion=kept,
                **verdict,
            ),
        )
        # Whichever attempt won: it may have ended before it came to this.
        _set_aliases(ClassifierFacts.of(manifest))


def _encoder(parameters: ClassifierParameters) -> Encoder | None:
    asked = (CANDIDATES[name] for name in parameters.candidates)
    if not any(isinstance(one, TaskCandidate) and one.embedded for one in asked):
        return None
    if not parameters.sentence_model:
        return None
    try:
        return find_encoder(parameters.sentence_model)
    except NotReadyError as error:
        log.warning("%s", error)
        return None


def read_known(
    job: Job[ClassifierParameters],
    spark: SparkSession,
    books: DataFrame,
    encoder: Encoder | None,
    parameters: ClassifierParameters,
) -> tuple[TrainingData, TestData]:
    """Return the books to learn from and those to test on, each in the listing's order.

    Raises:
        BadInputError: there are too few of either.
    """
    wide = with_fold(books, parameters.folds, parameters.seed)
    table: pd.DataFrame = wide.select(*_READ, "split", "fold").toPandas()
    if encoder:
        table = table.merge(catalog_sentences(job, spark, books, encoder), on=["file", "position"])
    table = table.sort_values(["file", "position"])
    is_test = table["split"] == "test"
    train, test = (table[which].reset_index(drop=True) for which in (~is_test, is_test))
    if test.empty:
        catalog = job.input("catalog").version
        raise BadInputError(f"catalog/{catalog} has no test book: give a larger listing")
    check_folds(train, parameters.folds)
    sentences = [
        np.stack(part.pop("sentence").to_list()) if encoder else None for part in (train, test)
    ]
    return TrainingData(spark, train, sentences[0], parameters), TestData(
        test, sentences[1], encoder
    )


def _set_aliases(facts: ClassifierFacts) -> None:
    client = mlflow.MlflowClient()
    client.set_registered_model_alias(REGISTERED, tracking.CHALLENGER, facts.model_version)
    if facts.verdict == PROMOTED:
        client.set_registered_model_alias(REGISTERED, tracking.CHAMPION, facts.model_version)
