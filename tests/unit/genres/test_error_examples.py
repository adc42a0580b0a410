"""What is told of a model: intervals, suspect books, slices, behaviours and figures."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.genres.checklist import behaviours, keywords
from dustjacket.genres.error_examples import slices, worst_confusions
from dustjacket.genres.figures import (
    bar_figure,
    candidates_figure,
    confusion_figure,
    learning_figure,
    reliability_figure,
    roc_figure,
)
from dustjacket.genres.label_noise import suspects, trust
from dustjacket.metrics.classification import label_metrics

GENRE = st.sampled_from(["Art", "Crime", "Law", "Travel"])


# Audit

SHELF = pd.DataFrame(
    {
        "title": ["Painting", "Drawing", "Torts", "Contracts", "Sketching"],
        "author": [None, "A", "B", "C", "D"],
        "genre": ["Art", "Art", "Law", "Law", "Law"],
    }
)
OUT_OF_FOLD = np.array([[0.9, 0.1], [0.7, 0.3], [0.1, 0.9], [0.45, 0.55], [0.8, 0.2]])


def test_a_book_is_suspect_where_another_genre_is_as_likely_as_it_usually_is():
    found = suspects(SHELF, OUT_OF_FOLD, ["Art", "Law"])  # Art is usually given 0.8
    assert found.to_dict("records") == [
        {
            "title": "Sketching", "author": "D", "genre": "Law", "likely": "Art",
            "probability": 0.8, "given_probability": 0.2,
        }
    ]  # fmt: skip
    unsure = OUT_OF_FOLD.copy()
    unsure[4] = 0.79, 0.21
    assert suspects(SHELF, unsure, ["Art", "Law"]).empty


def test_the_widest_margin_is_the_most_suspect():
    books = pd.concat([SHELF, SHELF.iloc[[4, 4]]], ignore_index=True)
    found = np.vstack([OUT_OF_FOLD, [0.95, 0.05], [0.85, 0.15]])
    ranked = suspects(books, found, ["Art", "Law"])
    assert list(ranked.index) == [5, 6, 4]
    assert list(suspects(books, found, ["Art", "Law"], most=2).index) == [5, 6]


def test_suspects_count_less_in_training_and_only_they_do():
    assert trust(SHELF, OUT_OF_FOLD, ["Art", "Law"]).tolist() == [1, 1, 1, 1, 0.2]
    assert trust(SHELF, OUT_OF_FOLD, ["Art", "Law"], weight=0.0).tolist() == [1, 1, 1, 1, 0]


def test_a_genre_that_no_book_was_given_raises_no_suspicion():
    found = np.column_stack([OUT_OF_FOLD[:, 0] / 10, OUT_OF_FOLD[:, 1] / 10, np.full(5, 0.9)])
    assert suspects(SHELF, found, ["Art", "Law", "Travel"]).empty


def test_a_given_genre_that_was_not_learnt_has_no_probability():
    books = SHELF.assign(genre=["Art", "Art", "Law", "Law", "Maps"])
    found = suspects(books, OUT_OF_FOLD, ["Art", "Law"])
    assert found[["genre", "likely", "given_probability"]].to_numpy().tolist() == [
        ["Maps", "Art", 0.0]
    ]


@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.integers(1, 25))
@settings(deadline=None, max_examples=40)
def test_the_books_of_less_trust_are_the_suspects(seed, genres, books):
    rng = np.random.default_rng(seed)
    names = [f"genre {at}" for at in range(genres)]
    shelf = pd.DataFrame(
        {"title": "t", "author": None, "genre": rng.choice(names, books)}, index=range(books)
    )
    found = rng.dirichlet(np.ones(genres), size=books)
    suspect = suspects(shelf, found, names)
    assert (suspect["likely"] != suspect["genre"]).all()
    assert (suspect["probability"] - suspect["given_probability"]).is_monotonic_decreasing
    weights = trust(shelf, found, names)
    assert sorted(suspect.index) == np.flatnonzero(weights < 1).tolist()


# Review

TESTED = pd.DataFrame(
    {
        "title": [
            "Torts",
            "The Law of the Sea",
            "A Very Long Walk Through the Alps and What We Saw There",
            "Contracts: Cases, Notes - and Comments",
            "Alpine Walks",
            "The Seven Hills of Rome, on Foot",
        ],
        "author": ["A", None, "", "B", "C", "D"],
        "genre": ["Law", "Law", "Travel", "Law", "Travel", "Travel"],
    },
    index=[7, 7, 3, 1, 0, 9],
)
ANSWERS = ["Law", "Travel", "Travel", "Travel", "Art", "Travel"]


def test_slices_divide_the_books_by_genre_by_length_and_by_author():
    found = slices(TESTED, ANSWERS)
    counts = {(row.slice, row.value): row.books for row in found.itertuples()}
    assert counts == {
        ("genre", "Law"): 3, ("genre", "Travel"): 3,
        ("title words", "1-3"): 2, ("title words", "4-6"): 2,
        ("title words", "7-10"): 1, ("title words", "11+"): 1,
        ("author", "given"): 4, ("author", "none"): 2,
    }  # fmt: skip
    assert list(found.columns) == ["slice", "value", "books", "accuracy", "f1_weighted"]


def test_a_slice_is_measured_on_its_own_books():
    found = slices(TESTED, ANSWERS).set_index(["slice", "value"])
    assert found.loc[("genre", "Law"), "accuracy"] == pytest.approx(1 / 3)
    assert found.loc[("author", "none"), "accuracy"] == pytest.approx(1 / 2)
    given_author = label_metrics(
        ["Law", "Law", "Travel", "Travel"], ["Law", "Travel", "Art", "Travel"]
    )
    assert found.loc[("author", "given"), "f1_weighted"] == given_author["f1_weighted"]


SLICED = st.tuples(st.integers(1, 13), GENRE, GENRE, st.sampled_from([None, "", "A"]))


@given(st.lists(SLICED, min_size=1, max_size=8))
@settings(deadline=None, max_examples=8)
def test_every_way_to_slice_covers_every_book(rows):
    words, genres, predicted, authors = map(list, zip(*rows, strict=True))
    titles = ["word " * count for count in words]
    books = pd.DataFrame({"title": titles, "author": authors, "genre": genres})
    found = slices(books, predicted)
    right = np.sum(np.array(genres) == np.array(predicted))
    for _, part in found.groupby("slice"):
        assert part["books"].sum() == len(rows)
        assert (part["books"] * part["accuracy"]).sum() == pytest.approx(right)


def test_the_worst_confusion_is_of_the_most_books():
    found = worst_confusions(TESTED, ANSWERS, examples=1)
    assert found.to_dict("records") == [
        {
            "genre": "Law", "taken_for": "Travel", "books": 2, "share": pytest.approx(2 / 3),
            "titles": "The Law of the Sea",
        },
        {
            "genre": "Travel", "taken_for": "Art", "books": 1, "share": pytest.approx(1 / 3),
            "titles": "Alpine Walks",
        },
    ]  # fmt: skip
    assert len(worst_confusions(TESTED, ANSWERS, most=1)) == 1
    titles = worst_confusions(TESTED, ANSWERS)["titles"]
    assert titles[0] == "The Law of the Sea | Contracts: Cases, Notes - and Comments"


def test_right_answers_confuse_nothing():
    found = worst_confusions(TESTED, list(TESTED["genre"]))
    assert found.empty
    assert list(found.columns) == ["genre", "taken_for", "books", "share", "titles"]


# Behaviour

GENRES = ["Cooking", "Law"]
WORDS = {"Cooking": "recipes", "Law": "torts"}
BOOKS = pd.DataFrame(
    {
        "title": ["Soup Recipes", "RECIPES", "Torts Explained", "Old Roads"],
        "author": ["A", None, "B", "C"],
        "genre": ["Cooking", "Cooking", "Law", "Law"],
    }
)


def reader(law):
    """A classifier that is sure of law where ``law`` says so of a title and an author."""

    def predict(titles, authors):
        found = np.array([law(*book) for book in zip(titles, authors, strict=True)], dtype=float)
        return np.column_stack([1 - found, found])

    return predict


def tried(law, books=BOOKS, **options):
    return behaviours(reader(law), books, GENRES, WORDS, **options).set_index("behaviour")


def test_a_classifier_that_reads_words_holds_every_expectation():
    found = tried(lambda title, _: "torts" in title.casefold())
    assert found["share_held"].tolist() == [1.0] * 6
    assert found["example"].tolist() == [""] * 6
    # Only changed books are tried: one title is in capitals, one is a single word, one lacks an
    # author, one has no keyword.
    assert found["books"].to_dict() == {
        "upper case": 3, "lower case": 4, "punctuation added": 4, "blanks doubled": 3,
        "author added": 1, "keyword swapped": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("law", "broken", "share"),
    [
        (lambda title, _: title.isupper(), "upper case", 0.0),
        (lambda title, _: title == title.lower(), "lower case", 0.0),
        (lambda title, _: "!" in title, "punctuation added", 0.0),
        (lambda title, _: "  " in title, "blanks doubled", 0.0),
        (lambda _, author: author == "Unknown Writer", "author added", 0.0),
        (lambda title, _: "torts" not in title.casefold(), "keyword swapped", 0.0),
        (lambda title, _: title.startswith("torts"), "keyword swapped", 2 / 3),
    ],
)
def test_a_classifier_that_reads_more_than_words_fails_what_it_should_not_read(law, broken, share):
    row = tried(law).loc[broken]
    assert row["share_held"] == pytest.approx(share)
    assert row["example"]


def test_an_example_tells_the_book_and_both_answers():
    found = tried(lambda title, _: title == "OLD ROADS")
    assert found.loc["upper case", "example"] == (
        "Old Roads by C: Cooking 1.00 -> OLD ROADS by C: Law 1.00"
    )
    assert found.loc["upper case", "share_held"] == pytest.approx(2 / 3)
    swapped = tried(lambda *_: False, BOOKS.iloc[[2]]).loc["keyword swapped"]
    assert swapped["example"] == (
        "torts explained by B: Cooking 1.00 -> recipes explained by B: Cooking 1.00"
    )


def test_what_no_book_can_show_is_not_held_to_be_shown():
    row = tried(lambda *_: True, BOOKS.iloc[[3]]).loc["author added"]
    assert row["books"] == 0
    assert np.isnan(row["share_held"])
    assert row["example"] == ""


def test_no_more_books_are_tried_than_asked_for_and_a_seed_draws_the_same():
    many = pd.concat([BOOKS] * 20, ignore_index=True)

    def law(title, _):
        return len(title) % 2 == 0

    found = tried(law, many, most=7)
    assert found["books"].max() == 7
    pd.testing.assert_frame_equal(found, tried(law, many, most=7))


def test_no_keyword_is_swapped_in_for_a_genre_that_was_not_learnt():
    words = {**WORDS, "Maps": "atlas"}
    found = behaviours(reader(lambda title, _: "torts" in title.casefold()), BOOKS, GENRES, words)
    assert found.set_index("behaviour").loc["keyword swapped", "share_held"] == 1


def test_a_keyword_is_the_word_that_speaks_most_for_a_genre():
    books = pd.DataFrame(
        {
            "title": ["The Café of Rome", "the café guide"] + ["The road"] * 3 + ["Law of roads"],
            "genre": ["Travel", "Travel", "Motoring", "Motoring", "Motoring", "Law"],
        }
    )
    assert keywords(books, least=2) == {"Travel": "cafe", "Motoring": "road"}
    assert keywords(books, least=3) == {"Motoring": "road"}


def test_a_word_counts_once_a_title():
    titles = ["map map map", "atlas", "atlas", "law", "law"]
    books = pd.DataFrame({"title": titles, "genre": ["Travel"] * 3 + ["Law"] * 2})
    assert keywords(books, least=2) == {"Travel": "atlas", "Law": "law"}


# Figures


def saved(figure, folder):
    path = folder / "figure.png"
    figure.savefig(path, dpi=50)
    assert path.read_bytes().startswith(b"\x89PNG")


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_a_confusion_figure_writes_the_counts_that_are_not_nought(tmp_path):
    figure = confusion_figure(["Art", "Law"], np.array([[3, 0], [1, 2]]))
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["3", "1", "2"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    saved(figure, tmp_path)


def test_a_bar_figure_has_its_longest_bar_on_top(tmp_path):
    figure = bar_figure({"Art": 0.9, "Law": 0.2, "Maps": 0.5}, "F1")
    (axes,) = figure.axes
    assert [bar.get_width() for bar in axes.patches] == [0.2, 0.5, 0.9]
    assert axes.get_xlabel() == "F1"
    saved(figure, tmp_path)


def test_a_roc_figure_has_a_curve_a_genre_and_names_the_mean_the_best_and_the_worst(tmp_path):
    rng = np.random.default_rng(5)
    genres = [f"genre {at}" for at in range(9)]
    at = rng.integers(8, size=400)  # no book is of the last
    found = rng.random((400, 9))
    found[np.arange(400), at] += np.linspace(0, 1, 9)[at]  # the later the genre, the better told
    figure = roc_figure([genres[index] for index in at], found, genres)
    (axes,) = figure.axes
    assert len(axes.lines) == 8 + 2  # the diagonal and the mean
    named = legend(axes)
    assert len(named) == 7
    assert named[0].startswith("macro-average")
    assert {name.rsplit(" ", 1)[0] for name in named[1:4]} == {"genre 5", "genre 6", "genre 7"}
    assert {name.rsplit(" ", 1)[0] for name in named[4:]} == {"genre 0", "genre 1", "genre 2"}
    area = float(named[0].split()[-1])
    assert area == pytest.approx(
        np.mean([float(line.get_label().split()[-1]) for line in axes.lines[1:-1]]), abs=1e-3
    )
    bold = axes.lines[-1]
    assert bold.get_linewidth() > max(line.get_linewidth() for line in axes.lines[:-1])
    assert np.trapezoid(bold.get_ydata(), bold.get_xdata()) == pytest.approx(area, abs=2e-3)
    saved(figure, tmp_path)


def test_a_roc_figure_of_one_genre_has_no_curve(tmp_path):
    figure = roc_figure(["Art"], np.array([[0.9, 0.1]]), ["Art", "Law"])
    assert len(figure.axes[0].lines) == 1
    saved(figure, tmp_path)


def test_a_reliability_figure_sets_accuracy_against_confidence_over_counts(tmp_path):
    confidence = np.array([0.42, 0.42, 0.42, 0.97, 1 + 1e-9])
    figure = reliability_figure(confidence, np.array([True, False, False, True, True]), 0.054)
    above, below = figure.axes
    bins = above.lines[1]
    assert list(bins.get_xdata()) == pytest.approx([0.42, 0.985])
    assert list(bins.get_ydata()) == pytest.approx([1 / 3, 1])
    counts = [bar.get_height() for bar in below.patches]
    assert (len(counts), counts[6], counts[14], sum(counts)) == (15, 3, 2, 5)
    assert "0.054" in above.get_title()
    saved(figure, tmp_path)


def test_a_learning_figure_shows_held_out_books_by_rows_learnt_of(tmp_path):
    figure = learning_figure([1000, 4000], [0.5, 0.6], "weighted F1")
    (axes,) = figure.axes
    (line,) = axes.lines
    assert list(line.get_ydata()) == [0.5, 0.6]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1,000", "4,000"]
    assert axes.get_ylabel() == "weighted F1 on held-out books"
    saved(figure, tmp_path)


def test_a_candidates_figure_sets_the_papers_figures_beside_ours(tmp_path):
    paper = {"bayes": 0.4, "lost": 0.3}
    figure = candidates_figure(["forest", "bayes"], [0.5, 0.6], [0.01, 0.02], paper, "weighted F1")
    (axes,) = figure.axes
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["forest", "bayes", "lost"]
    theirs = next(line for line in axes.lines if line.get_label() == "paper")
    assert theirs.get_fillstyle() == "none"
    assert (list(theirs.get_xdata()), list(theirs.get_ydata())) == ([0.4, 0.3], [1, 2])
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first on top
    assert "weighted F1" in axes.get_xlabel()
    saved(figure, tmp_path)


def test_without_a_paper_only_our_candidates_are_shown():
    figure = candidates_figure(["bayes"], [0.6], [0.02], {})
    assert legend(figure.axes[0]) == ["here"]
