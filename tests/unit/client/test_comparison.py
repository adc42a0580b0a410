"""Comparisons: a row for each bar, and its figure."""

from dustjacket.client.comparison import compare_classifiers, compare_clip
from tests.support.published import EVALUATION


def test_a_candidate_is_compared_in_both_directions_with_intervals_and_chance():
    comparison = compare_clip(EVALUATION)
    assert len(comparison.table) == 5
    table = comparison.table.set_index("name")
    assert table.loc["candidate, title → cover", "value"] == 0.6
    assert table.loc["champion, cover → title", ["low", "high"]].round(2).tolist() == [0.15, 0.25]
    assert table.loc["chance", "value"] == 0.05
    assert comparison.conclusion == "promoted: it is better"


def test_classifiers_are_compared_best_first_with_the_selected_one_marked():
    candidates = [
        {"name": "naive_bayes", "cv_mean": 0.7, "cv_std": 0.02},
        {"name": "linear_svm", "cv_mean": 0.8, "cv_std": 0.01},
    ]
    facts = {
        "candidates": candidates, "selected": "naive_bayes", "verdict": "kept", "reason": "why",
    }  # fmt: skip
    table = compare_classifiers(facts).table
    assert list(table.name) == ["linear_svm", "naive_bayes ←"]
    assert table.low.round(2).tolist() == [0.79, 0.68]


def test_a_notebook_shows_the_figure():
    comparison = compare_clip(EVALUATION)
    assert comparison._repr_png_().startswith(b"\x89PNG")
    axes = comparison.figure().axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()][::-1] == list(
        comparison.table.name
    )
    assert axes.get_xlim() == (0, 1)
