"""The second model of a selection with ``labels=many``, and the vocabulary of its subjects."""

from dataclasses import replace
from typing import Any

from dustjacket.errors import BadInputError
from dustjacket.genres.scorer import Scorer
from dustjacket.genres.sentences import available_encoder
from dustjacket.genres.step import ClassifierParameters
from dustjacket.genres.subject_labels import SubjectNames
from dustjacket.genres.subjects import evaluate_subjects, fit_subjects
from dustjacket.genres.track import track_measured
from dustjacket.genres.training_data import TestData, TrainingData
from dustjacket.metrics.multilabel import Measured
from dustjacket.records.vocabulary import MAX_BYTES, Vocabulary, read_vocabulary
from dustjacket.sources.files import stage
from dustjacket.sources.streams import opened
from dustjacket.storage.store import Store


def named_subjects(
    parameters: ClassifierParameters, data: TrainingData, store: Store
) -> tuple[SubjectNames | None, dict[str, Any]]:
    """Return how subjects become labels, None without ``labels=many``, and the vocabulary's facts.

    Raises:
        BadInputError: the vocabulary cannot be read, or is not that of the books.
    """
    if parameters.labels == "one":
        return None, {}
    by = SubjectNames(read_staged(parameters.subject_vocabulary, store))
    return by, by.summary([by.of(each) for each in data.books["subjects"]])


def read_staged(address: str, store: Store) -> Vocabulary | None:
    """Return the vocabulary at a path or an ``s3://`` address; empty: None.

    Raises:
        BadInputError: it is not one file, or cannot be read.
    """
    if not address:
        return None
    files = stage(address, store, lambda _: True)
    if len(files) != 1:
        raise BadInputError(f"subject_vocabulary {address!r} is {len(files)} files: name one")
    with opened(files[0], store) as stream:
        return read_vocabulary(stream.read(MAX_BYTES + 1), files[0].name)


def with_subjects(
    scorer: Scorer, training_data: TrainingData, test_data: TestData, by: SubjectNames
) -> tuple[Scorer, dict[str, Measured]]:
    """Return a classifier that assigns several subjects too, and their metrics on test books.

    Raises:
        BadInputError: too few subjects have books enough, or no test book has one.
    """
    parameters = training_data.parameters
    encoder = available_encoder(parameters.sentence_model)
    model = fit_subjects(training_data, parameters.min_subject_books, by, encoder)
    measured = evaluate_subjects(
        model, test_data, described=scorer.model.use_descriptions, seed=parameters.seed, by=by
    )
    track_measured("subjects", measured)
    return replace(scorer, subjects=model), measured
