"""A selection of records with descriptions and subjects."""

import random

import mlflow

from dustjacket.genres.read import load_scorer
from dustjacket.genres.scorer import predict_genre
from dustjacket.genres.why import find_training_books
from dustjacket.sample.listing import listed_books
from dustjacket.sample.tables import write_json_lines
from dustjacket.tracking import runs as tracking


def test_descriptions_and_subjects_are_learnt_measured_and_answered(steps, tmp_path):
    listing = tmp_path / "listing.jsonl"
    write_json_lines(listing, (book.values for book in listed_books(400, random.Random(7))))
    steps.run("ingest_catalog", source=str(listing))
    published = steps.run(
        "select_classifier", candidates=("complement_nb",), folds=2, labels="many"
    )
    facts, scorer = published.facts, load_scorer(steps.store, published, tmp_path / "cache")
    assert scorer.model.use_descriptions
    assert set(facts["descriptions"]) == {"accuracy", "f1_weighted", "f1_macro"}
    assert facts["n_subjects"] == len(scorer.subjects.subjects) > 10
    for value, low, high in facts["subjects"].values():
        assert 0 <= low <= value <= high <= 1
    assert facts["subjects"]["f1_micro"][0] > 0.5, "descriptions name the keywords"
    tracking.connect(steps.settings)
    logged = mlflow.get_run(facts["run_id"]).data.metrics
    assert logged["subjects.f1_micro.low"] == facts["subjects"]["f1_micro"][1]
    text = "tower, in red: a book whose cover shows what its title names."
    answer = predict_genre(scorer, "Murder at the Red Tower", None, text)
    assert "keywords:red" in dict(answer.subjects)
    (first, *_) = find_training_books(steps.store, published).nearest("The Red Tower", None)
    assert 0 < first.similarity <= 1
