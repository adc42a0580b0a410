"""The step ``select_classifier``: cross-validate candidates, publish the selected one."""

import logging
import tempfile
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, SparkSession

from dustjacket.catalog.read import read_books
from dustjacket.errors import BadInputError, CorruptVersionError, NotReadyError
from dustjacket.genres import out_of_fold
from dustjacket.genres.abstention import CONFIDENCE, fit_threshold
from dustjacket.genres.answers import Abstention
from dustjacket.genres.candidates import CANDIDATES, TaskCandidate
from dustjacket.genres.compare import cross_validate
from dustjacket.genres.depth import metrics_by_depth
from dustjacket.genres.eligible import eligible, needs_selected_terms
from dustjacket.genres.embeddings import catalog_sentences
from dustjacket.genres.evaluate import PROMOTED, check_usable, compare_with_champion, evaluate
from dustjacket.genres.facts import ClassifierFacts
from dustjacket.genres.fits import Fits
from dustjacket.genres.imbalance import treat_imbalance
from dustjacket.genres.known_words import KnownWords, known_out_of_fold
from dustjacket.genres.label_noise import correction_effect
from dustjacket.genres.paper import repeat_paper
from dustjacket.genres.read import SCORER, load_scorer
from dustjacket.genres.registry import KIND, classifier_card, ensure_registered, point_aliases
from dustjacket.genres.scorer import Scorer
from dustjacket.genres.scores import Calibration
from dustjacket.genres.selection import CandidateResult, reason_of, select
from dustjacket.genres.sentences import Encoder, available_encoder
from dustjacket.genres.step import ClassifierParameters, other_library
from dustjacket.genres.subject_step import named_subjects, with_subjects
from dustjacket.genres.track import (
    summary,
    track_candidates,
    track_depths,
    track_evaluation,
)
from dustjacket.genres.training_data import TestData, TrainingData, check_folds, with_fold
from dustjacket.metrics.multilabel import Measured
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.runs import step_run
from dustjacket.promotion.spending import sketch
from dustjacket.storage.store import Store
from dustjacket.tracking import runs as tracking

log = logging.getLogger(__name__)

_COLUMNS = [
    "file", "position", "title", "author", "description", "genre", "group", "listed", "corrected",
]  # fmt: skip
_SUSPECTS = 20


def select_classifier(job: Job[ClassifierParameters], spark: SparkSession) -> None:
    """Select a classifier by cross-validation, evaluate it on test books, and publish it.

    Raises:
        BadInputError: the catalog is too small: it has one genre, no test book, or a fold without
            training or held-out rows.
    """
    if done := job.store.with_digest(KIND, job.plan.digest):
        tracking.connect(job.settings)  # an earlier attempt ended before it set the aliases
        _set_aliases(ClassifierFacts.of(done))
        return
    parameters = job.parameters
    # No candidate is trained or measured on books that reserve text and data mining.
    books = read_books(spark, job.store, job.input(Kind.CATALOG)).where("training")
    encoder = _encoder(parameters)
    with step_run(job) as run, tempfile.TemporaryDirectory() as scratch:
        repeated = repeat_paper(books) if parameters.repeat_paper else {}
        mlflow.log_metrics({f"repeated.{name}": value for name, value in repeated.items()})
        training_data, test_data = read_data(job, spark, books, encoder)
        by, vocabulary = named_subjects(parameters, training_data, job.store)
        left_out: dict[str, str] = {}
        candidates = eligible(training_data, left_out)
        fits = Fits(training_data, select=needs_selected_terms(candidates))
        with closing(training_data), closing(fits):
            results = cross_validate(fits, candidates, left_out)
            track_candidates(results, parameters.metric, training_data)
            selected = select(results)
            log.info("selected %s", selected.candidate.name)
            selected, imbalance = treat_imbalance(fits, selected)
            unseen, by_title = out_of_fold.probabilities_by_title(fits, selected)
            scorer = fit_scorer(fits, selected, encoder, unseen, by_title)
            measured: dict[str, Measured] = {}
            if by is not None:
                scorer, measured = with_subjects(scorer, training_data, test_data, by)
            evaluation = evaluate(fits, selected, scorer, test_data)
            out_of_fold.write(job.draft, training_data.books, unseen)
            effect = correction_effect(training_data.books, unseen, training_data.genres)
        depth = int(job.input(Kind.CATALOG).parameters.get("genre_depth", 1))
        by_depth = metrics_by_depth(list(test_data.books["genre"]), evaluation.predicted, depth)
        track_depths(by_depth)
        track_evaluation(evaluation, test_data.books, training_data.genres, parameters.metric)
        champion = job.step.in_use(job.store)
        load = partial(load_scorer, job.store, cache=Path(scratch, "champion"))
        majority = training_data.books["genre"].mode()[0]
        verdict = check_usable(evaluation, test_data, majority, parameters.min_test_books)
        if verdict is None:
            reason = champion and other_library(champion, job.input(Kind.CATALOG), job.store)
            verdict = (
                {"verdict": PROMOTED, "reason": reason}
                if reason
                else compare_with_champion(
                    evaluation,
                    champion,
                    load,
                    test_data,
                    parameters.metric,
                    _test_sides(job.store),
                )
            )
        stays = champion.version if champion else ""
        mlflow.set_tags({"selected": selected.candidate.name, **verdict})
        folder = Path(scratch, "scorer")
        scorer.save(folder)
        for file in sorted(folder.iterdir()):
            job.draft.upload(f"{SCORER}/{file.name}", file)
        facts = ClassifierFacts(
            selected=selected.candidate.name,
            model_version="",
            choice=reason_of(results, selected),
            candidates=[summary(result) for result in results],
            left_out=left_out,
            imbalance=imbalance,
            test=evaluation.test,
            intervals=evaluation.intervals,
            abstention=asdict(scorer.abstention),
            sure=evaluation.sure,
            descriptions=evaluation.descriptions,
            subjects=measured,
            n_subjects=len(scorer.subjects.subjects) if scorer.subjects else 0,
            vocabulary=vocabulary,
            by_depth=by_depth,
            out_of_fold=evaluation.out_of_fold,
            down_weighted=evaluation.down_weighted,
            suspects=evaluation.suspects.head(_SUSPECTS).to_dict("records"),
            corrections=asdict(effect) if effect else None,
            repeated_paper=repeated,
            genres=scorer.genres,
            test_side=sketch(test_data.books["group"]),
            run_id=run.info.run_id,
            champion=job.plan.version if verdict["verdict"] == PROMOTED else stays,
            **verdict,
        )
        registered = ensure_registered(
            folder,
            scorer,
            job.plan.version,
            {"candidate": scorer.name, **verdict},
            classifier_card(job.store, job.plan.inputs, facts, job.plan.parameters),
        )
        manifest, _ = job.publish(
            rows={"train": len(training_data.books), "test": len(test_data.books)},
            facts=facts.model_copy(update={"model_version": str(registered.version)}),
        )
        # If another attempt published first, it may have ended before it set the aliases.
        _set_aliases(ClassifierFacts.of(manifest))


def fit_scorer(
    fits: Fits,
    selected: CandidateResult,
    encoder: Encoder | None,
    by_title: np.ndarray,
    title_calibration: Calibration,
) -> Scorer:
    """Return the selected classifier, trained on all books, with its abstention.

    Args:
        by_title: (books, genres) out-of-fold probabilities from titles and authors alone.
        title_calibration: of the scores behind those.
    """
    data = fits.training_data
    model = fits.fit_all(selected, encoder)
    titles, groups = list(data.books["title"]), pd.factorize(data.books["group"])[0]
    descriptions = list(data.books["description"]) if model.use_descriptions else None

    def threshold(
        probabilities: np.ndarray, read: list[str | None] | None, books: np.ndarray
    ) -> float:
        known = known_out_of_fold(titles, read, data.folds)
        right = probabilities.argmax(axis=1) == data.labels
        confidence, of = probabilities.max(axis=1), groups[books]
        return fit_threshold(
            confidence[books], right[books], known[books], of, data.parameters.max_error
        )

    described = data.described & model.use_descriptions
    from_title = threshold(by_title, None, np.arange(len(titles)))
    abstention = Abstention(
        from_title,
        threshold(selected.probabilities, descriptions, np.flatnonzero(described))
        if described.any()
        else from_title,
        data.parameters.max_error,
        CONFIDENCE,
    )
    return Scorer(
        selected.candidate.name,
        data.genres,
        model,
        selected.calibration,
        title_calibration,
        abstention,
        KnownWords.of(titles, descriptions),
    )


def _test_sides(store: Store) -> list[list[str] | None]:
    """Return the test side of each published classifier; None where it is not recorded."""
    sides: list[list[str] | None] = []
    for version in store.versions(KIND):
        try:
            sides.append(store.manifest(KIND, version).facts.get("test_side"))
        except (CorruptVersionError, NotReadyError):
            sides.append(None)
    return sides


def _encoder(parameters: ClassifierParameters) -> Encoder | None:
    candidates = [CANDIDATES[name] for name in parameters.candidates]
    if not any(isinstance(c, TaskCandidate) and c.embedded for c in candidates):
        return None
    return available_encoder(parameters.sentence_model)


def read_data(
    job: Job[ClassifierParameters], spark: SparkSession, books: DataFrame, encoder: Encoder | None
) -> tuple[TrainingData, TestData]:
    """Return the training and the test books, each in the listing's order.

    Raises:
        BadInputError: there are no test books, or too few training books for the folds.
    """
    parameters = job.parameters
    folded = with_fold(books, parameters.folds, parameters.seed)
    columns = [*_COLUMNS, "split", "fold"]
    if parameters.labels == "many":
        if "subjects" not in books.columns:
            raise BadInputError(
                f"catalog/{job.input(Kind.CATALOG).version} was published without subjects: run "
                "ingest_catalog again, or set labels to one"
            )
        columns.append("subjects")
    table: pd.DataFrame = folded.select(*columns).toPandas()
    if encoder:
        table = table.merge(catalog_sentences(job, spark, books, encoder), on=["file", "position"])
    table = table.sort_values(["file", "position"])
    is_test = table["split"] == "test"
    train, test = (table[rows].reset_index(drop=True) for rows in (~is_test, is_test))
    if test.empty:
        catalog = job.input(Kind.CATALOG).version
        raise BadInputError(
            f"catalog/{catalog} has no book on the test side: give a larger listing"
        )
    check_folds(train, parameters.folds)
    sentences = [
        np.stack(part.pop("sentence").to_list()) if encoder else None for part in (train, test)
    ]
    return TrainingData(spark, train, sentences[0], parameters), TestData(
        test, sentences[1], encoder
    )


def _set_aliases(facts: ClassifierFacts) -> None:
    promoted = facts.model_version if facts.verdict == PROMOTED else None
    point_aliases(facts.model_version, promoted)
