"""Figures of an evaluation, in colours that are visible on light and on dark backgrounds."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from dustjacket.clip.figures import axis_label
from dustjacket.evaluation.ablation import AblationRow
from dustjacket.evaluation.page import data_uri
from dustjacket.metrics.retrieval import RECALLS
from dustjacket.promotion.gate import GenreRow

_GREY = "#80868f"
_COLOURS = ("#e08a1e", "#3f7fd0", "#2f9e63", "#b455b8", "#c94f4f")
_SIZE = (5.6, 3.8)
_MIN_TSNE, _MAX_MAPPED = 50, 1000
_COLOURED_GENRES = 12
_THUMBNAIL = (80, 120)  # pixels


def _axes(size: tuple[float, float] = _SIZE) -> tuple[Figure, Axes]:
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    for spine in axes.spines.values():
        spine.set_color(_GREY)
    axes.tick_params(colors=_GREY)
    axes.xaxis.label.set_color(_GREY)
    axes.yaxis.label.set_color(_GREY)
    axes.grid(color=_GREY, alpha=0.25)
    return figure, axes


def _legend(axes: Axes) -> None:
    axes.legend(labelcolor=_GREY, framealpha=0, fontsize=8)


def recall_figure(models: Mapping[str, Mapping[str, Any]], chance: Mapping[str, float]) -> Figure:
    """Plot title-to-cover recall@k of each model with its 95 % interval, and chance.

    Args:
        models: metrics of ``RetrievalResults`` by model.
        chance: metrics of random ranking.
    """
    figure, axes = _axes()
    names = [f"recall_at_{k}" for k in RECALLS]
    positions = np.arange(len(RECALLS))
    for number, (model, metrics) in enumerate(models.items()):
        values = np.array([metrics["title_to_cover"][name] for name in names])
        ends = np.array([metrics["intervals"]["title_to_cover"][name] for name in names])
        axes.errorbar(
            positions + 0.08 * (number - 1), values, _error_bars(values, ends), marker="o",
            capsize=3, color=_COLOURS[number % len(_COLOURS)], label=model,
        )  # fmt: skip
    axes.plot(positions, [chance[name] for name in names], ":", color=_GREY, label="chance")
    axes.set_xticks(positions, list(map(str, RECALLS)))
    axes.set(xlabel="k", ylabel="recall@k, title to cover", ylim=(0, 1))
    _legend(axes)
    return figure


def _error_bars(values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return (2, n) distances from each value to the ends of its interval."""
    return np.asarray(np.maximum(np.stack([values - ends[:, 0], ends[:, 1] - values]), 0))


def ablation_figure(rows: Sequence[AblationRow], chance: float) -> Figure:
    """Plot recall@10 of each model and kind of prompt with its 95 % interval."""
    labels = list(dict.fromkeys(_label(row) for row in rows))
    figure, axes = _axes((5.6, 0.42 * len(labels) + 1.6))
    models = list(dict.fromkeys(row.model for row in rows))
    for number, model in enumerate(models):
        own = [row for row in rows if row.model == model]
        values = np.array([row.recall_at_10 for row in own])
        ends = np.array([(row.low, row.high) for row in own])
        offset = 0.16 * (number - (len(models) - 1) / 2)
        positions = [labels.index(_label(row)) + offset for row in own]
        axes.errorbar(
            values, positions, xerr=_error_bars(values, ends), fmt="o", capsize=3,
            color=_COLOURS[number % len(_COLOURS)], label=model.replace("_", " "),
        )  # fmt: skip
    axes.axvline(chance, linestyle=":", color=_GREY, label="chance")
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set(xlabel="recall@10, title to cover", xlim=(0, 1))
    _legend(axes)
    return figure


def _label(row: AblationRow) -> str:
    return f"{row.parts} ({row.genre})" if row.genre else row.parts


def genre_figure(by_genre: Mapping[str, GenreRow]) -> Figure:
    """Plot recall@10 of champion and candidate by genre, the genre with most covers on top.

    Args:
        by_genre: the gate's figures by genre.
    """
    names = sorted(by_genre, key=lambda genre: (-by_genre[genre][2], genre))
    figure, axes = _axes((5.6, 0.34 * len(names) + 1.3))
    positions = np.arange(len(names))
    for number, model in enumerate(("champion", "candidate")):
        values = [by_genre[genre][number] for genre in names]
        positions_of_model = positions + 0.38 * number - 0.19
        axes.barh(positions_of_model, values, 0.36, color=_COLOURS[1 + number], label=model)
    axes.set_yticks(
        positions, [f"{axis_label(genre)} ({by_genre[genre][2]})" for genre in names], fontsize=8
    )
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
    axes.set(xlabel="recall@10, title to cover", xlim=(0, 1))
    _legend(axes)
    return figure


def map_figure(covers: np.ndarray, genres: Sequence[str], seed: int) -> Figure:
    """Plot covers in two dimensions, so that covers with similar embeddings are close.

    Args:
        covers: (n, d) embeddings, n at least 2; at most 1,000 of them are shown.
        genres: n names; the most frequent ones get a colour of their own.
    """
    shown = np.linspace(0, len(covers) - 1, min(len(covers), _MAX_MAPPED)).astype(int)
    points, names = project(covers[shown], seed), np.array(genres, object)[shown]
    figure, axes = _axes((5.6, 5.6))
    values, counts = np.unique(names.astype(str), return_counts=True)
    order = values[np.argsort(-counts, kind="stable")]
    for number, genre in enumerate(order[:_COLOURED_GENRES]):
        own = names == genre
        axes.scatter(
            points[own, 0],
            points[own, 1],
            s=16,
            color=colormaps["tab20"](number),
            label=axis_label(genre),
        )
    rest = ~np.isin(names.astype(str), order[:_COLOURED_GENRES])
    if rest.any():
        axes.scatter(points[rest, 0], points[rest, 1], s=12, color=_GREY, alpha=0.5, label="others")
    axes.set(xticks=(), yticks=())
    axes.legend(labelcolor=_GREY, framealpha=0, fontsize=7, loc="upper left", bbox_to_anchor=(0, 0),
                ncols=3)  # fmt: skip
    return figure


def project(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Project (n, d) vectors to (n, 2): by t-SNE, or by PCA if there are fewer than 50."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if len(vectors) >= _MIN_TSNE:
        perplexity = min(30, len(vectors) // 4)
        points = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(vectors)
    else:
        components = PCA(min(2, *vectors.shape), random_state=seed).fit_transform(vectors)
        points = np.pad(components, ((0, 0), (0, 2 - components.shape[1])))
    return np.asarray(points)


def thumbnail_uri(image: torch.Tensor) -> str:
    """Return a cover of (3, side, side) 8-bit RGB as a ``data:`` URI, in the shape of a book."""
    picture = Image.fromarray(image.permute(1, 2, 0).numpy())
    body = io.BytesIO()
    picture.resize(_THUMBNAIL, Image.Resampling.BICUBIC).save(body, "JPEG", quality=80)
    return data_uri(body.getvalue(), "jpeg")
