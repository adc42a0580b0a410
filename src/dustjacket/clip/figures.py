"""Figures of an evaluation: recalls beside chance, and what was found for some titles."""

import textwrap
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from dustjacket.clip.data import Pairs
from dustjacket.clip.embed import embed_covers, embed_texts
from dustjacket.clip.metrics import RECALLS, chance
from dustjacket.clip.model import Clip
from dustjacket.clip.prompts import fixed_prompts

_TITLES, _FOUND = 6, 5
_COVERS, _ACROSS, _BEST = 12, 4, 3


def recall_figure(found: dict[str, Any], gallery: int) -> Figure:
    """Return title-to-cover recall@k of each model as lines, chance among them.

    Args:
        found: metrics by model's name, then direction.
        gallery: how many covers were searched.
    """
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    lines = {name: metrics["title_to_cover"] for name, metrics in found.items()}
    for name, metrics in {**lines, "chance": chance(gallery)}.items():
        style = ":" if name == "chance" else "-"
        recalls = [metrics[f"recall_at_{k}"] for k in RECALLS]
        axes.plot(RECALLS, recalls, style, marker="o", label=name.replace("_", " "))
    axes.set(
        xlabel="k", ylabel="recall@k, title to cover", ylim=(0, 1), xticks=RECALLS,
        title=f"{gallery} held-out covers",
    )  # fmt: skip
    axes.legend()
    return figure


def matches_figure(clip: Clip, pairs: Pairs, *, genre: bool) -> Figure:
    """Return some covers of ``pairs`` with the titles that match them best, the own one bold."""
    shown = np.arange(min(_COVERS, len(pairs)))
    titles = embed_texts(clip, fixed_prompts(pairs.books, genre=genre))
    images = pairs.images[shown]
    scores = embed_covers(clip, images) @ titles.T
    figure = Figure(figsize=(2.6 * _ACROSS, 3.6 * -(-len(shown) // _ACROSS)), layout="constrained")
    grid = figure.subplots(-(-len(shown) // _ACROSS), _ACROSS, squeeze=False).flatten()
    for axes in grid:
        axes.axis("off")
    for axes, row in zip(grid, shown, strict=False):
        axes.imshow(images[row].permute(1, 2, 0).numpy())
        for place, at in enumerate(np.argsort(-scores[row], kind="stable")[:_BEST]):
            text = textwrap.shorten(str(pairs.books["title"].iloc[at]), 34, placeholder="…")
            axes.text(
                0, -0.04 - 0.08 * place, f"{scores[row][at]:.2f} {text}", fontsize=7, va="top",
                transform=axes.transAxes, weight="bold" if at == row else "normal",
            )  # fmt: skip
    return figure


def retrieval_figure(clip: Clip, pairs: Pairs, *, genre: bool) -> Figure:
    """Return, for some titles, their own cover and the best-matching ones of all ``pairs``."""
    covers = embed_covers(clip, pairs.images)
    shown = pairs.books.head(_TITLES)
    titles = embed_texts(clip, fixed_prompts(shown, genre=genre))
    figure = Figure(figsize=(2 * (_FOUND + 1), 2.3 * len(shown)), layout="constrained")
    grid = figure.subplots(len(shown), _FOUND + 1, squeeze=False)
    for row, title in enumerate(shown["title"]):
        best = np.argsort(-(covers @ titles[row]), kind="stable")[:_FOUND]
        for axes, at in zip(grid[row], [row, *best], strict=False):
            axes.imshow(pairs.images[np.array([at])][0].permute(1, 2, 0).numpy())
            axes.set_title("own" if at == row else "", fontsize=8, color="green")
        for axes in grid[row]:
            axes.axis("off")
        grid[row][0].set_title(textwrap.shorten(str(title), 40), fontsize=8)
    return figure
