"""Figures of a classifier and of what it predicts."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure


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
