"""Tables, figures and metrics of a selection's MLflow run."""

from collections.abc import Mapping, Sequence
from typing import Any

import mlflow
import numpy as np
import pandas as pd

from dustjacket.genres.evaluate import Evaluation
from dustjacket.genres.figures import (
    bar_figure,
    candidates_figure,
    confusion_figure,
    coverage_figure,
    learning_figure,
    reliability_figure,
    roc_figure,
)
from dustjacket.genres.paper import PAPER, PAPER_NOTE
from dustjacket.genres.selection import CandidateResult
from dustjacket.metrics.classification import confusion, f1_by_genre


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


def track_candidates(results: Sequence[CandidateResult], metric: str) -> None:
    """Log a table and a figure of all candidates, with the paper's figures."""
    table = pd.DataFrame([summary(result) for result in results])
    mlflow.log_table(table.astype({"settings": str, "members": str}), "cross_validation.json")
    figure = candidates_figure(
        list(table["name"]),
        list(table["cv_mean"]),
        list(table["cv_std"]),
        {str(name): value for name, value in PAPER.items()},
        metric,
    )
    mlflow.log_figure(figure, "candidates.png")
    mlflow.set_tag("paper", PAPER_NOTE)


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
        mlflow.log_figure(figure, f"{name}.png")


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
