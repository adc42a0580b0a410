"""Figures: covers of a training with the titles that match them best, and labels of axes."""

import textwrap

import numpy as np
from matplotlib.figure import Figure

from dustjacket.clip.data import Pairs
from dustjacket.clip.embed import embed_covers, embed_texts
from dustjacket.clip.model import Clip
from dustjacket.clip.prompts import fixed_prompts
from dustjacket.pipeline.parameters import ClipParameters

_COVERS, _ACROSS, _BEST = 12, 4, 3


def matches_figure(clip: Clip, pairs: Pairs, parameters: ClipParameters) -> Figure:
    """Return some covers of ``pairs`` with the titles that match them best, the own one bold."""
    shown = np.arange(min(_COVERS, len(pairs)))
    genre, sure = parameters.include_genre, parameters.min_confidence
    titles = embed_texts(clip, fixed_prompts(pairs.books, genre=genre, min_confidence=sure))
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


def axis_label(text: str, max_length: int = 28) -> str:
    """Shorten a text for a figure, and escape dollar signs, which matplotlib reads as maths."""
    short = text if len(text) <= max_length else text[: max_length - 1] + "…"
    return short.replace("$", r"\$")
