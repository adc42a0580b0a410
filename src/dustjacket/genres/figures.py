"""Figures of a classifier and of its predictions."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.calibration import calibration_curve
from sklearn.metrics import auc, roc_curve

from dustjacket.metrics.estimated import Accuracy

_BINS = 15
OTHER_BOOKS = "paper, on other books: not comparable"


def confusion_figure(genres: Sequence[str], counts: np.ndarray) -> Figure:
    """Return a confusion matrix: true genres in rows, predicted in columns, shaded by row share."""
    side = max(5.0, 0.32 * len(genres) + 2.5)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    ticks = range(len(genres))
    axes.set_xticks(ticks, genres, rotation=90, fontsize=8)
    axes.set_yticks(ticks, genres, fontsize=8)
    axes.set(xlabel="predicted", ylabel="true", title=f"{counts.sum():,} test books")
    for row, column in zip(*np.nonzero(counts), strict=True):
        colour = "white" if shares[row, column] > 0.5 else "black"
        count = counts[row, column]
        axes.text(column, row, count, ha="center", va="center", fontsize=6, color=colour)
    return figure


def bar_figure(values: Mapping[str, float], xlabel: str) -> Figure:
    """Return one bar for each genre, the longest on top."""
    genres = sorted(values, key=values.__getitem__)
    figure = Figure(figsize=(7, 0.26 * len(genres) + 1.2), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(genres, [values[genre] for genre in genres])
    axes.bar_label(bars, fmt="{:.3g}", padding=2, fontsize=8)
    axes.set(xlabel=xlabel)
    axes.margins(x=0.12)
    return figure


def roc_figure(true: Sequence[str], probabilities: np.ndarray, genres: Sequence[str]) -> Figure:
    """Return each genre's one-vs-rest ROC curve, and their mean in bold (Fawcett 2006).

    The legend names the mean, and the three genres with the largest and the three with the smallest
    area. A genre of all books, or of none, has no curve.

    Args:
        true: n genres.
        probabilities: (n, genres).
        genres: in the order of the probabilities.
    """
    figure = Figure(figsize=(7, 7), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    curves = {}
    for column, genre in enumerate(genres):
        is_true = np.array(true) == genre
        if is_true.any() and not is_true.all():
            curves[genre] = roc_curve(is_true, probabilities[:, column])[:2]
    areas = {genre: float(auc(*curve)) for genre, curve in curves.items()}
    ranked = sorted(areas, key=areas.__getitem__, reverse=True)
    named = dict.fromkeys([*ranked[:3], *ranked[-3:]])
    lines = {
        genre: axes.plot(
            *curves[genre],
            linewidth=0.8,
            color=None if genre in named else "lightgrey",
            zorder=2 if genre in named else 1,
            label=f"{genre} {areas[genre]:.3f}",
        )[0]
        for genre in ranked
    }
    if curves:
        rate = np.linspace(0, 1, 1001)
        mean = np.mean([np.interp(rate, *curve) for curve in curves.values()], axis=0)
        area = np.mean(list(areas.values()))
        (bold,) = axes.plot(
            [0, *rate], [0, *mean], color="black", linewidth=2.5, label=f"macro-average {area:.3f}"
        )
        handles = [bold, *(lines[genre] for genre in named)]
        axes.legend(handles=handles, title="area under the curve", loc="lower right")
    axes.set(xlabel="false positive rate", ylabel="true positive rate", aspect="equal")
    return figure


def reliability_figure(confidence: np.ndarray, right: np.ndarray, ece: float) -> Figure:
    """Return a reliability diagram, and below it a histogram of the confidence (Guo et al. 2017).

    Args:
        confidence: (n,) the probability of each predicted genre.
        right: (n,) whether the prediction is right.
        ece: the expected calibration error, for the title.
    """
    confidence = np.clip(confidence, 0, 1)  # rounding can exceed 1
    figure = Figure(figsize=(6, 7), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    above.plot([0, 1], [0, 1], color="grey", linestyle=":", label="calibrated")
    accuracy, mean_confidence = calibration_curve(right, confidence, n_bins=_BINS)
    above.plot(mean_confidence, accuracy, marker="o", label="classifier")
    above.set(ylabel="accuracy", title=f"expected calibration error {ece:.3f}")
    above.legend()
    below.hist(confidence, bins=_BINS, range=(0, 1))
    below.set(xlabel="confidence", ylabel="books")
    return figure


def coverage_figure(curve: pd.DataFrame) -> Figure:
    """Return the accuracy of the most confident books by their share of all books.

    Args:
        curve: of :func:`dustjacket.genres.abstention.coverage_curve`.
    """
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot(curve["coverage"], curve["accuracy"], marker="o")
    axes.set(
        xlabel="coverage: share of test books, the most confident first", ylabel="accuracy",
        xlim=(0, 1.02), ylim=(0, 1.02),
    )  # fmt: skip
    axes.grid(alpha=0.3)
    return figure


def learning_figure(rows: Sequence[int], values: Sequence[float], metric: str) -> Figure:
    """Return a learning curve: ``metric`` on held-out books by the number of training books."""
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot(rows, values, marker="o")
    axes.set(xscale="log", xlabel="training books", ylabel=f"{metric} on held-out books")
    axes.minorticks_off()
    axes.set_xticks(rows, [f"{count:,}" for count in rows])
    return figure


def candidates_figure(
    names: Sequence[str],
    means: Sequence[float],
    stds: Sequence[float],
    paper: Mapping[str, float],
    metric: str = "score",
) -> Figure:
    """Return each candidate's mean and standard deviation over folds, and the paper's figures.

    Args:
        names: candidates, from the top.
        means: of each candidate, ``metric`` over folds.
        stds: of each candidate.
        paper: the paper's figure of each candidate; those not in ``names`` are added below.
        metric: the name for the axis.
    """
    row = {name: index for index, name in enumerate(dict.fromkeys([*names, *paper]))}
    figure = Figure(figsize=(7, 0.35 * len(row) + 1.5), layout="constrained")
    axes = figure.subplots()
    ours = [row[name] for name in names]
    axes.errorbar(means, ours, xerr=stds, fmt="o", capsize=3, label="here")
    if paper:
        theirs = [row[name] for name in paper]
        figures = list(paper.values())
        axes.plot(figures, theirs, "D", color="black", fillstyle="none", label=OTHER_BOOKS)
    axes.set_yticks(list(row.values()), list(row))
    axes.set_ylim(len(row) - 0.5, -0.5)  # the first on top
    axes.set(
        title="Candidates, cross-validated",
        xlabel=f"{metric}, mean and standard deviation over folds",
    )
    axes.grid(axis="x", alpha=0.3)
    axes.legend()
    return figure


def candidates_by_genre_figure(f1: pd.DataFrame) -> Figure:
    """Return a heat map of each candidate's out-of-fold F1 by genre.

    Args:
        f1: genres in rows, candidates in columns; in each row the best one is in bold.
    """
    figure = Figure(figsize=(0.9 * len(f1.columns) + 3, 0.32 * len(f1) + 2), layout="constrained")
    axes = figure.subplots()
    axes.imshow(f1, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(f1.columns)), f1.columns, rotation=30, ha="right", fontsize=8)
    axes.set_yticks(range(len(f1)), f1.index, fontsize=8)
    axes.set(title="F1 by genre, out of fold")
    for row, values in enumerate(f1.to_numpy()):
        for column, value in enumerate(values):
            axes.text(
                column, row, f"{value:.2f}", ha="center", va="center", fontsize=7,
                color="white" if value > 0.5 else "black",
                fontweight="bold" if value == values.max() else "normal",
            )  # fmt: skip
    return figure


def accuracy_figure(series: Sequence[tuple[str, Mapping[str, Accuracy]]]) -> Figure:
    """Return estimated and realised accuracy of labels, with 95 % intervals, by version.

    Args:
        series: versions, oldest first, with the accuracies of each.
    """
    figure = Figure(figsize=(7, 3.5), layout="constrained")
    axes = figure.subplots()
    shown = (("estimated", "estimated from probabilities"), ("realised", "realised on categories"))
    for shift, (name, label) in enumerate(shown):
        places = [place for place, (_, found) in enumerate(series) if name in found]
        found = [series[place][1][name] for place in places]
        values = np.array([each.value for each in found])
        bounds = np.array([each.interval for each in found]).reshape(-1, 2)
        errors = np.abs(bounds - values[:, None]).T
        at = np.array(places) + 0.1 * shift
        axes.errorbar(at, values, yerr=errors, fmt="o-", capsize=3, label=label)
    days = [f"{version[6:8]}.{version[4:6]}." for version, _ in series]
    axes.set_xticks(range(len(series)), days, rotation=90 if len(days) > 12 else 0)
    axes.set(xlabel="version of labelled covers", ylabel="share of right labels", ylim=(0, 1))
    axes.legend()
    return figure
