"""Tables, figures and metrics of a selection's MLflow run."""

from collections.abc import Mapping, Sequence
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dustjacket.genres.evaluate import Evaluation
from dustjacket.genres.figures import (
    bar_figure,
    candidates_by_genre_figure,
    candidates_figure,
    confusion_figure,
    coverage_figure,
    learning_figure,
    reliability_figure,
    roc_figure,
)
from dustjacket.genres.paper import PAPER, PAPER_NOTE
from dustjacket.genres.selection import CandidateResult
from dustjacket.genres.training_data import TrainingData
from dustjacket.metrics.classification import confusion, f1_by_genre

_MAX_ERRORS, _DPI = 1000, 200


def summary(result: CandidateResult) -> dict[str, Any]:
    """Return a candidate's row in the table of the cross-validation."""
    return {
        "name": result.candidate.name,
        "cv_mean": result.mean,
        "cv_std": result.std,
        "seconds": round(result.seconds, 2),
        "settings": result.hyperparameters,
        "members": [member.candidate.name for member in result.members],
        "paper": PAPER.get(result.candidate.name),
    }


def track_candidates(
    results: Sequence[CandidateResult], metric: str, training_data: TrainingData
) -> None:
    """Log tables and figures of all candidates, the best first: their means, and F1 by genre."""
    results = sorted(results, key=lambda result: -result.mean)
    table = pd.DataFrame([summary(result) for result in results])
    mlflow.log_table(table.astype({"settings": str, "members": str}), "cross_validation.json")
    figure = candidates_figure(
        list(table["name"]),
        list(table["cv_mean"]),
        list(table["cv_std"]),
        {str(name): value for name, value in PAPER.items()},
        metric,
    )
    _log_figure(figure, "candidates.png")
    mlflow.set_tag("paper", PAPER_NOTE)
    true, genres = list(training_data.books["genre"]), training_data.genres
    by_genre = pd.DataFrame(
        {
            result.candidate.name: f1_by_genre(
                true, [genres[best] for best in result.probabilities.argmax(axis=1)]
            )
            for result in results
        }
    )
    mlflow.log_table(by_genre.rename_axis("genre").reset_index(), "f1_of_candidates.json")
    _log_figure(candidates_by_genre_figure(by_genre), "f1_of_candidates.png")


def track_evaluation(
    evaluation: Evaluation, test: pd.DataFrame, genres: Sequence[str], metric: str
) -> None:
    """Log the evaluation of the selected classifier.

    Args:
        test: the test books of ``evaluation``.
        genres: in the order of the probabilities.
        metric: the deciding one.
    """
    mlflow.log_metrics(
        {f"test.{name}": value for name, value in evaluation.test.items()}
        | {f"test.{name}.low": low for name, (low, _) in evaluation.intervals.items()}
        | {f"test.{name}.high": high for name, (_, high) in evaluation.intervals.items()}
        | {f"out_of_fold.{name}": value for name, value in evaluation.out_of_fold.items()}
        | {f"down_weighted.{metric}": evaluation.down_weighted}
    )
    track_measured("sure", evaluation.sure)
    track_measured("descriptions_gain", evaluation.descriptions)
    for name in ("suspects", "confusions", "slices", "behaviours", "curve", "coverage"):
        mlflow.log_table(getattr(evaluation, name), f"{name}.json")
    mlflow.log_table(wrong_answers(test, evaluation, genres), "errors.json")
    predicted, true = evaluation.predicted, list(test["genre"])
    right = np.array(predicted) == np.array(true)
    figures = {
        "confusion": confusion_figure(*confusion(true, predicted)),
        "f1_by_genre": bar_figure(f1_by_genre(true, predicted), "F1 on test books"),
        "roc": roc_figure(true, evaluation.probabilities, genres),
        "reliability": reliability_figure(
            evaluation.probabilities.max(axis=1), right, evaluation.test["ece"]
        ),
        "coverage": coverage_figure(evaluation.coverage),
        "learning_curve": learning_figure(
            list(evaluation.curve["rows"]), list(evaluation.curve[metric]), metric
        ),
    }
    for name, figure in figures.items():
        _log_figure(figure, f"{name}.png")


def wrong_answers(
    test: pd.DataFrame, evaluation: Evaluation, genres: Sequence[str]
) -> pd.DataFrame:
    """Return the test books with a wrong prediction, those of the highest probability first.

    At most 1,000 rows of title, author, genre, predicted, and the probability of both.
    """
    column = {genre: index for index, genre in enumerate(genres)}
    table = test[["title", "author", "genre"]].assign(
        predicted=evaluation.predicted,
        probability=evaluation.probabilities.max(axis=1).round(3),
        probability_of_genre=[
            round(float(row[column[genre]]), 3) if genre in column else 0.0
            for row, genre in zip(evaluation.probabilities, test["genre"], strict=True)
        ],
    )
    wrong = table[table["genre"] != table["predicted"]]
    return wrong.sort_values("probability", ascending=False, ignore_index=True).head(_MAX_ERRORS)


def _log_figure(figure: Figure, name: str) -> None:
    mlflow.log_figure(figure, name, save_kwargs={"dpi": _DPI})


def track_measured(prefix: str, measured: Mapping[str, tuple[float, float, float]]) -> None:
    """Log values with the ends of their 95 % intervals."""
    mlflow.log_metrics(
        {
            f"{prefix}.{name}{end}": value
            for name, values in measured.items()
            for end, value in zip(("", ".low", ".high"), values, strict=True)
        }
    )


def track_depths(by_depth: Mapping[str, Mapping[str, float]]) -> None:
    """Log the metrics of :func:`dustjacket.genres.depth.metrics_by_depth`, if there are any."""
    mlflow.log_metrics(
        {
            f"test.depth_{depth}.{name}": value
            for depth, metrics in by_depth.items()
            for name, value in metrics.items()
        }
    )
