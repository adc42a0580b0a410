"""Training and evaluation of several subjects, with Spark's tasks run in this process."""

import random
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dustjacket.errors import BadInputError
from dustjacket.genres.sentences import Encoder
from dustjacket.genres.step import ClassifierParameters
from dustjacket.genres.subject_labels import SubjectNames
from dustjacket.genres.subject_step import named_subjects
from dustjacket.genres.subjects import evaluate_subjects, fit_subjects
from dustjacket.genres.training_data import TestData, TrainingData
from dustjacket.records.vocabulary import read_vocabulary
from dustjacket.sample.grammar import make_book
from tests.support.bucket import store_in_memory
from tests.support.classifiers import OneProcess


def subject(heading):
    return {"scheme": "lcsh", "code": "", "heading": heading, "main": False}


@pytest.fixture(scope="module")
def books():
    draw = random.Random(5)
    made = [make_book(draw) for _ in range(360)]
    return pd.DataFrame(
        {
            "title": [book.title for book in made],
            "author": [book.author for book in made],
            "description": [f"A {book.colour} {book.motif}" for book in made],
            "genre": [book.genre.name for book in made],
            "group": [book.title for book in made],
            "subjects": [
                [
                    subject(f"Colours -- {book.colour}"),
                    subject(f"Things -- {book.motif}"),
                    subject(book.genre.name),
                ]
                for book in made
            ],
            "fold": [len(book.title) % 2 for book in made],
        }
    )


@pytest.fixture(scope="module")
def data(books):
    parameters = ClassifierParameters(folds=2, labels="many")
    return TrainingData(OneProcess(), books[:300], None, parameters)


@pytest.fixture(scope="module")
def model(data):
    return fit_subjects(data, 10)


def test_subjects_of_unseen_books_are_found(books, model):
    test = TestData(books[300:].reset_index(drop=True))
    measured = evaluate_subjects(model, test, described=True, seed=13)
    assert measured["f1_micro"][0] > 0.8
    assert measured["ndcg_at_5"][1] > 0.8
    by_title = evaluate_subjects(model, test, described=False, seed=13)
    assert by_title["f1_micro"][0] < measured["f1_micro"][0] + 0.02


def test_a_rare_subject_is_learnt_as_its_parent(data):
    wide = fit_subjects(data, 60)
    assert wide.subjects == ["lcsh:Colours", "lcsh:Things"]


def test_what_embeddings_tell_is_learnt_beside_words(data, books, monkeypatch):
    hidden = np.arange(len(books)) % 5 == 0  # no word says it
    subjects = [
        [*row, subject("Hidden")] if is_hidden else row
        for row, is_hidden in zip(books["subjects"], hidden, strict=True)
    ]
    texts = books["title"] + " " + books["description"]
    told = {text for text, is_hidden in zip(texts, hidden, strict=True) if is_hidden}

    def encode(_, texts, authors):
        return np.array([[1.0, 0.0] if text in told else [0.0, 1.0] for text in texts])

    monkeypatch.setattr(Encoder, "encode", encode)
    books = books.assign(subjects=subjects, title=texts, description=None)
    learnt = replace(data, books=books[:300])
    test = books[300:].reset_index(drop=True)
    found = []
    for encoder in (None, Encoder("none", "0")):
        model = fit_subjects(learnt, 10, encoder=encoder)
        at = model.subjects.index("lcsh:Hidden")
        scores = model.probabilities(list(test["title"]), list(test["author"]))[:, at]
        found.append(np.corrcoef(scores, hidden[300:])[0, 1])
    assert found[0] < 0.5
    assert found[1] > 0.9


def test_a_vocabulary_gives_names_and_parents(data, books):
    table = ["code,name,parent", "c,Colours,", "t,Things,"]
    headings = {each["heading"] for subjects in books["subjects"] for each in subjects}
    for number, heading in enumerate(sorted(headings)):
        if " -- " in heading:
            table.append(f"n{number},{heading},{heading[0].lower()}")
    by = SubjectNames(read_vocabulary("\n".join(table).encode(), "own.csv"))
    model = fit_subjects(data, 60, by)
    assert model.subjects == ["own:c Colours", "own:t Things"]
    test = TestData(books[300:].reset_index(drop=True))
    measured = evaluate_subjects(model, test, described=True, seed=13, by=by)
    assert measured["f1_micro"][0] > 0.8


def test_a_vocabulary_is_read_and_compared_with_the_books_before_anything_is_fitted(tmp_path, data):
    store, file = store_in_memory(), tmp_path / "own.csv"
    assert named_subjects(ClassifierParameters(), data, store) == (None, {})
    without = ClassifierParameters(labels="many")
    assert named_subjects(without, data, store)[1] == {}
    given = ClassifierParameters(labels="many", subject_vocabulary=str(file))
    file.write_text("code,name\nx,Nothing\n")
    with pytest.raises(BadInputError, match="none of its 1 terms"):
        named_subjects(given, data, store)
    file.write_text("code,name,parent\na,A,b\nb,B,a\n")
    with pytest.raises(BadInputError, match="cycle"):
        named_subjects(given, data, store)
    heading = data.books["subjects"][0][0]["heading"]
    file.write_text(f"code,name\nx,{heading}\n")
    by, facts = named_subjects(given, data, store)
    assert facts["without_books"] == 0
    assert by.of(data.books["subjects"][0]) == [f"own:x {heading}"]


def test_a_fit_repeats_to_the_same_model(data, model):
    again = fit_subjects(data, 10)
    assert again.subjects == model.subjects
    assert np.array_equal(again.values, model.values)
    assert np.array_equal(again.thresholds, model.thresholds)


def test_books_without_subjects_are_refused(data, model):
    none = replace(data, books=data.books.assign(subjects=None))
    with pytest.raises(BadInputError, match="0 of 0 subjects"):
        fit_subjects(none, 10)
    with pytest.raises(BadInputError, match="no test book"):
        evaluate_subjects(model, TestData(none.books), described=True, seed=13)
