"""The tables of a run's report."""

import io
from datetime import UTC, datetime
from types import SimpleNamespace

from dustjacket.cli import report
from dustjacket.cli.context import LiteralConsole
from dustjacket.cli.report import (
    _print_evaluation,
    build_report,
    candidates_table,
    print_corrections,
    print_depths,
    print_sure,
    print_unchanged,
    print_vocabulary,
)
from tests.support.bucket import store_in_memory


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


def evaluated(verdict, *, first):
    """Return facts of an evaluation; in a first one the champion is the starting model."""

    def model(value):
        found = {"recall_at_10": value}
        intervals = {"title_to_cover": {"recall_at_10": (value, value)}}
        intervals["cover_to_title"] = intervals["title_to_cover"]
        return {"title_to_cover": found, "cover_to_title": found, "intervals": intervals}

    general = {"accuracy": 0.1, "chance": 0.064}
    return {
        "starting": model(0.09), "champion": model(0.09 if first else 0.7),
        "fine_tuned": model(0.83), "chance": {"recall_at_10": 0.05},
        "ablation": {"conclusion": "the genre adds nothing"}, "drift": None,
        "general": dict.fromkeys(("starting", "champion", "fine_tuned"), general),
        "verdict": verdict, "reason": "it finds more",
    }  # fmt: skip


def report_of(evaluation):
    console = LiteralConsole(width=160, file=io.StringIO())
    _print_evaluation(evaluation, console)
    return console.file.getvalue()


def test_a_first_evaluation_has_a_row_before_and_one_now_and_chance():
    text = report_of(evaluated("promoted", first=True))
    assert "starting weights" not in text
    assert "champion before" in text
    assert "promoted now" in text
    assert "general recognition: champion before 0.100, promoted now 0.100 (chance 0.064)" in text


def test_a_later_one_that_is_refused_names_champion_and_candidate():
    text = report_of(evaluated("worse", first=False))
    assert [word for word in ("starting weights", "champion", "candidate") if word in text]
    assert "promoted now" not in text
    assert "before" not in text


def published_report(monkeypatch, seconds):
    store = store_in_memory()
    pages = {"report.html": "http://mlflow/report", "": "http://mlflow/run"}
    monkeypatch.setattr(report, "run_page", lambda _, __, ___, path="": pages.get(path, ""))
    monkeypatch.setattr(report, "Store", lambda _: store)
    facts = {
        "catalog": {"rows_read": 3000, "rows_accepted": 2917, "rows_rejected": 83,
                    "rejected_by_reason": {}},
        "covers": {"read": 10, "accepted": 9, "rejected": 1, "rejected_by_reason": {}},
    }  # fmt: skip
    versions = {
        name: SimpleNamespace(version=f"{name}-1", kind=kind, facts=facts.get(kind, {}),
                              published_at=datetime(2026, 5, 3, 14, 20, tzinfo=UTC))
        for name, kind in (("ingest_catalog", "catalog"), ("ingest_covers", "covers"),
                           ("evaluate_clip", "none"))
    }  # fmt: skip
    return build_report(versions, seconds, store.settings)


def test_a_report_has_the_times_of_its_run_and_the_addresses_of_its_pages(monkeypatch):
    figures = published_report(monkeypatch, {"label_covers": 3.0})
    assert figures["seconds"] == {"label_covers": 3.0}
    assert figures["pages"]["evaluate_clip"] == {
        "MLflow run": "http://mlflow/run", "Report": "http://mlflow/report",
    }  # fmt: skip


def test_where_nothing_had_to_be_done_the_result_is_short(monkeypatch):
    figures = published_report(monkeypatch, {})
    figures["classifier"] = {"selected": "linear_svm", "test": {"f1_weighted": 0.849}}
    figures["evaluation"] = {"verdict": "promoted", "reason": "it finds more"}
    console = LiteralConsole(width=200, file=io.StringIO())
    print_unchanged(figures, console)
    text = console.file.getvalue()
    assert text.startswith("nothing has changed since 2026-05-03 14:20 UTC\n")
    assert "2,917 of 3,000 rows of catalog, 9 of 10 rows of covers" in text
    assert "linear_svm: f1_weighted 0.849" in text
    assert "http://mlflow/report" in text
    assert text.count("\n") <= 8
