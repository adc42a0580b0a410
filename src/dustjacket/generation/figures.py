"""Figures for MLflow: what a generator draws for titles that it was not trained on."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dustjacket.clip.figures import axis_label
from dustjacket.generation.generator import Generator, Request

_TITLES, _SEEDS = 8, 2


def drawn_figure(generator: Generator, books: pd.DataFrame, art: np.ndarray) -> Figure:
    """Draw a row of real art, and a row of drawn art for each of some seeds.

    Args:
        books: rows of title, author and genre; the first are drawn.
        art: their (n, height, width, 3) textless art.
    """
    some = books.head(_TITLES)
    requests = [
        [
            Request(book.title, book.author or "", genre=book.genre, seed=seed)
            for book in some.itertuples()
        ]
        for seed in range(_SEEDS)
    ]
    rows = [art[: len(some)], *(generator.draw(each) for each in requests)]
    figure = Figure(figsize=(1.5 * len(some), 2.5 * len(rows)), layout="constrained")
    grid = figure.subplots(len(rows), len(some), squeeze=False)
    for axes, picture in zip(grid.flatten(), (one for row in rows for one in row), strict=True):
        axes.imshow(picture)
        axes.set_axis_off()
    for axes, title in zip(grid[0], some["title"], strict=True):
        axes.set_title(axis_label(title), fontsize=6)
    return figure
