"""The step that labels a catalogue, on a small one and a classifier of three words."""

import csv

import numpy as np
import pandas as pd
import pytest

from dustjacket.genres import out_of_fold
from dustjacket.genres.answers import Abstention
from dustjacket.genres.bag_of_words import BagOfWords, LinearModel
from dustjacket.genres.scorer import Scorer
from dustjacket.labelling.catalog import SCHEMA
from dustjacket.labelling.published import REVIEW_COLUMNS, read_review
from tests.support.facts import least_facts

pytestmark = pytest.mark.integration
GENRES = ["Cooking", "Science", "Travel"]
VERSION = "20260101T000000000000Z-0123456789ab"
WRONG = [("The road to Paris", "Travel"), ("A star", "Science"), ("Rice again", "Cooking")]


@pytest.fixture(scope="module")
def labelled(steps):
    """The labels of 12 books, of which three are listed as law; one of these was reviewed."""
    listing, corrections = steps.folder / "listing.csv", steps.folder / "corrections.csv"
    rows = [
        (f"{word} {n}", f"Ann {n}", genre, f"About {word}.")
        for genre, word in zip(GENRES, ("rice", "star", "road"), strict=True)
        for n in range(3)
    ]
    rows += [(title, "Bo", "Law", "x" * 5000) for title, _ in WRONG]
    with listing.open("w") as file:
        csv.writer(file).writerows([("title", "author", "genre", "description"), *rows])
    corrections.write_text(
        "title,author,genre,who,when,why\nRice again,Bo,Law,ann,2026-11-29T10:00:00Z,kept\n"
    )
    catalog = steps.run("ingest_catalog", source=str(listing), corrections=str(corrections))
    model = BagOfWords(
        {"rice": 0, "star": 1, "road": 2}, np.ones(3), LinearModel(np.eye(3) * 4, np.zeros(3))
    )
    draft = steps.store.draft("genre_classifier", VERSION)
    Scorer("x", GENRES, model, abstention=Abstention(0.6)).save(steps.folder / "scorer")
    for file in (steps.folder / "scorer").iterdir():
        draft.upload(f"scorer/{file.name}", file)
    learnt = pd.DataFrame({"title": ["rice 0"], "author": ["Ann 0"]})
    out_of_fold.write(draft, learnt, np.array([[0.005, 0.005, 0.99]]))
    draft.publish(facts=least_facts("genre_classifier", genres=GENRES), parents={})
    return catalog, steps.run("label_catalog", review=10, alternatives=1)


def test_each_book_has_a_subject_and_doubtful_ones_are_kept_for_review(steps, labelled):
    catalog, published = labelled
    rows = {row["title"]: row for row in steps.table(published, "labels")}
    assert list(rows["rice 0"]) == SCHEMA.names
    assert len(rows) == catalog.rows["accepted"] == 12
    assert (rows["rice 0"]["subject"], rows["rice 0"]["held_out"]) == ("Travel", True)
    assert rows["rice 0"]["listed_probability"] == pytest.approx(0.005)
    assert (rows["rice 1"]["subject"], rows["rice 1"]["sure"]) == ("Cooking", True)
    assert (rows["star 2"]["subject"], rows["road 2"]["subject"]) == ("Science", "Travel")
    assert rows["Rice again"]["reviewed"]
    review = read_review(steps.store, published)
    assert list(review.columns) == list(REVIEW_COLUMNS)
    found = dict(zip(review["title"], review["subject"], strict=True))
    assert found == {"The road to Paris": "Travel", "A star": "Science", "rice 0": "Travel"}
    assert review["title"][0] == "rice 0", "the widest margin is the first"
    assert set(review["description"].str.len()) == {2000, len("About rice.")}
    facts = published.facts
    assert (facts["labelled"], facts["held_out"], facts["contradicted"]) == (12, 1, 3)
    assert facts["noise_interval"][0] < facts["noise"] == 0.25 < facts["noise_interval"][1]
    assert sum(facts["subjects"].values()) == 12 - facts["not_sure"]
