"""The tables of a run's report."""

import io

from dustjacket.cli.context import LiteralConsole
from dustjacket.cli.report import (
    candidates_table,
    print_corrections,
    print_depths,
    print_sure,
    print_vocabulary,
)


def printed(classifier):
    console = LiteralConsole(width=120, record=True, file=io.StringIO())
    console.print(candidates_table(classifier))
    return [" ".join(line.split()) for line in console.export_text().splitlines()]


def test_the_report_shows_the_papers_figures_and_those_of_its_protocol_repeated_beside_ours():
    ours = {"name": "naive_bayes", "cv_mean": 0.5, "cv_std": 0.01, "seconds": 7.4}
    classifier = {"candidates": [ours], "selected": "naive_bayes", "repeated_paper": {}}
    assert "│ naive_bayes ← │ 0.500 │ 0.010 │ 7 │ 0.598 │" in printed(classifier)
    classifier["repeated_paper"] = {"naive_bayes": 0.31, "random_forest": 0.199}
    lines = printed(classifier)
    assert any("paper's protocol, repeated" in line for line in lines)
    assert "│ naive_bayes ← │ 0.500 │ 0.010 │ 7 │ 0.598 │ 0.310 │" in lines
    assert "│ random_forest │ - │ - │ - │ 0.543 │ 0.199 │" in lines


def test_the_report_shows_a_classifier_at_each_depth_of_its_genres():
    console = LiteralConsole(width=120, record=True, file=io.StringIO())
    depths = {"1": {"f1_macro": 0.8, "accuracy": 0.9, "genres": 4.0}}
    print_depths({"by_depth": depths}, console)
    print_depths({}, console)
    assert console.export_text() == "at depth 1, 4 genres: macro F1 0.800, accuracy 0.900\n"


def test_the_report_shows_of_how_many_books_the_classifier_is_sure():
    console = LiteralConsole(width=160, record=True, file=io.StringIO())
    sure = {"coverage": (0.4, 0.3, 0.5), "error": (0.08, 0.04, 0.12)}
    print_sure({"sure": sure, "abstention": {"max_error": 0.1}}, console)
    print_sure({}, console)
    assert console.export_text() == (
        "sure of held-out books: coverage 0.400 (0.300 to 0.500), error 0.080 (0.040 to 0.120); "
        "at most 0.100 is stated\n"
    )


def test_what_corrections_changed_is_a_line_with_intervals(capsys):
    console = LiteralConsole(width=200)
    found = {
        "books": 50, "changed": 41, "noise_before": 0.2, "noise_before_interval": (0.17, 0.23),
        "noise_after": 0.16, "noise_after_interval": (0.13, 0.19),
    }  # fmt: skip
    print_corrections({"corrections": found}, console)
    print_corrections({}, console)
    assert capsys.readouterr().out == (
        "corrections changed the genre of 41 of 50 training books; estimated label noise "
        "0.200 (0.170 to 0.230), then 0.160 (0.130 to 0.190)\n"
    )


def test_the_report_shows_what_a_vocabulary_and_the_books_have_in_common():
    console = LiteralConsole(width=160, record=True, file=io.StringIO())
    found = {"name": "yso", "terms": 30_000, "without_books": 29_000, "unknown": 12,
             "unknown_examples": ["Dogs", "Cats"]}  # fmt: skip
    print_vocabulary({"vocabulary": found}, console)
    print_vocabulary({}, console)
    assert console.export_text() == (
        "vocabulary yso: 30,000 terms, 29,000 without books; 12 subjects of books are no terms "
        "(such as Dogs, Cats)\n"
    )
