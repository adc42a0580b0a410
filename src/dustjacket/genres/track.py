"""A selection in MLflow: tables, figures and metrics of its run."""

from collections.abc import Sequence
from typing import Any

import mlflow
import numpy as np
import pandas as pd

from dustjacket.genres.evaluate import Assessment
from dustjacket.genres.figures import (
    bar_figure,
    candidates_figure,
    confusion_figure,
    learning_figure,
    reliability_figure,
    roc_figure,
)
from dustjacket.genres.paper import PAPER, PAPER_NOTE
from dustjacket.genres.selection import Result
from dustjacket.metrics.classification import confusion, f1_by_genre


def summary(result: Result) -> dict[str, Any]:
    """Return what a report says of a candidate."""
    return {
        "name": result.candidate.name,
        "cv_mean": result.mean,
        "cv_std": result.std,
        "seconds": round(result.seconds, 2),
        "settings": result.point,
        "members": [member.candidate.name for member in result.members],
        "paper": PAPER.get(result.candidate.name),
    }


def track_candidates(results: Sequence[Result], metric: str) -> None:
    """Log the candidates side by side, with the paper's figures."""
    table = pd.DataFrame([summary(result) for result in results])
    mlflow.log_table(table.astype({"settings": str, "members": str}), "cross_validation.json")
    figure = candidates_figure(
        list(table["name"]),
        list(table["cv_mean"]),
        list(table["cv_std"]),
        {str(name): at for name, at in PAPER.items()},
        metric,
    )
    mlflow.log_figure(figure, "candidates.png")
    mlflow.set_tag("paper", PAPER_NOTE)


def track_assessment(
    found: Assessment, test: pd.DataFrame, genres: Sequence[str], metric: str
) -> None:
    """Log what was found of the selected classifier.

    Args:
        test: the test books, of which ``found`` tells.
    """
    mlflow.log_metrics(
        {f"test.{name}": value for name, value in found.test.items()}
        | {f"test.{name}.low": low for name, (low, _) in found.intervals.items()}
        | {f"test.{name}.high": high for name, (_, high) in found.intervals.items()}
        | {f"out_of_fold.{name}": value for name, value in found.out_of_fold.items()}
        | {f"down_weighted.{metric}": found.down_weighted}
    )
    for name in ("suspects", "confusions", "slices", "behaviours", "curve"):
        mlflow.log_table(getattr(found, name), f"{name}.json")
    predicted, true = found.predicted, list(test["genre"])
    right = np.array(predicted) == np.array(true)
    figures = {
        "confusion": confusion_figure(*confusion(true, predicted)),
        "f1_by_genre": bar_figure(f1_by_genre(true, predicted), "F1 on test books"),
        "roc": roc_figure(true, found.probabilities, genres),
        "reliability": reliability_figure(
            found.probabilities.max(axis=1), right, found.test["ece"]
        ),
        "learning_curve": learning_figure(
            list(found.curve["rows"]), list(found.curve[metric]), metric
        ),
    }
    for name, figure in figures.items():
        mlflow.log_figure(figure, f"{name}.png")
