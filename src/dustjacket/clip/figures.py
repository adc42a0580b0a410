"""Figures: covers of a training with the titles that match them best, and labels of axes."""

import textwrap

import numpy as np
from matplotlib.figure import Figure

from dustjacket.clip.data import Pairs
from dustjacket.clip.embed import embed_covers, embed_texts
from dustjacket.clip.model import Clip
from dustjacket.clip.prompts import query_prompts

_MAX_COVERS, _COLUMNS, _TITLES = 12, 4, 3


def matches_figure(clip: Clip, pairs: Pairs) -> Figure:
    """Draw the first covers of ``pairs``, each with the titles that match it best.

    The cover's own title is bold.
    """
    covers = np.arange(min(_MAX_COVERS, len(pairs)))
    prompts = query_prompts(pairs.books)
    images = pairs.images[covers]
    cosines = embed_covers(clip, images) @ embed_texts(clip, prompts).T
    rows = -(-len(covers) // _COLUMNS)
    figure = Figure(figsize=(2.6 * _COLUMNS, 3.6 * rows), layout="constrained")
    grid = figure.subplots(rows, _COLUMNS, squeeze=False).flatten()
    for axes in grid:
        axes.axis("off")
    for axes, cover in zip(grid, covers, strict=False):
        axes.imshow(images[cover].permute(1, 2, 0).numpy())
        best = np.argsort(-cosines[cover], kind="stable")[:_TITLES]
        for line, row in enumerate(best):
            title = textwrap.shorten(str(pairs.books["title"].iloc[row]), 34, placeholder="…")
            axes.text(
                0, -0.04 - 0.08 * line, f"{cosines[cover][row]:.2f} {title}", fontsize=7, va="top",
                transform=axes.transAxes, weight="bold" if row == cover else "normal",
            )  # fmt: skip
    return figure


def axis_label(text: str, max_length: int = 28) -> str:
    """Shorten a text for a figure, and escape dollar signs, which matplotlib reads as maths."""
    short = text if len(text) <= max_length else text[: max_length - 1] + "…"
    return short.replace("$", r"\$")
