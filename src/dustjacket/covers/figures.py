"""A figure of stored covers."""

import io
import textwrap

from matplotlib.figure import Figure
from PIL import Image

_COLUMNS = 8


def contact_sheet(covers: list[tuple[str, bytes]]) -> Figure:
    """Return a grid of covers with their titles, given as ``(title, image file)``."""
    rows = -(-len(covers) // _COLUMNS)
    figure = Figure(figsize=(1.6 * _COLUMNS, 2.6 * rows), layout="constrained")
    grid = figure.subplots(rows, _COLUMNS, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, (title, body) in zip(grid.flat, covers, strict=False):
        with Image.open(io.BytesIO(body)) as image:
            axes.imshow(image)
        axes.set_title("\n".join(textwrap.wrap(title, 22)[:2]), fontsize=7)
    return figure
