"""Figures of a classifier and of what it predicts."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from sklearn.calibration import calibration_curve
from sklearn.metrics import auc, roc_curve

_BINS = 15


def confusion_figure(genres: Sequence[str], counts: np.ndarray) -> Figure:
    """Return a matrix of which genre (row) was taken for which (column), as shares of the row."""
    side = max(5.0, 0.32 * len(genres) + 2.5)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    places = range(len(genres))
    axes.set_xticks(places, genres, rotation=90, fontsize=8)
    axes.set_yticks(places, genres, fontsize=8)
    axes.set(xlabel="predicted", ylabel="true", title=f"{counts.sum():,} test books")
    for row, column in zip(*np.nonzero(counts), strict=True):
        colour = "white" if shares[row, column] > 0.5 else "black"
        count = counts[row, column]
        axes.text(column, row, count, ha="center", va="center", fontsize=6, color=colour)
    return figure


def bar_figure(values: Mapping[str, float], what: str) -> Figure:
    """Return a bar a genre, the longest on top."""
    genres = sorted(values, key=values.__getitem__)
    figure = Figure(figsize=(7, 0.26 * len(genres) + 1.2), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(genres, [values[genre] for genre in genres])
    axes.bar_label(bars, fmt="{:.3g}", padding=2, fontsize=8)
    axes.set(xlabel=what)
    axes.margins(x=0.12)
    return figure


def roc_figure(true: Sequence[str], probabilities: np.ndarray, genres: Sequence[str]) -> Figure:
    """Return each genre's curve against the rest, and bold the mean of them all.

    The legend names the mean, the three genres of most area and the three of least. A genre that
    all books are of, or none, has no curve.

    Args:
        true: n genres.
        probabilities: (n, genres).
        genres: in the order of the probabilities.
    """
    figure = Figure(figsize=(7, 7), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    curves = {}
    for at, genre in enumerate(genres):
        is_true = np.array(true) == genre
        if is_true.any() and not is_true.all():
            curves[genre] = roc_curve(is_true, probabilities[:, at])[:2]
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
    """Return how many predictions of a confidence are right, and below how many there are.

    Args:
        confidence: (n,) the probability of each predicted genre.
        right: (n,) whether it is the true one.
        ece: the expected calibration error, for the title.
    """
    confidence = np.clip(confidence, 0, 1)  # sums of floats go a little over
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


def learning_figure(rows: Sequence[int], values: Sequence[float], metric: str) -> Figure:
    """Return ``metric`` on held-out books by how many ``rows`` were learnt of."""
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
        paper: what the paper reports, by candidate; one that is not in ``names`` is put below.
        metric: what is measured.
    """
    place = {name: at for at, name in enumerate(dict.fromkeys([*names, *paper]))}
    figure = Figure(figsize=(7, 0.35 * len(place) + 1.5), layout="constrained")
    axes = figure.subplots()
    ours = [place[name] for name in names]
    axes.errorbar(means, ours, xerr=stds, fmt="o", capsize=3, label="here")
    if paper:
        theirs = [place[name] for name in paper]
        axes.plot(list(paper.values()), theirs, "D", color="black", fillstyle="none", label="paper")
    axes.set_yticks(list(place.values()), list(place))
    axes.set_ylim(len(place) - 0.5, -0.5)  # the first on top
    axes.set(xlabel=f"{metric}, mean and standard deviation over folds")
    axes.grid(axis="x", alpha=0.3)
    axes.legend()
    return figure
