"""Figures of a classifier: what they show, and that they can be saved."""

import numpy as np
import pandas as pd
import pytest

from dustjacket.genres.figures import (
    OTHER_BOOKS,
    accuracy_figure,
    bar_figure,
    candidates_by_genre_figure,
    candidates_figure,
    confusion_figure,
    learning_figure,
    reliability_figure,
    roc_figure,
)
from dustjacket.metrics.estimated import Accuracy


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
    theirs = next(line for line in axes.lines if line.get_label() == OTHER_BOOKS)
    assert theirs.get_fillstyle() == "none"
    assert (list(theirs.get_xdata()), list(theirs.get_ydata())) == ([0.4, 0.3], [1, 2])
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first on top
    assert "weighted F1" in axes.get_xlabel()
    saved(figure, tmp_path)


def test_without_a_paper_only_our_candidates_are_shown():
    figure = candidates_figure(["bayes"], [0.6], [0.02], {})
    assert legend(figure.axes[0]) == ["here"]


def test_a_heat_map_sets_the_best_candidate_of_each_genre_in_bold(tmp_path):
    f1 = pd.DataFrame({"bayes": [0.2, 0.9], "svm": [0.8, 0.1]}, index=["Art", "Law"])
    figure = candidates_by_genre_figure(f1)
    bold = [text.get_text() for text in figure.axes[0].texts if text.get_fontweight() == "bold"]
    assert bold == ["0.80", "0.90"]
    saved(figure, tmp_path)


def test_an_accuracy_figure_draws_both_series_and_leaves_out_what_is_unknown(tmp_path):
    both = {name: Accuracy(at, (at - 0.1, at + 0.1), 9) for name, at in
            (("estimated", 0.8), ("realised", 0.7))}  # fmt: skip
    versions = [f"202601{day:02}T000000000000Z-a" for day in (4, 11)]
    figure = accuracy_figure([(versions[0], {"estimated": both["estimated"]}), (versions[1], both)])
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["04.01.", "11.01."]
    lines = [each.lines[0] for each in axes.containers]
    assert [line.get_ydata().tolist() for line in lines] == [[0.8, 0.8], [0.7]]
    assert len(legend(axes)) == 2
    saved(figure, tmp_path)
