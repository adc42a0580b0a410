"""Figures of an evaluation, in colours that are seen on light and on dark."""

import base64
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
from dustjacket.evaluation.ablation import Row
from dustjacket.metrics.retrieval import RECALLS

_GREY = "#80868f"
_COLOURS = ("#e08a1e", "#3f7fd0", "#2f9e63", "#b455b8", "#c94f4f")
_SIZE = (5.6, 3.8)
_ENOUGH_FOR_TSNE, _MOST_MAPPED = 50, 1000
_NAMED_GENRES = 12
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
    """Return title-to-cover recall@k of each model with its 95 % interval, and chance.

    Args:
        models: figures by model's name, as of ``Retrieved``.
        chance: recalls of a model that knows nothing.
    """
    figure, axes = _axes()
    names = [f"recall_at_{k}" for k in RECALLS]
    places = np.arange(len(RECALLS))
    for at, (model, found) in enumerate(models.items()):
        values = np.array([found["title_to_cover"][name] for name in names])
        ends = np.array([found["intervals"]["title_to_cover"][name] for name in names])
        axes.errorbar(
            places + 0.08 * (at - 1), values, _reach(values, ends), marker="o", capsize=3,
            color=_COLOURS[at % len(_COLOURS)], label=model,
        )  # fmt: skip
    axes.plot(places, [chance[name] for name in names], ":", color=_GREY, label="chance")
    axes.set_xticks(places, list(map(str, RECALLS)))
    axes.set(xlabel="k", ylabel="recall@k, title to cover", ylim=(0, 1))
    _legend(axes)
    return figure


def _reach(values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return (2, n) how far each interval's ends are from its value."""
    return np.asarray(np.maximum(np.stack([values - ends[:, 0], ends[:, 1] - values]), 0))


def ablation_figure(rows: Sequence[Row], chance: float) -> Figure:
    """Return recall@10 of each model and make of prompt with its 95 % interval."""
    labels = list(dict.fromkeys(_label(row) for row in rows))
    figure, axes = _axes((5.6, 0.42 * len(labels) + 1.6))
    models = list(dict.fromkeys(row.model for row in rows))
    for at, model in enumerate(models):
        own = [row for row in rows if row.model == model]
        values = np.array([row.recall_at_10 for row in own])
        ends = np.array([(row.low, row.high) for row in own])
        places = [labels.index(_label(row)) + 0.16 * (at - (len(models) - 1) / 2) for row in own]
        axes.errorbar(
            values, places, xerr=_reach(values, ends), fmt="o", capsize=3,
            color=_COLOURS[at % len(_COLOURS)], label=model.replace("_", " "),
        )  # fmt: skip
    axes.axvline(chance, linestyle=":", color=_GREY, label="chance")
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set(xlabel="recall@10, title to cover", xlim=(0, 1))
    _legend(axes)
    return figure


def _label(row: Row) -> str:
    return f"{row.parts} ({row.genre})" if row.genre else row.parts


def genre_figure(by_genre: Mapping[str, tuple[float, float, int]]) -> Figure:
    """Return recall@10 of champion and candidate for each genre, that of most covers on top."""
    names = sorted(by_genre, key=lambda genre: (-by_genre[genre][2], genre))
    figure, axes = _axes((5.6, 0.34 * len(names) + 1.3))
    places = np.arange(len(names))
    for at, model in enumerate(("champion", "candidate")):
        values = [by_genre[genre][at] for genre in names]
        axes.barh(places + 0.38 * at - 0.19, values, 0.36, color=_COLOURS[1 + at], label=model)
    axes.set_yticks(
        places, [f"{axis_label(genre)} ({by_genre[genre][2]})" for genre in names], fontsize=8
    )
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
    axes.set(xlabel="recall@10, title to cover", xlim=(0, 1))
    _legend(axes)
    return figure


def map_figure(covers: np.ndarray, genres: Sequence[str], seed: int) -> Figure:
    """Return covers on a plane on which those near each other look alike to the model.

    Args:
        covers: (n, d) embeddings, n of at least 2; of many, some are shown.
        genres: n names; the most frequent have a colour of their own.
    """
    some = np.linspace(0, len(covers) - 1, min(len(covers), _MOST_MAPPED)).astype(int)
    points, names = plane(covers[some], seed), np.array(genres, object)[some]
    figure, axes = _axes((5.6, 5.6))
    values, counts = np.unique(names.astype(str), return_counts=True)
    order = values[np.argsort(-counts, kind="stable")]
    for at, genre in enumerate(order[:_NAMED_GENRES]):
        own = names == genre
        axes.scatter(
            points[own, 0],
            points[own, 1],
            s=16,
            color=colormaps["tab20"](at),
            label=axis_label(genre),
        )
    rest = ~np.isin(names.astype(str), order[:_NAMED_GENRES])
    if rest.any():
        axes.scatter(points[rest, 0], points[rest, 1], s=12, color=_GREY, alpha=0.5, label="others")
    axes.set(xticks=(), yticks=())
    axes.legend(labelcolor=_GREY, framealpha=0, fontsize=7, loc="upper left", bbox_to_anchor=(0, 0),
                ncols=3)  # fmt: skip
    return figure


def plane(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Return (n, 2): by t-SNE where there are enough, or else the first principal components."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if len(vectors) >= _ENOUGH_FOR_TSNE:
        perplexity = min(30, len(vectors) // 4)
        found = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(vectors)
    else:
        flat = PCA(min(2, *vectors.shape), random_state=seed).fit_transform(vectors)
        found = np.pad(flat, ((0, 0), (0, 2 - flat.shape[1])))
    return np.asarray(found)


def figure_uri(figure: Figure) -> str:
    """Return a figure as a ``data:`` address of a PNG without a background."""
    body = io.BytesIO()
    figure.savefig(body, format="png", dpi=130, transparent=True)
    return _uri(body.getvalue(), "png")


def thumbnail_uri(image: torch.Tensor) -> str:
    """Return a cover of (3, side, side) 8-bit RGB as a ``data:`` address, of a book's shape."""
    picture = Image.fromarray(image.permute(1, 2, 0).numpy())
    body = io.BytesIO()
    picture.resize(_THUMBNAIL, Image.Resampling.BICUBIC).save(body, "JPEG", quality=80)
    return _uri(body.getvalue(), "jpeg")


def _uri(body: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(body).decode()}"
